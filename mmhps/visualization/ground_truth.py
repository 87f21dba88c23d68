"""Read ground truth at its original size, as a panoptic map that can be drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmhps.datasets.transforms.loading import FIRST_SEGMENT, LoadPanopticIds
from mmhps.structures import VOID, encode


def read_ground_truth(
    info: Mapping[str, Any], classes: Sequence[str], thing_classes: Sequence[str]
) -> np.ndarray:
    """Read the ground truth of an image from its label file.

    Crowds keep the label of their class, without an instance: they are drawn without outline.

    Args:
        info: ``seg_map_path``, ``id_format`` ('cityscapes' or 'coco') and, for COCO,
            ``segments``: a data info of the datasets, or the meta information of a sample.
        classes: Names of the classes, things first.
        thing_classes: Names of the things among them.

    Returns:
        Panoptic map at the size of the file, (H, W) int32: ``label`` for stuff and crowds,
        ``label + 1000 * k`` (k = 1, 2, …) for instances, 255 for void.

    Raises:
        ValueError: There is no label file, or it does not hold what the data set promises.
        OSError: The file is missing or broken.
    """
    if not info.get("seg_map_path"):
        raise ValueError(
            f"seg_map_path: there is no ground truth for {info.get('img_path', 'this image')}. "
            f'Set data_prefix["seg"] of the data set to the folder of the label maps.'
        )
    loaded = LoadPanopticIds().transform({**info, "classes": tuple(classes)})
    table = np.full(FIRST_SEGMENT + len(loaded["segments"]), VOID, dtype=np.int32)
    instances = 0
    for value, segment in enumerate(loaded["segments"], start=FIRST_SEGMENT):
        if segment.label < len(thing_classes) and not segment.iscrowd:
            instances += 1
            table[value] = encode(segment.label, instances)
        else:
            table[value] = segment.label
    return table[loaded["gt_seg_map"]]
