"""Panoptic ids, segments and label files, which all other packages use. Needs no torch."""

from mmhps.structures.panoptic_ids import (
    INSTANCE_OFFSET,
    NO_SEGMENT,
    VOID,
    Segment,
    decode,
    distinct_ids,
    encode,
    number_segments,
    panoptic_map,
    predicted_segments,
    run_starts,
    unique_ids,
)

__all__ = [
    "INSTANCE_OFFSET",
    "NO_SEGMENT",
    "VOID",
    "Segment",
    "decode",
    "distinct_ids",
    "encode",
    "number_segments",
    "panoptic_map",
    "predicted_segments",
    "run_starts",
    "unique_ids",
]
