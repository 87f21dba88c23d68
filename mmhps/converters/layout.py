"""Shared by the converters: the layout of Cityscapes, atomic writing, a record of the folder."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

RECORD = "dataset.json"


def scene_files(out: Path, split: str, name: str) -> dict[str, Path]:
    """Where the files of one picture lie in the official layout.

    Args:
        out: Root folder of the data set.
        split: 'train', 'val' or 'test'.
        name: <city>_<sequence>_<frame>.

    Returns:
        Paths of 'polygons', 'instanceIds', 'labelIds' and 'image'.
    """
    city = name.split("_")[0]
    labels = out / "gtFine" / split / city
    return {
        "polygons": labels / f"{name}_gtFine_polygons.json",
        "instanceIds": labels / f"{name}_gtFine_instanceIds.png",
        "labelIds": labels / f"{name}_gtFine_labelIds.png",
        "image": out / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png",
    }


def claim(out: Path, recipe: dict) -> None:
    """Check that `out` may be written to, and record what is written.

    A folder with the same record may be completed; an empty or absent one is started.

    Args:
        out: Root folder of the data set.
        recipe: Everything that its files depend on, as JSON can hold it.

    Raises:
        FileExistsError: The folder holds other files, or a data set made in another way.
    """
    record = out / RECORD
    if record.is_file():
        found = _read_record(record)
        differing = [
            f"{key}: {found.get(key)!r} there, {recipe.get(key)!r} wanted"
            for key in sorted(recipe.keys() | found.keys())
            if found.get(key) != recipe.get(key)
        ]
        if differing:
            raise FileExistsError(
                f"{out} already holds another data set ({'; '.join(differing)}). "
                "Choose another folder or remove this one."
            )
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(
            f"{out} is no empty folder and holds no {RECORD}, so this tool did not make it. "
            "Choose another folder or remove this one."
        )
    write_atomically(record, lambda part: part.write_text(json.dumps(recipe, indent=1) + "\n"))


def _read_record(record: Path) -> dict:
    """The record, or an error that names the file."""
    try:
        found = json.loads(record.read_text())
    except ValueError as error:
        raise FileExistsError(f"{record} is broken ({error}). Remove its folder.") from error
    return found if isinstance(found, dict) else {}


def read_image(path: Path) -> Image.Image:
    """A fully loaded image.

    Raises:
        ValueError: The file is not a readable image.
    """
    try:
        image = Image.open(path)
        image.load()
    except (OSError, SyntaxError) as error:  # Pillow's word for some broken PNGs
        raise ValueError(f"{path} cannot be read as an image: {error}.") from error
    return image


def check_size(size: tuple[int, int]) -> None:
    """Raise ``ValueError`` unless a size is positive or (0, 0)."""
    if min(size) < 1 and size != (0, 0):
        raise ValueError(f"--size must be two positive numbers or 0 0, got {size[0]} {size[1]}.")


def resize_pair(
    pair: tuple[Path, Path], ids: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Read a photo, and resize it with its label map.

    Args:
        pair: The photo and its label map.
        ids: What the label map holds, (H, W) uint8 or uint16; values are never mixed.
        size: Width and height; (0, 0) keeps the photo's.

    Returns:
        The photo (h, w, 3) uint8 RGB, and the label map (h, w).

    Raises:
        ValueError: The photo is broken, or the two differ in size.
    """
    pixels = np.array(read_image(pair[0]).convert("RGB"))
    if pixels.shape[:2] != ids.shape:
        raise ValueError(
            f"{pair[1]} has {ids.shape[1]}×{ids.shape[0]} pixels, its photo {pair[0]} "
            f"has {pixels.shape[1]}×{pixels.shape[0]}; expected the same."
        )
    if size == (0, 0):
        return pixels, ids
    return (
        cv2.resize(pixels, size, interpolation=cv2.INTER_AREA),
        cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST),
    )


def write_pair(
    files: dict[str, Path], pixels: np.ndarray, instance_ids: np.ndarray, label_ids: np.ndarray
) -> None:
    """Write a photo and its two label maps; where the photo is, the maps are.

    Args:
        files: See :func:`scene_files`.
        pixels: (h, w, 3) uint8 RGB.
        instance_ids: (h, w) uint16.
        label_ids: (h, w) uint8.
    """
    write_png(files["instanceIds"], instance_ids)
    write_png(files["labelIds"], label_ids)
    write_png(files["image"], pixels)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a file that appears under its name only when it is complete.

    Args:
        path: The file.
        write: Gets the path to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    write(part)
    os.replace(part, path)


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write an array as a PNG that exists only when it is complete.

    Args:
        path: The file.
        pixels: (H, W, 3) or (H, W) uint8, or (H, W) uint16.
    """
    write_atomically(path, lambda part: Image.fromarray(pixels).save(part, format="PNG"))
