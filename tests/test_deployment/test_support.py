import pytest
import torch
from exported import config_of

from mmhps.deployment.support import check_exportable, preprocessing_of


def test_all_parts_that_are_unknown_are_named(build_model):
    model = build_model("mini/hps-isi_r18_mini.py")
    check_exportable(model)
    model.rpn_head = torch.nn.Identity()
    model.roi_head.mask_head = torch.nn.ReLU()
    with pytest.raises(ValueError, match="HPS cannot be exported: ") as error:
        check_exportable(model)
    assert "rpn_head is Identity, not RPNHead" in str(error.value)
    assert "roi_head.mask_head is ReLU, not FCNMaskHead" in str(error.value)


def test_each_of_several_priors(build_model):
    check_exportable(build_model("ablations/isi-imp.py"))
    parts = [dict(type="BackgroundAttention", in_channels=16), dict(type="InitialSegmentation")]
    prior = dict(_delete_=True, type="PriorSequence", priors=parts)
    model = build_model("ablations/isi-imp.py", prior=prior, semantic_head=dict(extra_channels=8))
    with pytest.raises(ValueError, match="prior.priors.0 is BackgroundAttention, not Init"):
        check_exportable(model)


def test_another_detector(build_model):
    with pytest.raises(ValueError, match="model is Linear, not HPS, PanopticFPN, Semantic"):
        check_exportable(torch.nn.Linear(1, 1))


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(test_cfg=dict(rpn=dict(nms=dict(type="soft_nms")))), "test_cfg.rpn.nms is 'soft_nms"),
        (dict(test_cfg=dict(rcnn=dict(nms=dict(type="soft_nms")))), "test_cfg.rcnn.nms is"),
        (dict(roi_head=dict(mask_head=dict(class_agnostic=True))), "one mask for all classes"),
        (dict(panoptic_fusion_head=dict(hidden_within_class=True)), "hidden_within_class is set"),
        (dict(rpn_head=dict(bbox_coder=dict(add_ctr_clamp=True))), "rpn_head.bbox_coder is not"),
    ],
)
def test_unusual_settings(settings, message, build_model):
    with pytest.raises(ValueError, match=message):
        check_exportable(build_model("mini/hps_r18_mini.py", **settings))


def test_low_mask_thresholds_of_mmdetection(build_model):
    settings = dict(test_cfg=dict(rcnn=dict(mask_thr_binary=0.3)))
    check_exportable(build_model("mini/hps_r18_mini.py", **settings))
    with pytest.raises(ValueError, match="mask_thr_binary is below 0.5"):
        check_exportable(build_model("mini/panoptic-fpn_r18_mini.py", **settings))


def test_preprocessing(build_model):
    model = build_model("mini/hps_r18_mini.py")
    steps = preprocessing_of(config_of(), model)
    assert (steps.scale, steps.keep_ratio, steps.divisor, steps.reverse) == ((96, 64), True, 32, 0)
    assert steps.mean == pytest.approx((123.675, 116.28, 103.53))
    assert steps.std == pytest.approx((58.395, 57.12, 57.375))


@pytest.mark.parametrize(
    "cfg",
    [
        config_of(steps=[dict(type="Pad", size=(10, 10))]),
        config_of(interpolation="nearest"),
        config_of(scale=None, scale_factor=2.0),
    ],
)
def test_other_pipelines_are_refused(cfg, build_model):
    with pytest.raises(ValueError, match="expected one bilinear Resize with a scale, got"):
        preprocessing_of(cfg, build_model("mini/hps_r18_mini.py"))
