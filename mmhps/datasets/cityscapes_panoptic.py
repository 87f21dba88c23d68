"""Cityscapes in its official layout, without any conversion step."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmdet.registry import DATASETS
from mmengine.logging import print_log
from mmengine.utils import scandir

from mmhps.datasets.panoptic_id_dataset import PanopticIdDataset
from mmhps.structures import Segment
from mmhps.structures.id_formats import (
    CITYSCAPES_CLASSES,
    cityscapes_labels,
    read_true_segments,
)


def cityscapes_metainfo(classes: Sequence[str]) -> dict:
    """Return what mmdet and the metric need to know about a list of Cityscapes classes.

    Args:
        classes: Class names, things first; the index is the train label.

    Returns:
        ``classes``, ``thing_classes``, ``stuff_classes`` (tuples of names), ``palette`` (one RGB
        tuple per class) and ``label_ids`` (train label -> Cityscapes label id).

    Raises:
        ValueError: See :func:`mmhps.structures.id_formats.cityscapes_labels`.
    """
    labels = cityscapes_labels(classes)
    return dict(
        classes=tuple(classes),
        thing_classes=tuple(label.name for label in labels if label.hasInstances),
        stuff_classes=tuple(label.name for label in labels if not label.hasInstances),
        palette=[label.color for label in labels],
        label_ids=tuple(label.id for label in labels),
    )


@DATASETS.register_module()
class CityscapesPanopticDataset(PanopticIdDataset):
    """Panoptic Cityscapes, or any data set in its layout.

    Reads ``<img>/[<city>/]<stem>_leftImg8bit.png`` and the 16-bit
    ``<seg>/[<city>/]<stem>_gtFine_instanceIds.png``, as the official zips hold them. The folders
    below the two roots may be nested in any way, alike in both.

    Label maps without an image are ignored, with a warning.

    Each data info has ``img_path``, ``img_id`` (the stem, or ``folder/stem`` if stems occur twice),
    ``seg_map_path`` (None without ``seg`` folder) and ``id_format``.

    Args:
        data_root: Root of the data set.
        data_prefix: Folders of the split. Without ``seg`` there is no ground truth (inference).
        metainfo: ``dict(classes=...)`` chooses a subset of the classes, things before stuff; the
            others become void. The rest of the meta information follows from it; only ``palette``
            may be given too.
        img_suffix: End of the images' names, after the stem.
        seg_map_suffix: End of the label maps' names, after the stem.
        id_format: How label maps store ids: ``'cityscapes'`` or ``'kitti'`` (label id * 256 +
            instance), see :data:`mmhps.structures.id_formats.FORMATS`.
        **kwargs: See :class:`PanopticIdDataset`: ``filter_cfg``, ``pipeline``, ``indices``, ...

    Raises:
        FileNotFoundError: There is no image, or an image has no label map.
        PermissionError: A folder cannot be read.
        ValueError: The class list or the palette is wrong.
    """

    METAINFO = cityscapes_metainfo(CITYSCAPES_CLASSES)

    def __init__(
        self,
        *,
        data_root: str = "",
        data_prefix: dict | None = None,
        metainfo: Mapping | None = None,
        img_suffix: str = "_leftImg8bit.png",
        seg_map_suffix: str = "_gtFine_instanceIds.png",
        id_format: str = "cityscapes",
        **kwargs,
    ) -> None:
        self.img_suffix = img_suffix
        self.seg_map_suffix = seg_map_suffix
        self.id_format = id_format
        if data_prefix is None:
            data_prefix = dict(img="leftImg8bit/train", seg="gtFine/train")
        super().__init__(data_root=data_root, data_prefix=data_prefix, metainfo=metainfo, **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict:
        """Derive everything else from the class list, so that it cannot contradict it."""
        given = super()._load_metainfo(metainfo)
        derived = cityscapes_metainfo(given["classes"])
        if metainfo and "palette" in metainfo:
            derived["palette"] = list(given["palette"])
            if len(derived["palette"]) != len(derived["classes"]):
                raise ValueError(
                    f"metainfo: expected a palette of {len(derived['classes'])} colours, one per "
                    f"class, got {len(derived['palette'])}."
                )
        return given | derived

    def list_images(self) -> tuple[list[dict], list[Exception]]:
        """List the images, sorted by path, and an error for each that has no label map."""
        img_root = Path(self.data_prefix["img"])
        if not img_root.is_dir():
            raise FileNotFoundError(
                f'{img_root}: image folder not found. Check data_root and data_prefix["img"].'
            )
        paths = sorted(Path(path) for path in _files_below(img_root, self.img_suffix))
        if not paths:
            raise FileNotFoundError(
                f"{img_root}: no image *{self.img_suffix} in or below this folder. Check "
                f'data_prefix["img"] and img_suffix.'
            )
        stems = [path.with_name(path.name.removesuffix(self.img_suffix)) for path in paths]
        unique = len({stem.name for stem in stems}) == len(stems)
        infos = [
            dict(
                img_path=str(img_root / path),
                img_id=stem.name if unique else stem.as_posix(),
                seg_map_path=None,
                id_format=self.id_format,
            )
            for path, stem in zip(paths, stems, strict=True)
        ]
        if "seg" not in self.data_prefix:
            return infos, []
        return self._add_label_maps(infos, [f"{stem}{self.seg_map_suffix}" for stem in stems])

    def _add_label_maps(
        self, infos: list[dict], names: list[str]
    ) -> tuple[list[dict], list[Exception]]:
        """Set ``seg_map_path`` where the label map exists, and make an error where not."""
        seg_root = Path(self.data_prefix["seg"])
        found = _files_below(seg_root, self.seg_map_suffix)
        left = sorted(found - set(names))
        if left:
            print_log(
                f"{seg_root}: {len(left)} of {len(found)} label maps without image, the first is "
                f"{left[0]!r}. They are not used; if images are missing from "
                f"{self.data_prefix['img']}, unpack them.",
                logger="current",
                level=logging.WARNING,
            )
        faults = [
            FileNotFoundError(
                f'{seg_root / name}: label map not found. Check data_prefix["seg"] and '
                f"seg_map_suffix; instanceIds maps are made from polygons by "
                f"cityscapesscripts.preparation.json2instanceImg. For images without ground truth "
                f'leave data_prefix["seg"] out.'
            )
            for name in names
            if name not in found
        ]
        labelled = [
            {**info, "seg_map_path": str(seg_root / name)}
            for info, name in zip(infos, names, strict=True)
            if name in found
        ]
        return labelled, faults

    def read_segments(self, data_info: dict) -> list[Segment]:
        """Return the segments of one image; reads its label map."""
        return read_true_segments(data_info, self._metainfo["classes"])[1]


def _files_below(folder: Path, suffix: str) -> set[str]:
    """Paths of the files that end so, relative to the folder; none if there is no folder."""
    try:
        # scandir follows links to folders, which pathlib does not do.
        return set(scandir(folder, suffix, recursive=True)) if folder.is_dir() else set()
    except PermissionError as error:
        raise PermissionError(
            f"{error.filename}: no permission to read this folder. Change its rights."
        ) from error
