"""Read and check JSON files in the COCO panoptic format.

https://cocodataset.org/#format-data and #format-results, "Panoptic Segmentation".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmhps.structures.panoptic_ids import Segment

FORMAT = (
    'Expected {"annotations": [{"image_id", "file_name", "segments_info": [{"id", "category_id"}]}'
    ']}, in ground truth also {"images": [{"id", "file_name", "height", "width"}], "categories": '
    '[{"id", "name", "isthing"}]}; an instances_*.json will not do.'
)
MAX_ID = 2**24 - 1
"""The largest id that three bytes hold."""

_FIELDS = dict(
    images=("id",),
    categories=("id", "name", "isthing"),
    annotations=("image_id", "file_name", "segments_info"),
)


def read_panoptic_json(path: str | Path, image_fields: Sequence[str] = ()) -> dict[str, list[dict]]:
    """Read a file and check what does not concern a single annotation's segments.

    Args:
        path: The JSON file, in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark.
        image_fields: Fields that each of ``images`` needs besides ``id``.

    Returns:
        Those of ``images``, ``categories`` and ``annotations`` that the file has.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not JSON, a field is missing or of another type, an image or a category
            occurs several times, or ids differ in their type alone.
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such JSON file. Check the path (data_root and ann_file of a data set)."
        ) from None
    except ValueError as error:
        raise ValueError(
            f"{path}: not a JSON file ({error}). It may be truncated: unpack it again."
        ) from error
    try:
        if not isinstance(content, dict):
            raise TypeError(f"it holds a {type(content).__name__} in place of an object")
        lists = {key: content[key] for key in _FIELDS if key in content}
        _check_lists(lists, image_fields)
    except (KeyError, TypeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"{path}: not in COCO panoptic format ({what}). {FORMAT}") from error
    for key, field in (("images", "id"), ("categories", "id"), ("categories", "name")):
        found = repeated([entry[field] for entry in lists.get(key, ())])
        if found:
            raise ValueError(
                f'{path}: "{key}" must list each {field} once, but has {found[:5]} several times. '
                f"Correct the list."
            )
    _check_one_type(path, lists)
    return lists


def _check_lists(lists: Mapping[str, Any], image_fields: Sequence[str]) -> None:
    for key, entries in lists.items():
        if not isinstance(entries, list):
            raise TypeError(f'"{key}" is a {type(entries).__name__} in place of a list')
        odd = [entry for entry in entries if not isinstance(entry, dict)]
        if odd:
            raise TypeError(f'"{key}" holds {odd[0]!r} in place of an object')
        fields = (*_FIELDS[key], *image_fields) if key == "images" else _FIELDS[key]
        for entry in entries:
            name = "image_id" if key == "annotations" else f"{key}: id"
            source = f"{name} {entry.get(name.split()[-1])!r}"
            for field in fields:
                check_type(field, entry[field], source)


def check_type(field: str, value: Any, source: str) -> None:
    """Raise a TypeError that names the value if a field holds another type than it should."""
    wanted, fits = _TYPES[field]
    if not fits(value):
        what = "is" if _is_number(value) or value != value else f"is a {type(value).__name__},"
        raise TypeError(f"{source}: {field} {value!r} {what} not {wanted}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _is_whole(value: Any) -> bool:
    return _is_number(value) and abs(value) < 2**53 and value == int(value)


_ID = ("a whole number or text", lambda value: _is_whole(value) or isinstance(value, str))
_TEXT = ("text", lambda value: isinstance(value, str) and value != "")
_FLAG = ("0 or 1 without quotes", lambda value: isinstance(value, int | float) and value in (0, 1))
_SIZE = ("a number of pixels", lambda value: _is_whole(value) and value > 0)
_LIST = (
    "a list of objects",
    lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
)
_TYPES = dict(
    id=_ID,
    image_id=_ID,
    category_id=_ID,
    file_name=_TEXT,
    name=_TEXT,
    isthing=_FLAG,
    iscrowd=_FLAG,
    height=_SIZE,
    width=_SIZE,
    # A comparison with nan is false.
    area=("a number of pixels", lambda value: _is_number(value) and 0 <= value < 2**53),
    segments_info=_LIST,
)


def _check_one_type(path: str | Path, lists: Mapping[str, list[dict]]) -> None:
    """Refuse ids that are the same but for their type, as 7 and "7"."""
    annotations = lists.get("annotations", [])
    segments = [segment for entry in annotations for segment in entry["segments_info"]]
    for what, own, used in (
        ("image", lists.get("images", []), (entry["image_id"] for entry in annotations)),
        ("category", lists.get("categories", []), (s.get("category_id") for s in segments)),
    ):
        known: dict[str, Any] = {}
        for value in (*(entry["id"] for entry in own), *used):
            other = known.setdefault(str(value), value)
            if other != value:
                raise ValueError(
                    f"{path}: the {what} ids {other!r} and {value!r} differ in their type alone, "
                    f"and would not be found. Write all ids as numbers, or all as text."
                )


def check_segments(annotation: Mapping[str, Any]) -> None:
    """Check the types of what ``segments_info`` of an annotation lists.

    Raises:
        ValueError: A field is missing or of another type.
    """
    source = f"image_id {annotation['image_id']!r}"
    try:
        for item in annotation["segments_info"]:
            if not _is_whole(item["id"]):
                raise TypeError(f"{source}: id {item['id']!r} is not a whole number")
            check_type("category_id", item["category_id"], source)
            check_type("iscrowd", item.get("iscrowd", 0), source)
            check_type("area", item.get("area", 0), source)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def list_segments(annotation: Mapping[str, Any], labels: Mapping[Any, int]) -> list[Segment]:
    """The segments of an annotation, in the file's order.

    Args:
        annotation: One of ``annotations``.
        labels: Label 0..C-1 of each category id.

    Raises:
        ValueError: See :func:`check_segments`; a category is unknown; an id is no value of a pixel
            or occurs several times. The message begins with "has" and lacks the file and the image.
    """
    try:
        check_segments(annotation)
    except ValueError as error:
        raise ValueError(f"is not in COCO panoptic format ({error})") from error
    listed = annotation["segments_info"]
    unknown = {item["category_id"] for item in listed} - labels.keys()
    if unknown:
        raise ValueError(
            f'has category ids {sorted(unknown, key=str)} that are not in "categories" of the '
            f"ground truth. Use those of it: {list(labels)}."
        )
    ids = [int(item["id"]) for item in listed]
    bad = repeated(ids) + [i for i in ids if not 0 < i <= MAX_ID]
    if bad:
        raise ValueError(
            f"has the segment ids {bad[:5]}, but ids must be in 1..{MAX_ID} (0 is void) and each "
            f"occur once. Write the annotation again."
        )
    return [
        Segment(number, labels[item["category_id"]], bool(item.get("iscrowd", 0)))
        for number, item in zip(ids, listed, strict=True)
    ]


def repeated(values: Iterable[Hashable]) -> list:
    """The values that occur more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def write_json(prefix: str | Path, annotations: Sequence[Mapping[str, Any]], **more: Any) -> Path:
    """Write ``<prefix>.json``.

    Args:
        prefix: Its path without ``.json``; the PNGs are in the folder of this name.
        annotations: An entry for each image.
        **more: What else it holds: ``images``, ``categories``.

    Returns:
        Its path.
    """
    path = Path(f"{prefix}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(**more, annotations=list(annotations))), encoding="utf-8")
    return path
