"""Shared by the converters: the layout of Cityscapes, atomic writing, a record of the folder."""

import json
import os
from collections.abc import Callable
from pathlib import Path

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
