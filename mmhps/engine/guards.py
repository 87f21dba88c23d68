"""Hooks that stop a run before it goes wrong silently, and hooks that make runs repeatable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn

from mmhps.datasets.samplers import set_seed
from mmhps.datasets.transforms.alignment import check_wrappers
from mmhps.datasets.wrapping import REPEATING, wrappers

LISTED = 3
"""How many names a message lists; the others are counted."""


class FiniteLossHook(Hook):
    """Stops training when a loss is infinite or nan, before a checkpoint is written."""

    priority = "NORMAL"

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Look at the losses of a step.

        Raises:
            ValueError: One is not finite; the message names it and the images of the batch.
        """
        bad = [k for k, v in (outputs or {}).items() if not torch.as_tensor(v).isfinite().all()]
        if bad:
            samples = (data_batch or {}).get("data_samples", [])
            images = [str(s.metainfo.get("img_path", "unnamed image")) for s in samples]
            raise ValueError(
                f"iteration {runner.iter + 1}: not finite: {', '.join(bad)}; images: "
                f"{', '.join(images)}. Lower the learning rate, or look at these images and their "
                f"ground truth."
            )


class RepeatableHook(Hook):
    """Seeds each training step by its number, so that a resumed run draws the same random numbers.

    This covers what the model draws, e.g. the RoIs of a sampler, and the order of the images. Each
    process draws its own numbers.
    """

    priority = "VERY_HIGH"

    def before_train(self, runner: Runner) -> None:
        """Give the sampler the run's seed; a resumed run has that of the checkpoint."""
        sampler = getattr(runner.train_dataloader.batch_sampler, "sampler", None)
        if hasattr(sampler, "seed") and not runner._randomness_cfg.get("diff_rank_seed"):
            sampler.seed = runner.seed

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Seed Python, NumPy and torch."""
        set_seed([runner.seed, get_rank(), runner.iter])


class ClassCheckHook(Hook):
    """Refuses to run a model on data, or from a checkpoint, whose classes are not its own."""

    def before_run(self, runner: Runner) -> None:
        """Compare the data sets of a run with each other and with the model.

        Raises:
            ValueError: The classes differ, images to be scored are repeated, or a transform of a
                wrapper moves the image without its ground truth.
        """
        for name, data in _datasets(runner).items():
            check_wrappers(data)
            repeating = [wrapper for wrapper in wrappers(data) if wrapper in REPEATING]
            if repeating and name != "the training data":
                raise ValueError(
                    f"{name} is wrapped in {repeating[0]}, but each image is scored once. Remove "
                    f"the wrapper from the config."
                )
        metas = _metas(runner)
        check_classes(_class_names(metas), "Correct the metainfo of the data sets.")
        for meta in metas.values():
            check_model_classes(_unwrapped(runner.model), meta)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare a checkpoint with the data and with the model.

        Raises:
            ValueError: Its classes are others; a tensor has another shape; none of its tensors is
                the model's; or, unless training only starts from it, a tensor is missing.
        """
        saved = checkpoint.get("meta", {}).get("dataset_meta") or {}
        check_classes(_class_names({"the checkpoint": saved, **_metas(runner)}), _REMEDY)
        start = isinstance(runner._train_loop, BaseLoop) and not runner._resume
        check_tensors(_unwrapped(runner.model), checkpoint.get("state_dict", checkpoint), not start)


def _unwrapped(model: nn.Module) -> nn.Module:
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def _datasets(runner: Runner) -> dict[str, Any]:
    """The data sets of the loops that this run has built."""
    loops = dict(training=runner._train_loop, validation=runner._val_loop, test=runner._test_loop)
    return {
        f"the {name} data": loop.dataloader.dataset
        for name, loop in loops.items()
        if isinstance(loop, BaseLoop)
    }


