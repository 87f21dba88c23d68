"""Pure functions of tensors: the paper's equations, one per file, and what makes them fast."""

from .agreement import agreement
from .background_attention import background_attention, select_channels
from .canvas import box_cover, paste_canvases
from .class_term import class_terms, unknown_logits
from .confidence import class_confidence
from .consistency import consistency_loss, instance_confidence, thing_confidence
from .duplicates import merge_groups, merge_layers
from .fast_fusion import fused_argmax
from .gt_order import (
    ground_truth_order,
    ignore_uncovered,
    match_instances,
    panoptic_target,
    shrink_ids,
)
from .instance_maximum import instance_maximum
from .isi import initial_segmentation_image
from .layers import Layer, cut_layers, paste_windows, window_boxes
from .majority import majority_classes
from .occlusion import not_hidden
from .panoptic_logits import (
    panoptic_argmax,
    panoptic_logits,
    panoptic_loss,
    segment_weights,
    stuff_log_probabilities,
)
from .relation import (
    overlap_order,
    overlapping_pairs,
    pair_geometry,
    relation_loss,
    resolve_overlaps,
)
from .resampling import Resampled, resampled
from .soft_argmax import soft_argmax, soft_one_hot
from .spatial_ranking import class_map, mean_ranks, ranking_loss
from .upsampled_conv import conv_of_upsampled
from .weighted_mean import weighted_mean
from .winner_ids import winner_ids

__all__ = [
    "Layer",
    "Resampled",
    "agreement",
    "background_attention",
    "box_cover",
    "class_confidence",
    "class_map",
    "class_terms",
    "consistency_loss",
    "conv_of_upsampled",
    "cut_layers",
    "fused_argmax",
    "ground_truth_order",
    "ignore_uncovered",
    "initial_segmentation_image",
    "instance_confidence",
    "instance_maximum",
    "majority_classes",
    "match_instances",
    "mean_ranks",
    "merge_groups",
    "merge_layers",
    "not_hidden",
    "overlap_order",
    "overlapping_pairs",
    "pair_geometry",
    "panoptic_argmax",
    "panoptic_logits",
    "panoptic_loss",
    "panoptic_target",
    "paste_canvases",
    "paste_windows",
    "ranking_loss",
    "relation_loss",
    "resampled",
    "resolve_overlaps",
    "segment_weights",
    "select_channels",
    "shrink_ids",
    "soft_argmax",
    "soft_one_hot",
    "stuff_log_probabilities",
    "thing_confidence",
    "unknown_logits",
    "weighted_mean",
    "window_boxes",
    "winner_ids",
]
