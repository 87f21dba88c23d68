"""Which models can be exported, and what is done to an image before their network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmdet.models.dense_heads import RPNHead
from mmdet.models.detectors import BaseDetector
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.roi_heads.bbox_heads import ConvFCBBoxHead
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.models.task_modules import AnchorGenerator, DeltaXYWHBBoxCoder
from mmengine.config import Config
from torch import nn

from mmhps.datasets.wrapping import innermost_configs, type_name
from mmhps.models import (
    HPS,
    ConcatSemanticHead,
    InitialSegmentation,
    InstanceMaximum,
    InstanceRoIHead,
    NoPrior,
    PanopticFPN,
    PriorSemanticHead,
    PriorSequence,
    SamplingRoIExtractor,
    SemanticPlusInstance,
)

from .fusion import FUSIONS
from .network import Preprocessing

__all__ = ["check_exportable", "preprocessing_of"]

_DETECTORS = (HPS, PanopticFPN, SemanticPlusInstance)
_EXTRACTORS = (SingleRoIExtractor, SamplingRoIExtractor)
_NO_PIXELS = ("LoadAnnotations", "LoadPanopticAnnotations", "LoadPanopticIds", "LoadImageFromFile")
_PANOPTIC_OPTIONS = ("mask_overlap", "stuff_area_limit", "stuff_score_thr")
_PACKING = ("PackDetInputs", "PackPanopticInputs")


def check_exportable(model: BaseDetector) -> None:
    """Raise a ValueError that lists the parts of a model that cannot be exported."""
    problems = list(_unknown(model))
    if not problems:
        problems = list(_unusual(model))
    if problems:
        raise ValueError(
            f"{type(model).__name__} cannot be exported: {'; '.join(problems)}. Use the PyTorch "
            f"model, or teach mmhps.deployment the part."
        )


def _unknown(model: BaseDetector) -> Iterator[str]:
    """Parts of other classes than those whose Python this package replaces."""
    if type(model) not in _DETECTORS:
        yield _wrong("model", model, _DETECTORS)
        return
    instances = getattr(model, "instance_network", model)
    semantic = getattr(model, "semantic_network", model)
    roi = instances.roi_head
    expected = dict(
        panoptic_fusion_head=(model.panoptic_fusion_head, FUSIONS),
        rpn_head=(instances.rpn_head, (RPNHead,)),
        roi_head=(roi, (StandardRoIHead, InstanceRoIHead)),
        semantic_head=(semantic.semantic_head, (ConcatSemanticHead, PriorSemanticHead)),
    )
    if type(roi) in expected["roi_head"][1]:
        expected["roi_head.bbox_roi_extractor"] = (roi.bbox_roi_extractor, _EXTRACTORS)
        expected["roi_head.mask_roi_extractor"] = (roi.mask_roi_extractor, _EXTRACTORS)
        expected["roi_head.mask_head"] = (roi.mask_head, (FCNMaskHead,))
        if not isinstance(roi.bbox_head, ConvFCBBoxHead):
            yield _wrong("roi_head.bbox_head", roi.bbox_head, (ConvFCBBoxHead,))
    if isinstance(model, HPS):
        several = type(model.prior) is PriorSequence
        for i, prior in enumerate(model.prior.priors if several else [model.prior]):
            name = f"prior.priors.{i}" if several else "prior"
            expected[name] = (prior, (NoPrior, InitialSegmentation, InstanceMaximum))
    for name, (part, classes) in expected.items():
        if type(part) not in classes:
            yield _wrong(name, part, classes)


def _unusual(model: BaseDetector) -> Iterator[str]:
    """Settings of known parts that are not provided for."""
    instances = getattr(model, "instance_network", model)
    rpn, roi = instances.rpn_head, instances.roi_head
    for name, part in (("rpn_head", rpn), ("roi_head.bbox_head", roi.bbox_head)):
        coder = part.bbox_coder
        if type(coder) is not DeltaXYWHBBoxCoder or coder.add_ctr_clamp:
            yield f"{name}.bbox_coder is not a plain DeltaXYWHBBoxCoder"
    if type(rpn.prior_generator) is not AnchorGenerator or not rpn.use_sigmoid_cls:
        yield "rpn_head is not one with an AnchorGenerator and sigmoid scores"
    for name, cfg in (("rpn", rpn.test_cfg), ("rcnn", roi.test_cfg)):
        if cfg.nms.get("type", "nms") != "nms":
            yield f"test_cfg.{name}.nms is {cfg.nms.type!r}, not 'nms'"
    yield from _unusual_masks(model, roi)


def _unusual_masks(model: BaseDetector, roi: nn.Module) -> Iterator[str]:
    """The same of what pools and fuses masks."""
    for name in ("bbox_roi_extractor", "mask_roi_extractor"):
        for layer in getattr(roi, name).roi_layers[:1]:
            if getattr(layer, "pool_mode", "") != "avg" or not layer.aligned:
                yield f"roi_head.{name} is not RoIAlign with averages and aligned=True"
    if unknown := set(model.panoptic_fusion_head.test_cfg) - set(_PANOPTIC_OPTIONS):
        yield f"test_cfg.panoptic has the rules {sorted(unknown)}, which are not provided for"
    if model.panoptic_fusion_head.hidden_within_class:
        yield "panoptic_fusion_head.hidden_within_class is set"
    if roi.mask_head.class_agnostic:
        yield "roi_head.mask_head has one mask for all classes"
    if not isinstance(model, HPS) and roi.test_cfg.mask_thr_binary < 0.5:
        yield "test_cfg.rcnn.mask_thr_binary is below 0.5, so that masks reach beyond their boxes"


def _wrong(name: str, part: nn.Module, classes: tuple[type, ...]) -> str:
    known = ", ".join(sorted(cls.__name__ for cls in classes))
    return f"{name} is {type(part).__name__}, not {known}"


def preprocessing_of(cfg: Config, model: BaseDetector) -> Preprocessing:
    """Read what the test pipeline and the data preprocessor do to an image.

    Raises:
        ValueError: They do more than resizing, normalizing and padding.
    """
    (dataset, *_) = innermost_configs(cfg.test_dataloader.dataset)
    steps = [s for s in dataset["pipeline"] if type_name(s) not in _NO_PIXELS + _PACKING]
    if [type_name(step) for step in steps] != ["Resize"] or not _plain(steps[0]):
        raise ValueError(
            f"test_dataloader.dataset.pipeline: expected one bilinear Resize with a scale, got "
            f"{steps}. Remove what else it does to the image."
        )
    first = model.data_preprocessor
    if not first._enable_normalize:
        raise ValueError("data_preprocessor: expected mean and std, got none. Set 0 and 1.")
    return Preprocessing(
        scale=tuple(steps[0]["scale"]),
        keep_ratio=steps[0].get("keep_ratio", False),
        mean=tuple(first.mean.flatten().tolist()),
        std=tuple(first.std.flatten().tolist()),
        reverse=not first._channel_conversion,
        divisor=first.pad_size_divisor,
        pad_value=float(first.pad_value),
    )


def _plain(resize: Mapping) -> bool:
    """Whether a resize is one to a fixed scale, by OpenCV, bilinear."""
    usual = dict(backend="cv2", interpolation="bilinear")
    return isinstance(resize.get("scale"), tuple | list) and all(
        resize.get(key, value) == value for key, value in usual.items()
    )