def _metas(runner: Runner) -> dict[str, Mapping]:
    """The meta information of these data sets.

    Raises:
        ValueError: That of joined data sets differs; MMDetection makes a list of it.
    """
    found = {name: getattr(data, "metainfo", {}) for name, data in _datasets(runner).items()}
    for name, meta in found.items():
        if isinstance(meta, list):
            parts = {f"part {i} of {name}": part for i, part in enumerate(meta, start=1)}
            check_classes(_class_names(parts), "Correct the metainfo of the data sets.")
            odd = sorted(key for key in meta[0] if any(m.get(key) != meta[0][key] for m in meta))
            raise ValueError(
                f"the parts of {name} differ in their metainfo ({', '.join(odd)}). State the same "
                f"for all parts, e.g. metainfo=dict(palette=...), or ignore_keys={odd}."
            )
    return found


def _class_names(metas: Mapping[str, Mapping]) -> dict[str, Sequence[str]]:
    return {source: meta.get("classes") or () for source, meta in metas.items()}


def check_classes(classes: Mapping[str, Sequence[str]], remedy: str) -> None:
    """Raise a ValueError unless all sources name the same classes in the same order.

    Args:
        classes: Class names by their source; empty where they are unknown.
        remedy: What to do about it, for the message.
    """
    known = [(source, tuple(names)) for source, names in classes.items() if names]
    for source, names in known[1:]:
        first, expected = known[0]
        if len(names) != len(expected):
            what = f"{len(expected)} classes in {first}, {len(names)} in {source}"
        elif names != expected:
            pairs = enumerate(zip(expected, names, strict=True))
            i, (one, other) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
            what = f"class {i} is {one!r} in {first}, {other!r} in {source}"
        else:
            continue
        raise ValueError(f"{what}: labels would be mistaken for each other. {remedy}")


_REMEDY = (
    "Take the config that belongs to the checkpoint; to train from the tensors that fit, remove "
    "load_from and set model.init_cfg=dict(type='Pretrained', checkpoint=...)."
)


def check_model_classes(model: nn.Module, meta: Mapping) -> None:
    """Raise a ValueError where a head's number of classes is not that of panoptic data."""
    if "thing_classes" not in meta:
        return
    things, both = len(meta["thing_classes"]), len(meta["classes"])
    expected = {
        ("panoptic_fusion_head", "num_things_classes"): things,
        ("panoptic_fusion_head", "num_stuff_classes"): both - things,
        ("semantic_head", "num_classes"): both,
        ("bbox_head", "num_classes"): things,
        ("mask_head", "num_classes"): things,
    }
    wrong = [
        f"{name}.{attribute} is {getattr(module, attribute)}, should be {value}"
        for name, module in model.named_modules()
        for (suffix, attribute), value in expected.items()
        if name.rpartition(".")[2] == suffix and getattr(module, attribute, value) != value
    ]
    if wrong:
        raise ValueError(
            f"the data has {things} thing and {both - things} stuff classes: {'; '.join(wrong)}. "
            f"Change the model, or the data set's metainfo."
        )


def check_tensors(model: nn.Module, state: Mapping, complete: bool) -> None:
    """Raise a ValueError where MMEngine would silently leave tensors of a model unloaded.

    Args:
        model: The model.
        state: Tensors by name; a prefix ``module.`` is ignored, as MMEngine does.
        complete: Whether each tensor of the model has to be there; else one of them suffices.
    """
    shapes = {key.removeprefix("module."): tuple(value.shape) for key, value in state.items()}
    own = {
        key: tuple(value.shape)
        for key, value in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    wrong = [
        f"{key} {shapes[key]} in place of {shape}"
        for key, shape in own.items()
        if shapes.get(key, shape) != shape
    ]
    missing = [key for key in own if key not in shapes]
    if wrong:
        raise ValueError(f"the checkpoint does not fit the model: {_short(wrong)}. {_REMEDY}")
    if missing and (complete or len(missing) == len(own)):
        raise ValueError(f"the checkpoint lacks tensors of the model: {_short(missing)}. {_REMEDY}")


def _short(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
