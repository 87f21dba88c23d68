"""Score one trained network with several fusions, and say what each gets wrong.

    python tools/analysis_tools/fusion_study.py configs/mini/hps_r18_mini.py CHECKPOINT

The network runs once over the test data; one choice of the fusion at a time is then changed. A
checkpoint of Panoptic FPN fits the config of HPS, as the two have the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from tqdm import tqdm

from mmhps import register_all_modules
from mmhps.apis.trained_models import load_model
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.engine.report import fusions_table
from mmhps.metrics.matching import PanopticStats, count_overlaps, match_segments
from mmhps.metrics.quality import panoptic_quality
from mmhps.metrics.thing_errors import ERRORS, SIZES, thing_errors
from mmhps.structures import Segment, predicted_segments
from mmhps.structures.id_formats import read_true_segments

VARIANTS: dict[str, dict[str, Any]] = {
    "as configured": {},
    "heuristic merge": dict(type="HeuristicMergeHead"),
    "bare stuff logits": dict(stuff_values="logits"),
    "mask logits x 1": dict(mask_scale=1.0),
    "bare stuff logits, mask logits x 1": dict(stuff_values="logits", mask_scale=1.0),
    "without the score": dict(score_weight=0.0),
    "hidden instances stay": dict(test_cfg=dict(mask_overlap=1.0)),
    "unclaimed things become stuff": dict(void_things=False),
    "all of these choices literal": dict(
        stuff_values="logits",
        mask_scale=1.0,
        score_weight=0.0,
        void_things=False,
        test_cfg=dict(mask_overlap=1.0),
    ),
}


class Study:
    """Statistics of one variant over a data set."""

    def __init__(self, head: torch.nn.Module, meta: dict[str, Any]) -> None:
        self.head = head
        self._things = [name in meta["thing_classes"] for name in meta["classes"]]
        self._stats: list[PanopticStats] = []
        self._errors: Counter[str] = Counter()

    def add(self, ids: np.ndarray, gt_ids: np.ndarray, gt_segments: list[Segment]) -> None:
        """Add one image: predicted ids (H, W), true ids and segments."""
        classes = len(self._things)
        segments = predicted_segments(ids, classes, "prediction")
        overlaps = count_overlaps(gt_ids, ids)
        self._stats.append(match_segments(overlaps, gt_segments, segments, classes))
        self._errors += thing_errors(overlaps, gt_segments, segments, sum(self._things), classes)

    def result(self) -> dict[str, float]:
        """PQ in percent, recall of things per size, unmatched things, and where pixels went."""
        total = PanopticStats.total(self._stats, len(self._things))
        quality = panoptic_quality(total, self._things)
        values: dict[str, float] = {"PQ": 100 * quality["All"]["pq"]}
        for key in ("pq", "sq", "rq"):
            values[f"{key.upper()} Th"] = 100 * quality["Things"][key]
        values["PQ St"] = 100 * quality["Stuff"]["pq"]
        count = self._errors
        for size in SIZES:
            number = count[f"found {size}"] + count[f"missed {size}"]
            values[f"{size} found %"] = 100 * count[f"found {size}"] / max(number, 1)
        values |= {error: count[error] for error in ERRORS}
        for kind in ("stuff", "void"):
            pixels = count[f"pixels as {kind}"]
            values[f"as {kind} %"] = 100 * pixels / max(count["thing pixels"], 1)
        return {key: round(value, 2) for key, value in values.items()}


def build_head(model: ConfigDict, variant: dict[str, Any]) -> torch.nn.Module:
    """The fusion head of a model config with some settings changed."""
    config = ConfigDict(model.panoptic_fusion_head, test_cfg=model.test_cfg.panoptic)
    changes = Config(dict(head=config))
    changes.merge_from_dict(dict(head=variant))
    if changes.head.type == "HeuristicMergeHead":
        keep = ("type", "num_things_classes", "num_stuff_classes", "test_cfg")
        return MODELS.build({key: changes.head[key] for key in keep})
    return MODELS.build(changes.head)


@torch.inference_mode()
def study(cfg: Config, checkpoint: str, device: str) -> dict[str, dict[str, float]]:
    """Score every variant; see the module. Returns the values of each by its name."""
    model = load_model(cfg.model, load_checkpoint(checkpoint), checkpoint).to(device)
    if not hasattr(model, "predict_parts"):
        raise ValueError(
            f"the model is a {type(model).__name__}, but its parts are needed. Use a config of HPS "
            "(configs/*/hps_*.py also fits the checkpoints of Panoptic FPN)."
        )
    loader = Runner.build_dataloader(cfg.test_dataloader)
    meta = loader.dataset.metainfo
    studies = {
        name: Study(build_head(cfg.model, variant), meta) for name, variant in VARIANTS.items()
    }
    for batch in tqdm(loader, desc="predicting", unit="batch"):
        data = model.data_preprocessor(batch, False)
        samples = data["data_samples"]
        metas = [sample.metainfo for sample in samples]
        instances, logits = model.predict_parts(data["inputs"], samples)
        truth = [read_true_segments(m, meta["classes"]) for m in metas]
        for one in studies.values():
            for result, (ids, segments) in zip(
                one.head.predict(instances, logits, metas), truth, strict=True
            ):
                one.add(result.sem_seg[0].cpu().numpy(), ids, segments)
    return {name: one.result() for name, one in studies.items()}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config of an HPS model")
    parser.add_argument("checkpoint")
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    try:
        cfg = Config.fromfile(args.config)
        cfg.merge_from_dict(args.cfg_options)
        init_default_scope(cfg.get("default_scope", "mmdet"))
        results = study(cfg, args.checkpoint, args.device)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(fusions_table(results))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
