"""Read ground truth at its original size, as a panoptic map that can be drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmhps.structures import panoptic_map
from mmhps.structures.id_formats import read_true_segments


def read_ground_truth(
    info: Mapping[str, Any], classes: Sequence[str], thing_classes: Sequence[str]
) -> np.ndarray:
    """Read the ground truth of an image from its label file.

    Crowds keep the label of their class, without an instance: they are drawn without outline.

    Args:
        info: ``seg_map_path``, ``id_format`` and, for COCO, ``segments``: a data info of the data
            sets, or the meta information of a sample.
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
    ids, segments = read_true_segments(info, classes)
    return panoptic_map(ids, segments, len(thing_classes))
