"""Ask of a trained HPS whether the panoptic loss pulls where the instance losses pull.

    python tools/analysis_tools/gradient_conflict.py configs/mini/hps-isi_r18_mini.py CHECKPOINT

For each part of the network: the norm of the panoptic loss's gradient over that of the instance
losses (RPN, box and mask), and the cosine of the angle between the two, for several ways to compute
the panoptic loss. A cosine below 0 says that a step for one loss undoes some of the other.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, set_random_seed
from torch import Tensor, nn
from tqdm import tqdm

from mmhps import register_all_modules
from mmhps.apis.trained_models import load_model
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.engine.report import markdown_table

PARTS = {
    "backbone": "backbone.",
    "FPN": "neck.",
    "box classifier": "roi_head.bbox_head.fc_cls.",
    "mask head": "roi_head.mask_head.",
}
VARIANTS: dict[str, dict[str, Any]] = {
    "as configured": {},
    "scaled gradient": {"panoptic_fusion_head.scale_gradient": True},
    "with false detections": {"panoptic_fusion_head.false_detections": True},
    "with false detections, scaled gradient": {
        "panoptic_fusion_head.false_detections": True,
        "panoptic_fusion_head.scale_gradient": True,
    },
    "no gradient through Eq. (1)": {"roi_head.class_gradient": False},
    "without the score": {"panoptic_fusion_head.score_weight": 0.0},
}


def gradients(model: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    """The gradient of a loss for each of ``PARTS``, as one vector."""
    named = [
        (part, weight)
        for name, weight in model.named_parameters()
        for part, prefix in PARTS.items()
        if name.startswith(prefix) and weight.requires_grad
    ]
    found = torch.autograd.grad(
        loss, [weight for _, weight in named], retain_graph=True, allow_unused=True
    )
    parts = defaultdict(list)
    for (part, weight), gradient in zip(named, found, strict=True):
        parts[part].append((torch.zeros_like(weight) if gradient is None else gradient).flatten())
    return {part: torch.cat(vectors) for part, vectors in parts.items()}


def compare(model: nn.Module, batches: Sequence[dict]) -> dict[str, tuple[float, float]]:
    """Ratio of norms and cosine of each part, of the mean gradients over the batches."""
    total: dict[tuple[str, str], Tensor | float] = defaultdict(float)
    for batch in batches:
        set_random_seed(0)  # the same RoIs are sampled for every variant
        losses = model(**model.data_preprocessor(batch, True), mode="loss")
        panoptic = losses.pop("loss_panoptic")
        losses = {name: value for name, value in losses.items() if name != "loss_seg"}
        instance, _ = model.parse_losses(losses)
        for which, loss in (("panoptic", panoptic), ("instance", instance)):
            for part, vector in gradients(model, loss).items():
                total[which, part] += vector
    result = {}
    for part in PARTS:
        ours, theirs = total["panoptic", part], total["instance", part]
        cosine = torch.cosine_similarity(ours, theirs, dim=0)
        result[part] = (float(ours.norm() / theirs.norm()), float(cosine))
    return result


def measure(args: argparse.Namespace) -> dict[str, dict[str, tuple[float, float]]]:
    """The comparison for every variant, on the same batches."""
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmdet"))
    if "DifferentiableFusionHead" not in cfg.model.panoptic_fusion_head.type:
        raise ValueError(f"{args.config}: there is no panoptic loss. Use a config of HPS.")
    checkpoint = load_checkpoint(args.checkpoint)
    set_random_seed(0)
    loader = iter(Runner.build_dataloader(cfg.train_dataloader, seed=0))
    batches = [next(loader) for _ in range(args.batches)]
    results = {}
    for name, changes in tqdm(VARIANTS.items(), desc="variants"):
        config = Config(dict(model=ConfigDict(cfg.model)))
        config.merge_from_dict({f"model.{key}": value for key, value in changes.items()})
        model = load_model(config.model, checkpoint, args.checkpoint).to(args.device).train()
        results[name] = compare(model, batches)
    return results


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config of an HPS model")
    parser.add_argument("checkpoint")
    parser.add_argument("--batches", type=int, default=6, help="training batches to average over")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    args = parser.parse_args(argv)
    if args.batches < 1:
        parser.error(f"--batches must be at least 1, got {args.batches}")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    try:
        results = measure(args)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    rows = [
        [name, *(f"{ratio:.2f}, {cosine:+.2f}" for ratio, cosine in parts.values())]
        for name, parts in results.items()
    ]
    print("norm of the panoptic loss's gradient over that of the instance losses, cosine\n")
    print(markdown_table(["panoptic loss", *PARTS], rows))


if __name__ == "__main__":
    main()
