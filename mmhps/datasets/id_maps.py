"""Read panoptic id maps and say which segments they hold.

An *id map* is an (H, W) int32 array in which every segment has one value. Two file formats lead
to it: Cityscapes ``instanceIds`` (16-bit grey) and COCO panoptic (RGB). This file needs numpy,
Pillow and the label table of cityscapesscripts only, no registry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cityscapesscripts.helpers.labels import Label, id2label, labels, name2label
from PIL import Image, UnidentifiedImageError

ID_DIVISOR = 1000
"""An ``instanceIds`` value is ``label id`` (< 1000) or ``label id * 1000 + instance`` (>= 1000)."""

_ROWS = 64  # of an image that are converted at a time
_TRAINED = [label for label in labels if not label.ignoreInEval]
THING_CLASSES = tuple(label.name for label in _TRAINED if label.hasInstances)
STUFF_CLASSES = tuple(label.name for label in _TRAINED if not label.hasInstances)
CITYSCAPES_CLASSES = THING_CLASSES + STUFF_CLASSES
"""The 19 evaluated classes, things first: the index of a name is its train label."""


@dataclass(frozen=True)
class Segment:
    """One segment of an id map.

    Attributes:
        id: Value of its pixels in the id map.
        label: Train label, the index of its class in the class list (things first).
        iscrowd: Whether it is a group of things that are not told apart. Never true for stuff.
    """

    id: int
    label: int
    iscrowd: bool


def read_cityscapes_ids(path: str | Path) -> np.ndarray:
    """Read a Cityscapes ``*_instanceIds.png``.

    An 8-bit file is accepted only if it holds no thing at all: it cannot store instance numbers
    (26001), so a thing label in it means that the file is a ``labelIds`` map or was squeezed by
    an image tool, and every object would silently become part of a crowd.

    Args:
        path: The PNG, grey, 16 bit as cityscapesscripts writes it.

    Returns:
        Raw ids, (H, W) int32, at least 0.

    Raises:
        FileNotFoundError: The file does not exist.
        OSError: The file is empty, truncated or no image.
        ValueError: The file is coloured, or 8 bit with things in it.
    """
    image = _open(path)
    if not image.mode.startswith("I") and image.mode != "L":
        raise ValueError(
            f"{path}: expected a 16-bit grey instanceIds map, got an image of Pillow mode "
            f"{image.mode!r}. Point seg_map_path at *_gtFine_instanceIds.png, not at *_color.png; "
            f"a COCO panoptic PNG needs the COCO panoptic dataset instead."
        )
    ids = np.asarray(image, dtype=np.int32)
    if ids.min(initial=0) < 0:
        raise ValueError(f"{path}: ids must not be negative, got {ids.min()}. Write the map again.")
    if image.mode == "L":
        things = [i for i in unique_ids(ids) if i in id2label and id2label[i].hasInstances]
        if things:
            raise ValueError(
                f"{path}: an 8-bit file cannot hold instance ids, but it has pixels of "
                f"{id2label[things[0]].name!r} ({things[0]}). It is probably a labelIds map, or a "
                f"tool reduced it to 8 bit: use the 16-bit *_gtFine_instanceIds.png."
            )
    return ids


def read_rgb_ids(path: str | Path) -> np.ndarray:
    """Read a COCO panoptic PNG.

    Args:
        path: The PNG, 8-bit RGB.

    Returns:
        Ids R + 256 G + 65536 B, (H, W) int32.

    Raises:
        FileNotFoundError: The file does not exist.
        OSError: The file is empty, truncated or no image.
        ValueError: The file is neither RGB nor RGBA, whose alpha is ignored.
    """
    image = _open(path)
    if image.mode not in ("RGB", "RGBA"):
        raise ValueError(
            f"{path}: expected an RGB panoptic PNG, got an image of Pillow mode {image.mode!r}. "
            f"Name the folder of the panoptic PNGs, not the one of label or instance id maps."
        )
    # Four bytes per pixel, R first, read as one number without its highest byte; some rows at a
    # time, whose bytes stay in the cache.
    ids = np.empty((image.height, image.width), dtype="<u4")
    for top in range(0, image.height, _ROWS):
        strip = image.crop((0, top, image.width, min(top + _ROWS, image.height)))
        raw = strip.tobytes("raw", "RGBX" if image.mode == "RGB" else "RGBA")
        ids[top : top + _ROWS] = np.frombuffer(raw, dtype="<u4").reshape(-1, image.width)
    ids &= 0xFFFFFF
    return ids.view("<i4").astype(np.int32, copy=False)


def _open(path: str | Path) -> Image.Image:
    """Open and fully decode an image; every error names the file and the remedy."""
    try:
        with Image.open(path) as image:
            image.load()
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path}: label file not found. Check data_root and data_prefix["seg"], or write it '
            f"with the tools that made the other labels."
        ) from None
    except PermissionError as error:
        raise PermissionError(
            f"{path}: no permission to read this label file. Change the rights of the file or of "
            f"its folders."
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise OSError(
            f"{path}: cannot be read as an image ({error}). The file is empty, truncated or no "
            f"image: unpack or download it again."
        ) from error
    return image


def unique_ids(ids: np.ndarray) -> list[int]:
    """Return the sorted values of an id map (any shape, non-negative, below 2**24).

    Looks at the first pixel of each run of equal ones only, of which a map of segments has few,
    and marks them in a table instead of sorting.
    """
    flat = ids.ravel()
    starts_run = np.ones(flat.size, dtype=bool)
    np.not_equal(flat[1:], flat[:-1], out=starts_run[1:])
    seen = np.zeros(int(ids.max(initial=-1)) + 1, dtype=bool)
    seen[flat[starts_run]] = True
    return np.flatnonzero(seen).tolist()


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
    ids: np.ndarray, classes: Sequence[str] = CITYSCAPES_CLASSES, source: str = "id map"
) -> list[Segment]:
    """List the segments of a Cityscapes id map, sorted by id.

    Labels outside ``classes`` (void, and what a subset leaves out) make no segment. A thing's
    plain label id (< 1000) is the crowd of that class.

    Args:
        ids: Raw ids of :func:`read_cityscapes_ids`, any shape.
        classes: Class names, things first.
        source: Name of the map for error messages, e.g. its path.

    Raises:
        ValueError: The class list is wrong (see :func:`cityscapes_labels`), or an id is neither
            a Cityscapes label nor an instance of one that has instances.
    """
    train_labels = {label.id: index for index, label in enumerate(cityscapes_labels(classes))}
    segments = []
    for value in unique_ids(ids):
        label = id2label.get(value if value < ID_DIVISOR else value // ID_DIVISOR)
        if label is None or (value >= ID_DIVISOR and not label.hasInstances):
            raise ValueError(
                f"{source}: id {value} is neither a Cityscapes label id nor label id * 1000 + "
                f"instance of a thing. Is this an instanceIds map (not trainIds, not COCO)?"
            )
        if label.id in train_labels:
            iscrowd = label.hasInstances and value < ID_DIVISOR
            segments.append(Segment(value, train_labels[label.id], iscrowd))
    return segments


def read_true_segments(
    sample: Mapping[str, Any],
    classes: Sequence[str] = CITYSCAPES_CLASSES,
    image_shape: Sequence[int] | None = None,
) -> tuple[np.ndarray, list[Segment]]:
    """Read the label file of an image, and check that it fits.

    Args:
        sample: ``img_id``, ``seg_map_path``, ``id_format`` ('cityscapes' or 'coco') and, for
            COCO, ``segments``; ``img_path`` for error messages.
        classes: Class names, things first.
        image_shape: Height and width of the image, which the label map must have. None: unknown.

    Returns:
        Raw ids (H, W) int32 at the size of the file, and the segments.

    Raises:
        ValueError: There is no label file, its format is unknown, it holds an unknown id, or its
            size is not the image's.
        OSError: The file is missing or broken.
    """
    path, id_format = sample.get("seg_map_path"), sample.get("id_format")
    if path is None:
        raise ValueError(
            f"image {sample['img_id']!r}: there is no ground truth (seg_map_path is None). Set "
            'data_prefix["seg"] of the dataset, or format_only=True to write predictions only.'
        )
    if id_format == "cityscapes":
        ids = read_cityscapes_ids(path)
        segments = cityscapes_segments(ids, classes, path)
    elif id_format == "coco":
        ids, segments = read_rgb_ids(path), sample["segments"]
        unknown = sorted(set(unique_ids(ids)) - {segment.id for segment in segments} - {0})
        if unknown:
            raise ValueError(
                f"{path}: segment ids {unknown[:5]} have no entry in segments_info. The PNG and "
                f'the annotation file do not belong together: check data_prefix["seg"] and '
                f"ann_file."
            )
    else:
        raise ValueError(
            f"{path}: id_format must be 'cityscapes' or 'coco', but is {id_format!r}. Use a "
            "dataset of mmhps, and keep id_format in meta_keys of PackPanopticInputs."
        )
    if image_shape is not None and tuple(image_shape) != ids.shape:
        raise ValueError(
            f"{path}: the label map is {ids.shape[1]}x{ids.shape[0]} pixels but its image "
            f"{sample.get('img_path')} is {image_shape[1]}x{image_shape[0]}. Both must have the "
            f"same size, and LoadPanopticIds must stand before Resize and crops."
        )
    return ids, segments
