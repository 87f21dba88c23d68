"""Compare the gradients of the panoptic loss with those of the instance losses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from mmengine.config import Config
from mmengine.runner import Runner, set_random_seed
from torch import Tensor, nn
from tqdm import tqdm

from mmhps.apis.trained_models import load_model
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.models import resolve_classes

PARTS = {
    "backbone": "backbone.",
    "FPN": "neck.",
    "box classifier": "roi_head.bbox_head.fc_cls.",
    "mask head": "roi_head.mask_head.",
}
"""The parts of a network that are looked at, and what their weights' names begin with."""

Comparison = dict[str, tuple[float, float]]
"""By part: norm of the panoptic loss's gradient over that of the instance losses, and cosine."""


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


def compare_losses(model: nn.Module, batches: Sequence[dict]) -> Comparison:
    """Compare the mean gradients over the batches.

    Raises:
        ValueError: The model has no panoptic loss.
    """
    total: dict[tuple[str, str], Tensor | float] = defaultdict(float)
    for batch in batches:
        set_random_seed(0)  # the same RoIs are sampled for every model
        losses = model(**model.data_preprocessor(batch, True), mode="loss")
        if "loss_panoptic" not in losses:
            raise ValueError("the model has no panoptic loss. Use a config of HPS.")
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


def compare_configs(
    configs: Mapping[str, Config], checkpoint: str, number: int, device: str
) -> dict[str, Comparison]:
    """Compare the losses of several configs, with the same weights and batches.

    Args:
        configs: Configs by name. The training data are those of the first.
        checkpoint: Path of the weights.
        number: Batches to average over.
        device: Where the networks run.

    Returns:
        The comparison of each config by its name.
    """
    weights = load_checkpoint(checkpoint)
    set_random_seed(0)
    loader = iter(Runner.build_dataloader(next(iter(configs.values())).train_dataloader, seed=0))
    batches = [next(loader) for _ in range(number)]
    results = {}
    for name, cfg in tqdm(configs.items(), desc="configs"):
        resolve_classes(cfg)
        model = load_model(cfg.model, weights, checkpoint).to(device).train()
        results[name] = compare_losses(model, batches)
    return results
