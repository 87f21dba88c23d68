"""What systems cost, measured alternately on the same images: parameters, operations, times."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch import nn
from tqdm import tqdm

from mmhps.apis.trained_models import load_model
from mmhps.datasets.samplers import set_seed
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.models import resolve_classes
from mmhps.studies.complexity import count, image_shape
from mmhps.studies.systems import method_name
from mmhps.studies.timing import elapsed_ms


@dataclass(frozen=True)
class System:
    """A trained network, and the images that it is measured on.

    Attributes:
        cfg: Its config.
        model: The network.
        training: Some batches of its training data.
        testing: Some images of its test data, each a batch.
    """

    cfg: Config
    model: nn.Module
    training: list[dict]
    testing: list[dict]

    @classmethod
    def of(cls, cfg: Config, checkpoint: str, batches: int) -> System:
        """Load a network and read its images."""
        resolve_classes(cfg)
        model = load_model(cfg.model, load_checkpoint(checkpoint), checkpoint)
        train, test = (
            DATASETS.build(loader.dataset) for loader in (cfg.train_dataloader, cfg.test_dataloader)
        )
        size = cfg.train_dataloader.batch_size
        set_seed([0])
        training = [
            pseudo_collate([train[first * size + i] for i in range(size)])
            for first in range(batches)
        ]
        testing = [pseudo_collate([test[i]]) for i in range(batches)]
        return cls(cfg, model, training, testing)


def measure_costs(
    systems: Sequence[tuple[Config, str]], repeats: int = 5, batches: int = 3
) -> dict[str, dict[str, float]]:
    """Measure systems alternately, so that a busy moment of the machine meets all of them.

    Args:
        systems: Config and checkpoint of each.
        repeats: Timed rounds over the batches; one more before them does not count.
        batches: Batches for training, and images for testing.

    Raises:
        ValueError: Two systems have the same name.

    Returns:
        By the name of the system, the config's up to the first underscore, ``parameters``
        (millions), ``operations`` (1e9 multiplications with their additions, of an image with as
        many instances as the config allows), and medians in milliseconds: ``step`` of a training
        step without the optimizer, ``prediction`` of an image, ``fusion`` of that from instances
        and logits to the map.
    """
    names = [method_name(Path(cfg.filename)) for cfg, _ in systems]
    if len(set(names)) < len(names):
        raise ValueError(
            f"systems: expected different names, got {', '.join(names)}. Measure systems of the "
            f"same name one after the other."
        )
    init_default_scope("mmdet")
    loaded = [System.of(cfg, checkpoint, batches) for cfg, checkpoint in systems]
    times: list[dict[str, list[float]]] = [dict(step=[], prediction=[], fusion=[]) for _ in loaded]
    rounds = [(turn, batch) for turn in range(repeats + 1) for batch in range(batches)]
    for turn, batch in tqdm(rounds, desc="measuring", leave=False):
        for system, found in zip(loaded, times, strict=True):
            for name, call in _calls(system, batch).items():
                elapsed = elapsed_ms(call)
                if turn:
                    found[name].append(elapsed)
    return {
        name: {
            **_size(system.cfg),
            **{key: round(statistics.median(values), 2) for key, values in found.items()},
        }
        for name, system, found in zip(names, loaded, times, strict=True)
    }


def _size(cfg: Config) -> dict[str, float]:
    operations, parameters = count(cfg.model, image_shape(cfg))["total"]
    return dict(parameters=round(parameters / 1e6, 2), operations=round(operations / 1e9, 2))


def _calls(system: System, batch: int) -> dict[str, Callable[[], Any]]:
    """What is timed of a system, prepared."""
    model = system.model
    train = model.data_preprocessor(copy.deepcopy(system.training[batch]), training=True)
    test = model.eval().data_preprocessor(copy.deepcopy(system.testing[batch]))
    inputs, samples = test["inputs"], test["data_samples"]
    with torch.inference_mode():
        parts = model.predict_parts(inputs, copy.deepcopy(samples))

    def step() -> None:
        set_seed([0, batch])
        model.train().zero_grad()
        losses, _ = model.parse_losses(model.loss(train["inputs"], train["data_samples"]))
        losses.backward()
        model.eval()

    def predict() -> None:
        with torch.inference_mode():
            model.predict(inputs, copy.deepcopy(samples))

    def fuse() -> None:
        with torch.inference_mode():
            head = model.panoptic_fusion_head
            if hasattr(model, "prior"):
                head.predict(*parts, [sample.metainfo for sample in samples], rescale=True)
            else:  # Panoptic FPN's merge is MMDetection's
                head.predict(*parts)

    return dict(step=step, prediction=predict, fusion=fuse)
