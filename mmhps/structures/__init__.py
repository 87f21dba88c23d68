"""What all parts speak of: panoptic ids, segments, label files. Needs numpy and Pillow alone."""

from mmhps.structures.panoptic_ids import (
    INSTANCE_OFFSET,
    NO_SEGMENT,
    VOID,
    Segment,
    decode,
    encode,
    number_segments,
    panoptic_map,
    predicted_segments,
    unique_ids,
)

__all__ = [
    "INSTANCE_OFFSET",
    "NO_SEGMENT",
    "VOID",
    "Segment",
    "decode",
    "encode",
    "number_segments",
    "panoptic_map",
    "predicted_segments",
    "unique_ids",
]
