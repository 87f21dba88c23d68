"""What runs is recorded: on the smallest networks, with the flow known beforehand."""

import pytest
import torch
from mmengine.registry import init_default_scope

from mmhps.studies import data_flow
from mmhps.studies.data_flow import Step
from mmhps.studies.data_flow_picture import draw, find_lines, load, save


@pytest.fixture
def record(tiny_config):
    """Return a function that records the narrow network of a config."""

    def run(name):
        init_default_scope("mmdet")
        return {step.name: step for step in data_flow.record(tiny_config(name))}

    return run


def test_steps_stand_in_the_papers_order(record):
    steps = record("mini/hps-isi_r18_mini.py")
    assert list(steps) == [
        "data_preprocessor",
        "backbone",
        "neck",
        "rpn_head",
        "roi_head",
        "canvases",
        "prior",
        "semantic_head",
        "panoptic_fusion_head",
    ]
    assert steps["prior"].title == "InitialSegmentation"
    assert steps["prior"].source == "mmhps/models/priors/initial_segmentation.py"
    assert steps["backbone"].source == "mmdet"
    assert steps["roi_head"].methods == dict(
        loss=["loss_and_instances"], predict=["predict_instances"]
    )
    assert steps["rpn_head"].losses == ["loss_rpn_cls", "loss_rpn_bbox"]


def test_reads_what_it_computes_with(record):
    fusion = record("mini/hps-isi_r18_mini.py")["panoptic_fusion_head"]
    training = {"canvases", "ground truth", "roi_head", "semantic_head"}
    assert set(fusion.reads["loss"]) == training
    assert set(fusion.reads["predict"]) == {"roi_head", "semantic_head"}


def test_without_a_prior(record):
    """It is called and hands features on, but computes nothing; testing pastes no canvases."""
    steps = record("mini/hps_r18_mini.py")
    assert steps["prior"].title == "NoPrior"
    assert steps["prior"].reads == dict(loss=[], predict=[])
    assert set(steps["semantic_head"].reads["predict"]) == {"neck"}
    assert set(steps["canvases"].methods) == {"loss"}


def test_other_models_are_refused(tiny_config):
    init_default_scope("mmdet")
    with pytest.raises(ValueError, match="expected HPS, got PanopticFPN"):
        data_flow.record(tiny_config("mini/panoptic-fpn_r18_mini.py"))


def test_shapes_are_those_of_the_first_image_and_of_first_and_last_level():
    levels = torch.zeros(2, 8, 4, 4), torch.zeros(2, 8, 2, 2), torch.zeros(2, 8, 1, 1)
    images = [dict(bboxes=torch.zeros(3, 4)), dict(bboxes=torch.zeros(1, 4))]
    new = {id(tensor) for tensor in [*levels, *(image["bboxes"] for image in images)]}
    assert data_flow._shapes(levels, new) == ["2×8×4×4 … 2×8×1×1"]
    assert data_flow._shapes((dict(loss_cls=torch.zeros(())), images), new) == ["bboxes 3×4"]
    assert data_flow._shapes(images, set()) == []


STEPS = [
    Step("a", "A", "mmdet", dict(loss=["forward"]), dict(loss=["1"]), [], {}),
    Step("b", "B", "mmdet", dict(loss=["loss"]), {}, ["loss_b"], dict(loss=["a", "ground truth"])),
    Step("c", "C", "mmhps/c.py", dict(predict=["forward"]), {}, [], dict(predict=["a"])),
]


def test_lines_by_hand():
    truth, a = find_lines(STEPS)
    assert (truth.origin, truth.start, truth.ends) == ("ground truth", 0, [(1, True)])
    assert truth.beside == [(1, True)]
    assert (a.origin, a.start, a.ends) == ("a", 0, [(1, True), (2, False)])
    assert a.beside == [(2, False)]  # b is the next step


def test_picture_names_every_step_and_holds_them(tmp_path):
    save(STEPS, tmp_path / "flow.png")
    assert load(tmp_path / "flow.png") == STEPS
    shown = {text.get_text() for text in draw(STEPS).axes[0].texts}
    assert {"A", "B", "C", "loss_b", "ground truth", "mmhps/c.py"} <= shown
