"""Label file formats: how a file says which segment a pixel belongs to.

:data:`FORMATS` has an entry for each; a new one is a reader and a rule. Needs numpy, Pillow and the
label table of cityscapesscripts, no registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cityscapesscripts.helpers.labels import Label, id2label, labels, name2label

from mmhps.structures.id_files import read_grey_ids, read_rgb_ids
from mmhps.structures.panoptic_ids import NO_SEGMENT, Segment, unique_ids

_TRAINED = [label for label in labels if not label.ignoreInEval]
THING_CLASSES = tuple(label.name for label in _TRAINED if label.hasInstances)
STUFF_CLASSES = tuple(label.name for label in _TRAINED if not label.hasInstances)
CITYSCAPES_CLASSES = THING_CLASSES + STUFF_CLASSES
"""The 19 evaluated classes, things first: the index of a name is its train label."""

# Without 0, void: a number there means that the map has another format.
_STUFF_IDS = [label.id for label in labels if not label.hasInstances and label.id > 0]


class IdFormat(NamedTuple):
    """A label file format.

    Attributes:
        read: Reads a file: raw ids, (H, W) int32.
        split: The Cityscapes label id of a raw id, and its instance number; None where it has none.
            Without such a rule a list beside the file names the segments.
        rule: What an instance's raw id is, for error messages.
    """

    read: Callable[[str | Path], np.ndarray]
    split: Callable[[int], tuple[int, int | None]] | None = None
    rule: str = ""


def read_cityscapes_ids(path: str | Path) -> np.ndarray:
    """Read a Cityscapes ``*_instanceIds.png``.

    An 8-bit file is accepted only if it holds no thing at all: it cannot store instance numbers
    (26001), so a thing label in it means that the file is a ``labelIds`` map or was reduced by
    an image tool, and every object would silently become part of a crowd.

    Args:
        path: The PNG, grey, 16 bit as cityscapesscripts writes it.

    Returns:
        Raw ids, (H, W) int32: ``label id`` (< 1000) or ``label id * 1000 + instance`` (>= 1000).

    Raises:
        FileNotFoundError, OSError: See :func:`mmhps.structures.id_files.read_grey_ids`.
        ValueError: The file is coloured, or 8 bit with things in it.
    """
    ids, bits = read_grey_ids(path)
    if bits == 8:
        things = [i for i in unique_ids(ids) if i in id2label and id2label[i].hasInstances]
        if things:
            raise ValueError(
                f"{path}: an 8-bit file cannot hold instance ids, but it has pixels of "
                f"{id2label[things[0]].name!r} ({things[0]}). It is probably a labelIds map, or a "
                f"tool reduced it to 8 bit: use the 16-bit *_gtFine_instanceIds.png."
            )
    return ids


def read_kitti_ids(path: str | Path) -> np.ndarray:
    """Read a map of KITTI's ``instance`` folder.

    The benchmark's description numbers stuff as well (building 1, 2, …). These numbers are dropped,
    so that a class of stuff is one segment.

    Args:
        path: The PNG, grey, 16 bit.

    Returns:
        Raw ids, (H, W) int32: ``label id * 256 + instance``; instance 0 is none.

    Raises:
        FileNotFoundError, OSError: See :func:`mmhps.structures.id_files.read_grey_ids`.
        ValueError: The file is coloured or has 8 bits.
    """
    ids, bits = read_grey_ids(path)
    if bits == 8:
        raise ValueError(
            f"{path}: an 8-bit file cannot hold label id * 256 + instance. Use the 16-bit maps of "
            f"the folder instance/, not those of semantic/."
        )
    label_ids = ids // 256
    return np.where(np.isin(label_ids, _STUFF_IDS), label_ids * 256, ids)


def _split_cityscapes(value: int) -> tuple[int, int | None]:
    return (value, None) if value < 1000 else divmod(value, 1000)


def _split_kitti(value: int) -> tuple[int, int | None]:
    return value // 256, value % 256 or None


FORMATS = {
    "cityscapes": IdFormat(read_cityscapes_ids, _split_cityscapes, "label id * 1000 + instance"),
    "kitti": IdFormat(read_kitti_ids, _split_kitti, "label id * 256 + instance"),
    "coco": IdFormat(read_rgb_ids),
}
"""The formats by ``id_format``, as data sets name them in a data info."""


def cityscapes_labels(classes: Sequence[str]) -> list[Label]:
    """Return the Cityscapes label of each class, and check the class list.

    Args:
        classes: Names from ``cityscapesscripts.helpers.labels``; a subset is fine. Things first.

    Raises:
        ValueError: A name is unknown or occurs twice, or a stuff class stands before a thing.
    """
    unknown = [name for name in classes if name not in name2label]
    if unknown:
        raise ValueError(
            f"classes: {unknown} are not Cityscapes labels. Choose from {sorted(name2label)}."
        )
    found = [name2label[name] for name in classes]
    ordered = sorted(found, key=lambda label: not label.hasInstances)  # stable: things first
    if len(set(classes)) != len(found):
        raise ValueError(f"classes: each name may occur only once, got {tuple(classes)}.")
    if ordered != found:
        first = next(i for i, label in enumerate(found) if label != ordered[i])
        raise ValueError(
            f"classes: things must stand before stuff, because labels 0..T-1 are things, but the "
            f"stuff class {found[first].name!r} (position {first}) stands before the thing class "
            f"{ordered[first].name!r}. Use classes={tuple(label.name for label in ordered)}."
        )
    return found


def cityscapes_segments(
    ids: np.ndarray,
    classes: Sequence[str] = CITYSCAPES_CLASSES,
    source: str = "id map",
    id_format: str = "cityscapes",
) -> list[Segment]:
    """List the segments of a map of Cityscapes' label ids, sorted by id.

    Labels outside ``classes`` (void, and what a subset leaves out) make no segment. A thing without
    instance number is the crowd of its class.

    Args:
        ids: Raw ids, any shape.
        classes: Class names, things first.
        source: Name of the map for error messages, e.g. its path.
        id_format: Entry of :data:`FORMATS` with a rule for ids.

    Raises:
        ValueError: The class list is wrong (see :func:`cityscapes_labels`), or an id is neither
            a Cityscapes label nor an instance of one that has instances.
    """
    train_labels = {label.id: index for index, label in enumerate(cityscapes_labels(classes))}
    _, split, rule = FORMATS[id_format]
    if split is None:
        raise ValueError(
            f"id_format: expected one whose ids say what they are, got {id_format!r}. Take its "
            f"segments from the list beside the file."
        )
    segments = []
    for value in unique_ids(ids):
        label_id, instance = split(value)
        label = id2label.get(label_id)
        if label is None or (instance is not None and not label.hasInstances):
            raise ValueError(
                f"{source}: id {value} is neither a Cityscapes label id nor {rule} of a thing. "
                f"Is this an instanceIds map (not trainIds, not COCO)?"
            )
        if label.id in train_labels:
            iscrowd = label.hasInstances and instance is None
            segments.append(Segment(value, train_labels[label.id], iscrowd))
    return segments


def _check_listed(listed: set[int], drawn: set[int], path: str) -> None:
    """Raise if a listed segment has no pixel, or a pixel no listed segment."""
    for ids, problem in (
        (drawn - listed - {NO_SEGMENT}, "have no entry in segments_info"),
        (listed - drawn, "are in segments_info but have no pixel"),
    ):
        if ids:
            raise ValueError(
                f"{path}: segment ids {sorted(ids)[:5]} {problem}. If most images have this fault, "
                f"the PNGs and the annotation file do not belong together: check "
                f'data_prefix["seg"] and ann_file. Otherwise correct this annotation.'
            )


def read_true_segments(
    sample: Mapping[str, Any],
    classes: Sequence[str] = CITYSCAPES_CLASSES,
    image_shape: Sequence[int] | None = None,
) -> tuple[np.ndarray, list[Segment]]:
    """Read the label file of an image, and check that it fits.

    Args:
        sample: ``img_id``, ``seg_map_path``, ``id_format`` (of :data:`FORMATS`) and, for COCO,
            ``segments``; ``img_path`` for error messages.
        classes: Class names, things first.
        image_shape: Height and width of the image, which the label map must have. None: unknown.

    Returns:
        Raw ids (H, W) int32 at the size of the file, and the segments.

    Raises:
        ValueError: There is no label file, its format is unknown, it holds an unknown id, a listed
            segment has no pixel, or its size is not the image's.
        OSError: The file is missing or broken.
    """
    path, id_format = sample.get("seg_map_path"), sample.get("id_format")
    if path is None:
        raise ValueError(
            f"image {sample['img_id']!r}: there is no ground truth (seg_map_path is None). Set "
            'data_prefix["seg"] of the dataset, or format_only=True to write predictions only.'
        )
    if id_format not in FORMATS:
        raise ValueError(
            f"{path}: id_format must be one of {sorted(FORMATS)}, but is {id_format!r}. Use a "
            "dataset of mmhps, and keep id_format in meta_keys of PackPanopticInputs."
        )
    ids = FORMATS[id_format].read(path)
    if FORMATS[id_format].split:
        segments = cityscapes_segments(ids, classes, path, id_format)
    else:
        segments = sample["segments"]
        _check_listed({segment.id for segment in segments}, set(unique_ids(ids)), path)
    if image_shape is not None and tuple(image_shape) != ids.shape:
        raise ValueError(
            f"{path}: the label map is {ids.shape[1]}x{ids.shape[0]} pixels but its image "
            f"{sample.get('img_path')} is {image_shape[1]}x{image_shape[0]}. Both must have the "
            f"same size, and LoadPanopticIds must stand before Resize and crops."
        )
    return ids, segments
