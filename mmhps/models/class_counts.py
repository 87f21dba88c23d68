"""The numbers of classes in a model's heads, from the data set that states the classes."""

from __future__ import annotations

from collections.abc import Mapping

from mmdet.registry import DATASETS
from mmengine.config import Config, ConfigDict

from mmhps.datasets.wrapping import innermost_configs
from mmhps.structures import VOID

_LOADERS = ("val_dataloader", "test_dataloader", "train_dataloader")


def resolve_classes(cfg: Config) -> None:
    """Give the four heads of ``cfg.model`` the numbers of classes of the config's data set.

    The classes are those of the validation data; where there is none, of the test or training data.
    A COCO panoptic file is read for its categories.

    Args:
        cfg: A whole config; changed in place. Nothing happens without panoptic data.

    Raises:
        ValueError: See :func:`set_class_counts`.
    """
    loaders = (cfg.get(name) for name in _LOADERS)
    dataset = next((loader["dataset"] for loader in loaders if loader), None)
    if dataset is not None:
        set_class_counts(cfg.model, classes_of(dataset))


def classes_of(dataset: Mapping) -> dict:
    """The meta information of a data set's config, of the first one behind wrappers.

    Raises:
        OSError, ValueError: It cannot be read from the file that states the classes.
    """
    inner = {**innermost_configs(dataset)[0], "pipeline": [], "lazy_init": True}
    return DATASETS.build(inner).metainfo


def set_class_counts(model: ConfigDict, meta: Mapping) -> None:
    """Give the four heads of a model config the numbers of classes of a data set.

    Args:
        model: Config with any of ``roi_head``, ``semantic_head``, ``panoptic_fusion_head``;
            changed in place.
        meta: Of a data set or a checkpoint: ``classes`` and ``thing_classes``. Nothing happens
            without them.

    Raises:
        ValueError: The things do not come first, there are too many classes, or no things for a
            model that detects them.
    """
    if "thing_classes" not in meta:
        return
    classes, things = tuple(meta["classes"]), tuple(meta["thing_classes"])
    if classes[: len(things)] != things:
        raise ValueError(
            f"metainfo: expected the things {things} before the stuff, got classes {classes}. "
            f"Reorder the classes."
        )
    if len(classes) > VOID:
        raise ValueError(
            f"metainfo: expected at most {VOID} classes, because {VOID} is void in label maps, got "
            f"{len(classes)}. Merge or leave out classes."
        )
    if not things and model.get("roi_head"):
        raise ValueError(
            f"metainfo: expected at least one thing class, because the model detects instances, "
            f"got stuff alone ({', '.join(classes[:3])}, ...). Correct isthing in the annotation "
            f"file, or train a semantic segmentation model."
        )
    both = dict(num_things_classes=len(things), num_stuff_classes=len(classes) - len(things))
    for name in ("semantic_head", "panoptic_fusion_head"):
        if model.get(name):
            model[name].update(both)
    roi_head = model.get("roi_head") or {}
    for name in ("bbox_head", "mask_head"):
        heads = roi_head.get(name) or []
        for head in heads if isinstance(heads, list | tuple) else [heads]:
            head.update(num_classes=len(things))
