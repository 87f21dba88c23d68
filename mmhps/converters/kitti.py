"""Convert KITTI's semantic and instance benchmark of 2015 to the layout of Cityscapes.

The release (`data_semantics.zip`) holds 200 photos, training/image_2/NNNNNN_10.png, and under the
same names 16-bit label maps in training/instance/: `label id * 256 + instance`, where 0 is no
instance. Label ids are those of Cityscapes.

The numbers of the photos are the order in which they were taken, and neighbours look alike. The
splits are therefore contiguous blocks (:data:`BLOCKS`).
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np
from cityscapesscripts.helpers.labels import labels
from tqdm import tqdm

from mmhps.converters.layout import check_size, claim, resize_pair, scene_files, write_pair
from mmhps.structures.id_formats import cityscapes_segments, read_kitti_ids

VERSION = 1  # raise it with every change of what is written
BLOCKS = {"train": range(130), "val": range(130, 165), "test": range(165, 200)}
"""The numbers of the photos in each split."""
PHOTOS, MAPS = "training/image_2", "training/instance"

# Cityscapes' labels in the order that lists of classes need.
_LABELS = sorted(labels, key=lambda label: not label.hasInstances)


def cityscapes_ids(ids: np.ndarray, source: str = "id map") -> tuple[np.ndarray, np.ndarray]:
    """Cityscapes' two label maps from KITTI's ids.

    Args:
        ids: (H, W) uint16, `label id * 256 + instance`.
        source: Name of the map for error messages, e.g. its path.

    Returns:
        instanceIds (H, W) uint16 and labelIds (H, W) uint8. Each class counts its instances from 0,
        in KITTI's order. Things without instance are a crowd: the label id.

    Raises:
        ValueError: An id is unknown.
    """
    numbers: Counter[int] = Counter()
    instance_ids = np.zeros(int(ids.max(initial=0)) + 1, np.uint16)
    label_ids = np.zeros(len(instance_ids), np.uint8)
    names = [label.name for label in _LABELS]
    for segment in cityscapes_segments(ids, names, source, "kitti"):
        label = _LABELS[segment.label]
        instance_ids[segment.id] = label_ids[segment.id] = label.id
        if label.hasInstances and not segment.iscrowd:
            instance_ids[segment.id] = 1000 * label.id + numbers[segment.label]
            numbers[segment.label] += 1
    return instance_ids[ids], label_ids[ids]


def find_pairs(root: Path) -> dict[int, tuple[Path, Path]]:
    """Photos and label maps by their numbers, in order.

    Args:
        root: Folder of the release.

    Raises:
        FileNotFoundError: A folder, or the label map of a photo, is missing.
        ValueError: A number is none of the release's.
    """
    photos, maps = root / PHOTOS, root / MAPS
    for folder in (photos, maps):
        if not folder.is_dir():
            raise FileNotFoundError(
                f"{folder} is missing; KITTI must hold {PHOTOS}/ and {MAPS}/, as "
                "data_semantics.zip does."
            )
    paths = [path for path in sorted(photos.iterdir()) if re.fullmatch(r"\d{6}_10\.png", path.name)]
    if not paths:
        raise FileNotFoundError(f"{photos} holds no photos NNNNNN_10.png.")
    missing = [maps / path.name for path in paths if not (maps / path.name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{missing[0]} is missing ({len(missing)} of {len(paths)} label maps). Unpack "
            "data_semantics.zip again."
        )
    pairs = {int(path.name[:6]): (path, maps / path.name) for path in paths}
    if max(pairs) >= BLOCKS["test"].stop:
        raise ValueError(
            f"{pairs[max(pairs)][0]}: the release's photos are 000000 to 000199. Use "
            "data_semantics.zip, not the photos of another benchmark."
        )
    return pairs


def convert_one(pair: tuple[Path, Path], files: dict[str, Path], size: tuple[int, int]) -> None:
    """Convert one picture.

    Args:
        pair: The photo and its label map.
        files: Where to write 'instanceIds', 'labelIds' and 'image'.
        size: Width and height to resize to; (0, 0) keeps the photo's.

    Raises:
        OSError, ValueError: A file is broken, not of its kind or holds an unknown id, or photo and
            label map differ in size.
    """
    ids = read_kitti_ids(pair[1]).astype(np.uint16)
    pixels, ids = resize_pair(pair, ids, size)
    write_pair(files, pixels, *cityscapes_ids(ids, str(pair[1])))


def convert(root: Path, out: Path, size: tuple[int, int]) -> dict[str, int]:
    """Convert the release; existing pictures are kept.

    Args:
        root: Folder of the release.
        out: Root folder of the converted data set.
        size: Width and height to resize to; (0, 0) keeps the photos'.

    Returns:
        Number of pictures of each split.

    Raises:
        ValueError: The size is out of range, or a file is broken.
        OSError: Something is missing or broken in `root`, or `out` holds something else.
    """
    check_size(size)
    pairs = find_pairs(root)
    counts = {split: sum(n in block for n in pairs) for split, block in BLOCKS.items()}
    claim(out, {"converter": "kitti", "version": VERSION, "size": list(size)} | counts)
    work = [
        (pairs[number], scene_files(out, split, f"kitti_{number:06d}_000010"))
        for split, block in BLOCKS.items()
        for number in block
        if number in pairs
    ]
    for pair, files in tqdm(work, unit="image", desc="converting KITTI"):
        if not files["image"].is_file():
            convert_one(pair, files, size)
    return counts
