"""Score trained networks with several fusions, and count what each gets wrong."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner
from torch.utils.data import DataLoader
from tqdm import tqdm

from mmhps.apis.trained_models import load_model
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.metrics.matching import PanopticStats, count_overlaps, match_segments
from mmhps.metrics.quality import panoptic_quality
from mmhps.metrics.thing_errors import ERRORS, SIZES, thing_errors
from mmhps.models import resolve_classes
from mmhps.structures import Segment, predicted_segments
from mmhps.structures.id_formats import read_true_segments
from mmhps.studies.experiment import RESULT

OWN = "as configured"
"""The name of a network's own fusion."""


class FusionScores:
    """Statistics of one fusion over a data set."""

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


def read_network(path: Path, config: str | None) -> tuple[Config, str]:
    """The config and the checkpoint of a trained network.

    Args:
        path: The folder of a finished run of ``table1.py``, or a checkpoint.
        config: Path of the checkpoint's config; not for a run, which stores its own.

    Raises:
        FileNotFoundError: The folder holds no finished run.
        ValueError: A checkpoint comes without a config.
    """
    if path.is_dir():
        stored = path / RESULT
        if not stored.exists():
            raise FileNotFoundError(f"{path}: no {RESULT}. Name the folder of a finished run.")
        run = json.loads(stored.read_text(encoding="utf-8"))
        return Config.fromstring(run["config"], ".py"), str(path / run["checkpoint"])
    if config is None:
        raise ValueError(f"{path} is no folder of a run. Name the checkpoint's config: --config.")
    return Config.fromfile(config), str(path)


def network_and_data(
    cfg: Config, checkpoint: str, device: str
) -> tuple[torch.nn.Module, DataLoader]:
    """A trained network in evaluation mode, and the test data of its config.

    Raises:
        ValueError: The checkpoint does not fit.
        FileNotFoundError: There is no checkpoint.
    """
    resolve_classes(cfg)
    model = load_model(cfg.model, load_checkpoint(checkpoint), checkpoint).to(device)
    return model, Runner.build_dataloader(cfg.test_dataloader)


def as_hps(cfg: Config) -> Config:
    """The config of HPS whose parts are those of a Panoptic FPN; one of HPS as it is.

    Raises:
        ValueError: The model is neither.
    """
    kind = cfg.model.type
    if kind == "PanopticFPN":
        cfg = copy.deepcopy(cfg)
        cfg.model.type, cfg.model.roi_head.type = "HPS", "InstanceRoIHead"
    elif kind != "HPS":
        raise ValueError(f"the model is a {kind}. Name a network of HPS or of Panoptic FPN.")
    return cfg


def fusion_heads(models: Sequence[ConfigDict]) -> list[torch.nn.Module]:
    """The fusion heads of several model configs.

    All have the first one's numbers of classes, and its ``stuff_area_limit``, which depends on the
    size of the images.
    """
    heads = []
    for model in models:
        config = dict(model.panoptic_fusion_head)
        for key in ("num_things_classes", "num_stuff_classes"):
            config[key] = models[0].panoptic_fusion_head[key]
        limit = models[0].test_cfg.panoptic.get("stuff_area_limit", 0)
        options = ConfigDict(model.test_cfg.panoptic, stuff_area_limit=limit)
        heads.append(MODELS.build(dict(config, test_cfg=options)))
    return heads


def refuse_weights(heads: Mapping[str, torch.nn.Module]) -> None:
    """Make sure that no fusion but the first, the network's own, has weights.

    Raises:
        ValueError: One has.
    """
    for name, head in list(heads.items())[1:]:
        if any(True for _ in head.parameters()):
            raise ValueError(
                f"{name}: expected a fusion without weights, got {type(head).__name__}, whose "
                f"weights the checkpoint does not hold. Name its config and its own checkpoint "
                f"first, or leave it out."
            )


@torch.inference_mode()
def score_fusions(
    configs: Mapping[str, Config], checkpoint: str, device: str
) -> dict[str, dict[str, float]]:
    """Score the fusions of several configs on the test data and the network of the first.

    The network runs once over the data.

    Args:
        configs: Configs by the name of their fusion.
        checkpoint: Path of the network's weights.
        device: Where it runs.

    Returns:
        The values of each fusion by its name.

    Raises:
        ValueError: The model is neither HPS nor Panoptic FPN, the checkpoint does not fit, or a
            fusion other than the first one has weights.
        FileNotFoundError: There is no checkpoint.
    """
    cfg = as_hps(next(iter(configs.values())))
    model, loader = network_and_data(cfg, checkpoint, device)
    meta = loader.dataset.metainfo
    heads = [head.to(device).eval() for head in fusion_heads([c.model for c in configs.values()])]
    heads[0].load_state_dict(model.panoptic_fusion_head.state_dict())
    refuse_weights(dict(zip(configs, heads, strict=True)))
    scores = [FusionScores(head, meta) for head in heads]
    for batch in tqdm(loader, desc="predicting", unit="batch"):
        data = model.data_preprocessor(batch, False)
        samples = data["data_samples"]
        metas = [sample.metainfo for sample in samples]
        instances, logits = model.predict_parts(data["inputs"], samples)
        truth = [read_true_segments(m, meta["classes"]) for m in metas]
        for one in scores:
            results = one.head.predict(instances, logits, metas)
            for result, (ids, segments) in zip(results, truth, strict=True):
                one.add(result.sem_seg[0].cpu().numpy(), ids, segments)
    return {name: one.result() for name, one in zip(configs, scores, strict=True)}
