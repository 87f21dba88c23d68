"""Load trained models without running code of their files, and let them predict."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging.history_buffer import HistoryBuffer


def _buffer_method(owner: type, name: str) -> Any:
    """Stand for ``getattr``, by which a pickled log buffer names its own methods."""
    if owner is not HistoryBuffer:
        raise ValueError(f"expected a method of HistoryBuffer, got {owner}.{name}")
    return getattr(owner, name)


# torch finds an allowed function by the name that it gives itself.
_buffer_method.__module__, _buffer_method.__name__ = "builtins", "getattr"
_buffer_method.__qualname__ = "getattr"

# Training checkpoints hold their log: HistoryBuffers, made of numpy arrays and numbers.
_LOG_TYPES = [
    _buffer_method,
    HistoryBuffer,
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32)),
    np.zeros(0).__reduce__()[0],
    np.float64(0).__reduce__()[0],
]


def read_weights(path: str) -> Any:
    """Read what ``torch.save`` wrote on the CPU, without running code that it may hold.

    In contrast to a plain ``torch.load(..., weights_only=True)`` it reads training checkpoints,
    too, which hold the log beside the weights.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or holds objects that are neither tensors, plain values nor a
            training log.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: checkpoint not found. Train the model or download it.")
    torch.serialization.add_safe_globals(_LOG_TYPES)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, for damaged and for unsafe files
        reason = (str(error) or type(error).__name__).splitlines()[0]  # an empty file: no message
        raise ValueError(
            f"{path}: cannot be read as weights ({reason}). It is damaged, or "
            f"holds Python objects, which are refused because they could run code. Save only "
            f'"state_dict" and "meta".'
        ) from error


def load_checkpoint(path: str) -> dict[str, Any]:
    """Read a checkpoint of MMEngine; see :func:`read_weights`.

    Args:
        path: The file.

    Returns:
        ``state_dict`` and what else was saved (``meta``, ...).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, or has no ``state_dict``.
    """
    checkpoint = read_weights(path)
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ValueError(
            f'{path}: expected a dictionary with a "state_dict", as MMEngine saves it, got '
            f"{type(checkpoint).__name__}. Save dict(state_dict=model.state_dict())."
        )
    return checkpoint


def load_model(
    model_config: ConfigDict, checkpoint: Mapping[str, Any], source: str = "checkpoint"
) -> torch.nn.Module:
    """Build a model and load its weights, in evaluation mode.

    Args:
        model_config: The ``model`` of a config.
        checkpoint: Result of :func:`load_checkpoint`.
        source: Name of the checkpoint for error messages.

    Raises:
        ValueError: A weight is missing, superfluous or of another shape. A model that silently
            keeps random weights would give a wrong picture.
    """
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
    """What a checkpoint says of the data set that it was trained on; empty if it says nothing."""
    return checkpoint.get("meta", {}).get("dataset_meta") or {}


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
            :func:`check_classes`.
    """
    checkpoint = load_checkpoint(path)
    trained = trained_meta(checkpoint)
    if "classes" in trained:
        check_classes({**classes, path: trained["classes"]})
    return load_model(model_config, checkpoint, path)


def check_classes(classes: Mapping[str, Sequence[str]]) -> None:
    """Raise a ValueError unless all sources (file name -> class names) name the same classes."""
    (first, expected), *others = classes.items()
    for source, found in others:
        if tuple(found) != tuple(expected):
            raise ValueError(
                f"{source}: its classes differ from those of {first}, so that the models cannot "
                f"be compared: {tuple(found)} against {tuple(expected)}. Use models of one data set"
            )


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
