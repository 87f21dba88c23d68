"""Test-time augmentation of a config: the views of an image, and the model that averages them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

SCALES = (0.75, 1.0, 1.25)
"""Sizes of the views, as factors of the test pipeline's ``Resize``."""
_LAST = ("PackPanopticInputs", "PackDetInputs")


def add_views(cfg: Config) -> None:
    """Let the test pipeline deliver several views of each image.

    They are those of ``cfg.tta_pipeline``, as in MMDetection's configs. Where there is none, the
    image is seen in :data:`SCALES`, each as it is and mirrored.

    Args:
        cfg: A whole config; changed in place.

    Raises:
        ValueError: The pipeline does not end in a transform that packs.
    """
    for dataset in _datasets(cfg.test_dataloader.dataset):
        if "pipeline" in dataset:
            dataset.pipeline = cfg.get("tta_pipeline") or views_of(dataset.pipeline)


def _datasets(dataset: ConfigDict) -> Iterator[ConfigDict]:
    """A data set's config, and those that it wraps."""
    yield dataset
    inner = dataset.get("datasets", [dataset["dataset"]] if "dataset" in dataset else [])
    for one in inner:
        yield from _datasets(one)


def views_of(pipeline: Sequence[dict], scales: Sequence[float] = SCALES) -> list[dict]:
    """A test pipeline whose ``Resize`` is repeated in several sizes, each mirrored as well."""
    steps = copy.deepcopy(list(pipeline))
    names = [_name(step) for step in steps]
    if not names or names[-1] not in _LAST:
        raise ValueError(
            f"test_dataloader.dataset.pipeline: expected {' or '.join(_LAST)} at its end, got "
            f"{names}. Write the views yourself, as tta_pipeline."
        )
    place = names.index("Resize") if "Resize" in names else len(steps) - 1
    sizes = [_scaled(steps[place], factor) for factor in scales] if "Resize" in names else []
    flips = [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)]
    rest = steps[place + bool(sizes) :]
    views = [*([sizes] if sizes else []), flips, *([step] for step in rest)]
    return [*steps[:place], dict(type="TestTimeAug", transforms=views)]


def _name(step: dict) -> str:
    kind = step["type"]
    return kind.rpartition(".")[2] if isinstance(kind, str) else kind.__name__


def _scaled(resize: dict, factor: float) -> dict:
    """A ``Resize`` by another factor."""
    step = copy.deepcopy(resize)
    for key in ("scale", "scale_factor"):
        value = step.get(key)
        if isinstance(value, int | float):
            step[key] = type(value)(value * factor)
        elif value is not None:
            step[key] = tuple(type(side)(round(side * factor, 6)) for side in value)
    return step


def average_views(runner: Runner, cfg: Config) -> None:
    """Wrap the runner's model into ``cfg.tta_model``, or else into ``PanopticTTAModel``."""
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    settings = dict(cfg.get("tta_model") or dict(type="PanopticTTAModel"))
    runner.model = MODELS.build(dict(settings, module=model))
