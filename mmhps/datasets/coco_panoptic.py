"""COCO panoptic files (``panoptic_*.json`` and RGB PNGs) for the transforms of this package."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from mmdet.registry import DATASETS
from mmdet.visualization.palette import get_palette

from mmhps.datasets.panoptic_id_dataset import PanopticIdDataset
from mmhps.structures import Segment
from mmhps.structures.panoptic_json import FORMAT, list_segments, read_panoptic_json

_OF_CITYSCAPES = ("_gtFine_leftImg8bit.png", "_gtCoarse_leftImg8bit.png")


def order_categories(categories: list[dict], classes: Sequence[str] | None = None) -> list[dict]:
    """Sort the categories of a COCO panoptic file: things first, the index is the train label.

    Args:
        categories: Entries with ``id``, ``name`` and ``isthing`` (0 or 1).
        classes: Names of all categories in the wanted order, things before stuff. None keeps the
            file's order among the things and among the stuff.

    Returns:
        The same entries, ordered.

    Raises:
        ValueError: ``classes`` are not exactly the file's categories, or stuff stands before a
            thing.
    """
    by_name = {category["name"]: category for category in categories}
    if classes is None:
        return sorted(categories, key=lambda category: not category["isthing"])
    if sorted(classes) != sorted(by_name):
        missing, extra = sorted(set(by_name) - set(classes)), sorted(set(classes) - set(by_name))
        raise ValueError(
            f"metainfo: classes must name each category of ann_file once; missing {missing}, not "
            f"in the file {extra}. Leave classes out to take them from the file, things first."
        )
    found = [by_name[name] for name in classes]
    ordered = sorted(found, key=lambda category: not category["isthing"])
    if found != ordered:
        raise ValueError(
            f"metainfo: things must stand before stuff in classes, because labels 0..T-1 are "
            f"things. Use classes={tuple(category['name'] for category in ordered)}."
        )
    return found


@DATASETS.register_module()
class CocoPanopticIdDataset(PanopticIdDataset):
    """Any data set in the COCO panoptic format, things first whatever the file's order.

    Each data info has ``img_path``, ``img_id`` (the file's), ``seg_map_path``, ``segments`` (list
    of :class:`Segment`), ``height``, ``width`` (pixels) and ``id_format='coco'``. A file without
    ``annotations`` serves inference: ``seg_map_path`` is None and ``segments`` is left out.

    The classes come from the file, which is read when ``metainfo`` is asked for, at the latest:
    wrappers ask before a data set with ``lazy_init=True`` is initialized.

    Args:
        ann_file: The JSON, e.g. ``annotations/panoptic_train2017.json``.
        data_root: Root of the data set.
        data_prefix: ``img``: folder of the images, ``seg``: folder of the panoptic PNGs.
        **kwargs: See :class:`PanopticIdDataset`: ``metainfo``, ``filter_cfg``, ``pipeline``, ...

    Raises:
        FileNotFoundError: ``ann_file`` does not exist.
        ValueError: It is not a COCO panoptic file, has an image without exactly one annotation, an
            unknown category or an impossible or repeated id, or does not fit
            ``metainfo['classes']``.
    """

    def __init__(self, *, ann_file: str, data_prefix: dict, data_root: str = "", **kwargs) -> None:
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs)

    @property
    def metainfo(self) -> dict:
        """A copy of the meta information, with the classes of the file."""
        if "thing_classes" not in self._metainfo:
            self.list_images()
        return super().metainfo

    def list_images(self) -> tuple[list[dict], list[Exception]]:
        """Parse the JSON: a data info per image in the file's order, an error per bad image."""
        content = read_panoptic_json(self.ann_file, ("file_name", "height", "width"))
        for key in ("images", "categories"):
            if not content.get(key):
                raise ValueError(f'{self.ann_file}: "{key}" is empty or missing. {FORMAT}')
        self._check_names(content["images"][0]["file_name"])
        categories = order_categories(content["categories"], self._metainfo.get("classes"))
        self._set_metainfo(categories)
        labels = {category["id"]: label for label, category in enumerate(categories)}
        annotations = defaultdict(list)
        for entry in content.get("annotations", ()):
            annotations[entry["image_id"]].append(entry)
        has_truth = "annotations" in content and "seg" in self.data_prefix
        infos, faults = [], []
        for image in content["images"]:
            info = dict(
                img_path=str(Path(self.data_prefix["img"]) / image["file_name"]),
                img_id=image["id"],
                seg_map_path=None,
                id_format="coco",
                height=image["height"],
                width=image["width"],
            )
            try:
                if has_truth:
                    info |= self._parse_annotations(annotations[image["id"]], labels)
                infos.append(info)
            except ValueError as error:
                name = f"image {image['id']!r} ({image['file_name']})"
                faults.append(ValueError(f"{self.ann_file}: {name} {error}"))
        return infos, faults

    def _check_names(self, name: str) -> None:
        """Refuse the file of ``csCreatePanopticImgs``, which names images that do not exist."""
        folder = Path(self.data_prefix.get("img", ""))
        if name.endswith(_OF_CITYSCAPES) and not (folder / name).is_file():
            raise ValueError(
                f"{self.ann_file}: names the image {name}, which does not exist in {folder}, as "
                f"csCreatePanopticImgs of cityscapesscripts does. Use CityscapesPanopticDataset, "
                f"which reads leftImg8bit/ and gtFine/ as they are."
            )

    def _set_metainfo(self, categories: list[dict]) -> None:
        names = [category["name"] for category in categories]
        if all("color" in category for category in categories):
            palette = [tuple(category["color"]) for category in categories]
        else:
            palette = get_palette("random", len(names))  # the same colours each time
        self._metainfo = dict(palette=palette) | self._metainfo
        self._metainfo |= dict(
            classes=tuple(names),
            thing_classes=tuple(c["name"] for c in categories if c["isthing"]),
            stuff_classes=tuple(c["name"] for c in categories if not c["isthing"]),
            label_ids=tuple(category["id"] for category in categories),
        )

    def _parse_annotations(self, entries: list[dict], labels: dict[int, int]) -> dict:
        """Return ``seg_map_path`` and ``segments`` of the one annotation of an image."""
        if len(entries) != 1:
            raise ValueError(
                f'has {len(entries) or "no"} entries in "annotations". Remove the image, or keep '
                f"exactly one."
            )
        segments = list_segments(entries[0], labels)
        path = Path(self.data_prefix["seg"]) / entries[0]["file_name"]
        return dict(seg_map_path=str(path), segments=segments)

    def read_segments(self, data_info: dict) -> list[Segment]:
        """Return the segments of one image; the PNG is not read."""
        return data_info["segments"]
