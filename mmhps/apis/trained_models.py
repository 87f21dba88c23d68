"""Load trained models without running code from their files, and predict with them."""

import copy
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose, pseudo_collate

from mmhps.engine.checkpoints import load_checkpoint
from mmhps.engine.guards import check_classes
from mmhps.models import classes_of, set_class_counts
from mmhps.visualization.palettes import palette_colors

COMPARABLE = "Compare models of one data set."
"""What to do where models with different classes would be compared."""


def load_model(
    model_config: ConfigDict, checkpoint: Mapping[str, Any], source: str = "checkpoint"
) -> torch.nn.Module:
    """Build a model and load its weights, in evaluation mode.

    Args:
        model_config: The ``model`` of a config; its heads get the checkpoint's numbers of classes.
        checkpoint: Result of :func:`load_checkpoint`.
        source: Name of the checkpoint for error messages.

    Raises:
        ValueError: A weight is missing, superfluous or of another shape. A model that silently
            keeps random weights would give a wrong picture.
    """
    model_config = copy.deepcopy(model_config)
    set_class_counts(model_config, trained_meta(checkpoint))
    model = MODELS.build(model_config)
    try:
        model.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        reasons = textwrap.shorten(str(error), 500)
        raise ValueError(
            f"{source}: its weights do not fit the config. Pass the config that the checkpoint was "
            f"trained with. {reasons}"
        ) from error
    return model.eval()


def trained_meta(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The meta information of the data set that a checkpoint was trained on; empty if unknown."""
    return checkpoint.get("meta", {}).get("dataset_meta") or {}


def check_device(device: str) -> None:
    """Raise a ValueError if torch cannot use a device."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"device {device!r}: cannot be used ({reason}). Use 'cpu', or install a torch for it."
        ) from error


def dataset_meta(cfg: Config, trained: Mapping[str, Any]) -> dict[str, Any]:
    """Return the classes that a checkpoint was trained on; if it names none, those of the config.

    Returns:
        ``classes``, ``thing_classes``, ``palette`` (RGB per class) and ``label_ids`` (category id
        per class; 0, 1, … if the data set has no ids).

    Raises:
        ValueError: Neither of them names the classes.
    """
    named, meta, reason = {"classes", "thing_classes"}, dict(trained), ""
    if not named <= meta.keys():
        try:
            meta |= classes_of(cfg.test_dataloader.dataset)
        except OSError as error:  # the file that states them
            reason = f" ({error})"
    if not named <= meta.keys():
        raise ValueError(
            "the names of the classes and of the things among them are known neither from the "
            f"checkpoint (meta.dataset_meta) nor from test_dataloader.dataset of the config{reason}"
            ". Use a checkpoint that tools/train.py wrote."
        )
    number = len(meta["classes"])
    return dict(
        classes=tuple(meta["classes"]),
        thing_classes=tuple(meta["thing_classes"]),
        palette=palette_colors(meta.get("palette"), number),
        label_ids=tuple(map(int, meta.get("label_ids") or range(number))),
    )


def load_model_of_classes(
    model_config: ConfigDict, path: str, classes: Mapping[str, Sequence[str]]
) -> torch.nn.Module:
    """Read a checkpoint and load it into its model, if it was trained on these classes.

    Args:
        model_config: The ``model`` of a config.
        path: The checkpoint. One that does not name its classes is taken to fit.
        classes: Class names by where they come from, for error messages.

    Raises:
        FileNotFoundError, ValueError: See :func:`load_checkpoint`, :func:`load_model` and
            :func:`mmhps.engine.guards.check_classes`.
    """
    checkpoint = load_checkpoint(path)
    trained = trained_meta(checkpoint).get("classes", ())
    check_classes({**classes, path: trained}, COMPARABLE)
    return load_model(model_config, checkpoint, path)


def predicted_ids(sample: DetDataSample) -> np.ndarray:
    """The panoptic map of a prediction, (H, W) integers: see ``DifferentiableFusionHead``."""
    return sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()


@torch.inference_mode()
def predict_panoptic(
    model: torch.nn.Module, pipeline: Compose, info: Mapping[str, Any]
) -> np.ndarray:
    """Let a detector predict one image.

    Args:
        model: Panoptic detector in evaluation mode.
        pipeline: Its test pipeline.
        info: Data info of the image (``img_path``, ...).

    Returns:
        Panoptic map at the size of the image file, (H, W) integers.
    """
    return predicted_ids(model.test_step(pseudo_collate([pipeline(dict(info))]))[0])
