"""Fit weights of MMDetection's Mask R-CNN and Panoptic FPN to a model of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

# The layers with rows of their own for each class: how many.
CLASS_ROWS = {
    "roi_head.bbox_head.fc_cls": 1,
    "roi_head.bbox_head.fc_reg": 4,
    "roi_head.mask_head.conv_logits": 1,
}
BACKGROUND = "background"  # the last row of the box head's classes
# The two networks of SemanticPlusInstance; each is a part of a Panoptic FPN.
NETWORKS = re.compile(r"^(instance|semantic)_network\.")


@dataclass
class Adapted:
    """Weights for a model, and what became of each: ``fate`` by name, in the model's order."""

    state: dict[str, Tensor] = field(default_factory=dict)
    fate: dict[str, str] = field(default_factory=dict)


def adapt(
    source: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    source_things: Sequence[str],
    target_things: Sequence[str],
) -> Adapted:
    """Fit the weights of a Mask R-CNN or a Panoptic FPN of MMDetection to a model of ours.

    Args:
        source: Its weights by name.
        target: Initial weights of our model; not changed.
        source_things: Thing classes in the order of the source's labels.
        target_things: Those of the target.

    Returns:
        The weights that the source gives, a subset of the target's names. A class without a row in
        the source keeps its initial one.

    Raises:
        ValueError: They share no weight, or the layers of backbone and neck or a shape differ.
    """
    shared = {name: NETWORKS.sub("", name) for name in target}
    if not source.keys() & shared.values():
        raise ValueError(
            f"no weight has the name of one of the config's model: {_some(source)} against "
            f"{_some(target)}. For weights of a backbone alone set model.backbone.init_cfg"
        )
    _check_features(source.keys(), shared.values())
    result, misfits = Adapted(), []
    for name, key in shared.items():
        if key not in source:
            result.fate[name] = "not in the checkpoint"
            continue
        layer, initial = key.rpartition(".")[0], target[name]
        fitted = _fit(layer, source[key], initial, source_things, target_things)
        if fitted is None:
            misfits.append(f"{name} {tuple(source[key].shape)} against {tuple(initial.shape)}")
        else:
            result.state[name], result.fate[name] = fitted
    if misfits:
        raise ValueError(
            f"{len(misfits)} weights have other shapes than the config's model: {_some(misfits)}. "
            f"Take a checkpoint and a config of the same backbone and widths"
        )
    unused = source.keys() - shared.values()
    result.fate.update((name, "not in the model") for name in source if name in unused)
    return result


def _fit(
    layer: str, value: Tensor, initial: Tensor, old: Sequence[str], new: Sequence[str]
) -> tuple[Tensor, str] | None:
    """One weight for our model and what became of it; None if it does not fit."""
    if layer not in CLASS_ROWS:
        return (value, "taken over") if value.shape == initial.shape else None
    if layer.endswith("fc_cls"):
        old, new = [*old, BACKGROUND], [*new, BACKGROUND]
    sizes = [len(names) * CLASS_ROWS[layer] for names in (old, new)]
    if sizes != [len(value), len(initial)] or value.shape[1:] != initial.shape[1:]:
        return None
    return pick_rows(value, initial, old, new), f"rows of its classes: {sizes[1]} of {sizes[0]}"


def pick_rows(source: Tensor, initial: Tensor, old: Sequence[str], new: Sequence[str]) -> Tensor:
    """Give each class the rows of the class of the same name in another layer.

    Args:
        source: (len(old) * rows, ...), the rows of a class together.
        initial: (len(new) * rows, ...), what classes keep that are not in ``old``.
        old: Class names of ``source``.
        new: Class names of the result.

    Returns:
        A new tensor of the shape of ``initial``.
    """
    blocks = source.split(len(source) // len(old))
    picked = initial.clone()
    for block, name in zip(picked.split(len(picked) // len(new)), new, strict=True):
        if name in old:
            block.copy_(blocks[old.index(name)])
    return picked


def _check_features(source: Iterable[str], target: Iterable[str]) -> None:
    """Raise a ValueError unless both have the same backbone and neck."""
    theirs, ours = (
        {
            name
            for name in names
            if name.startswith(("backbone.", "neck.")) and not name.endswith("num_batches_tracked")
        }
        for names in (source, target)
    )
    if ours != theirs:
        counts = " and ".join(
            f"{len(names)} weights ({_some(sorted(names))}) only in the {place}"
            for names, place in ((theirs - ours, "checkpoint"), (ours - theirs, "config's model"))
            if names
        )
        raise ValueError(
            f"backbone or neck differ: {counts}. Take a config of the same depth and layers"
        )


def _some(names: Iterable[str], number: int = 3) -> str:
    names = list(names)
    return ", ".join(names[:number]) + (", …" if len(names) > number else "")


def state_dict(content: Any) -> dict[str, Tensor]:
    """Return the weights in the content of a file, which may hold more than them.

    Raises:
        ValueError: There are none.
    """
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not state:
        raise ValueError(f"holds no weights by name but {type(content).__name__}")
    strange = next((k for k, v in state.items() if not isinstance(v, Tensor)), None)
    if strange is not None:
        raise ValueError(
            f"holds no weights by name: {strange!r} is {type(state[strange]).__name__}"
        )
    return dict(state)


def source_things(content: Mapping[str, Any], state: Mapping[str, Tensor]) -> list[str]:
    """The thing classes of a checkpoint in the order of its labels; COCO's where it names none.

    Raises:
        ValueError: It names fewer classes than its box head has, or none and they are not 80.
    """
    bias = state.get("roi_head.bbox_head.fc_cls.bias")
    if bias is None:
        return []
    meta = content.get("meta") or {}
    meta = {**meta, **(meta.get("dataset_meta") or {})}
    names = meta.get("classes") or meta.get("CLASSES")  # MMDetection 3.x, 2.x
    if names is None and len(bias) == 81:
        from mmdet.datasets import CocoDataset

        names = CocoDataset.METAINFO["classes"]  # MMDetection, too, takes these
    if names is None or len(names) < len(bias) - 1:
        raise ValueError(
            f"its box head has {len(bias) - 1} classes, but its meta information names "
            f"{len(names or ())}. Add them as meta['dataset_meta']['classes']"
        )
    # Panoptic checkpoints list stuff after things; those of 2.x know a " truck".
    return [name.strip() for name in names[: len(bias) - 1]]
