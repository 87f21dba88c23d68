import pytest
import torch
from mmdet.models.task_modules.assigners import AssignResult
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.structures.bbox import bbox2roi
from mmengine.structures import InstanceData

from mmhps.models.roi_heads.instance_roi_head import (
    _answered,
    _match_and_fall_back,
    _roi_instances,
)


def boxes(*rows):
    return torch.tensor(rows, dtype=torch.float32)


@pytest.fixture
def sample():
    """Ground truth 0 with two RoIs (IoU 0.5 and 0.9) and its own box; 1 with its own box only."""
    gt = boxes([0, 0, 10, 10], [20, 20, 30, 30])
    priors = boxes([0, 0, 10, 10], [20, 20, 30, 30], [0, 0, 10, 5], [0, 0, 10, 9], [50, 50, 60, 60])
    assigned = AssignResult(
        num_gts=2,
        gt_inds=torch.tensor([1, 2, 1, 1, 0]),
        max_overlaps=torch.tensor([1, 1, 0.5, 0.9, 0]),
        labels=torch.tensor([1, 0, 1, 1, -1]),
    )
    flags = torch.tensor([1, 1, 0, 0, 0], dtype=torch.uint8)
    result = SamplingResult(
        torch.tensor([0, 1, 2, 3]), torch.tensor([4]), priors, gt, assigned, flags
    )
    return result, InstanceData(bboxes=gt, labels=torch.tensor([1, 0]))


def test_best_roi_per_instance(sample):
    sampled, gt = sample
    scores = torch.arange(15.0).view(5, 3)
    masks = torch.arange(4.0)[:, None, None, None].expand(4, 2, 1, 1)
    one = _roi_instances(sampled, gt, scores, masks, 1)
    # The RoI of IoU 0.9 comes before the ground-truth box itself; 1 has nothing else.
    assert one.gt_inds.tolist() == [0, 1]
    assert one.bboxes.tolist() == [[0, 0, 10, 9], [20, 20, 30, 30]]
    assert one.labels.tolist() == [1, 0]
    assert one.scores.tolist() == [10.0, 3.0]
    assert one.all_mask_logits[:, 0, 0, 0].tolist() == [3.0, 1.0]
    two = _roi_instances(sampled, gt, scores, masks, 2)
    assert two.gt_inds.tolist() == [0, 0, 1]


def test_missed_ground_truth_falls_back_to_its_roi(sample):
    sampled, gt = sample
    rois = _roi_instances(sampled, gt, torch.zeros(5, 3), torch.zeros(4, 2, 1, 1), 1)
    found = InstanceData(
        bboxes=boxes([0, 0, 10, 8], [40, 40, 50, 50]),
        labels=torch.tensor([1, 1]),
        scores=torch.tensor([0.9, 0.8]),
        class_scores=torch.zeros(2, 3),
        detected=torch.tensor([True, True]),
        all_mask_logits=torch.ones(2, 2, 1, 1),
    )
    merged = _match_and_fall_back(found, rois, gt, 0.5)
    assert merged.gt_inds.tolist() == [0, -1, 1]
    assert merged.bboxes[2].tolist() == [20, 20, 30, 30]
    assert merged.detected.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("known", "asked", "answer", "expected"),
    [
        ([1.0, 2.0], [7.0, 8.0], [-1, 1, -1, 0], [7, 2, 8, 1]),
        ([], [7.0, 8.0], [-1, -1], [7, 8]),  # no RoI was sampled
        ([1.0, 2.0], [], [1, 1], [2, 2]),
        ([], [], [], []),
    ],
)
def test_answers_that_are_known_and_those_that_were_asked_for(known, asked, answer, expected):
    rows = torch.tensor(known)[:, None], torch.tensor(asked)[:, None]
    found = _answered(*rows, torch.tensor(answer, dtype=torch.long))
    assert found.flatten().tolist() == expected


def test_unknown_source_of_instances(build_model):
    with pytest.raises(ValueError, match="'detections' or 'rois', got 'boxes'"):
        build_model("mini/hps_r18_mini.py", roi_head=dict(train_instances="boxes"))


def test_training_detections_are_those_of_testing(build_model, make_batch):
    """All proposals count, not only the sampled ones, and ground-truth boxes are none of them."""
    model = build_model("mini/hps_r18_mini.py", roi_head=dict(train_score_thr=0.0)).eval()
    data = model.data_preprocessor(make_batch(), training=True)
    samples = data["data_samples"]
    x = model.extract_feat(data["inputs"])
    proposals = model.rpn_head.predict(x, samples, rescale=False)
    expected = model.roi_head.predict_instances(x, proposals, samples)
    _, instances = model.roi_head.loss_and_instances(x, proposals, samples)
    for image, peer in zip(instances, expected, strict=True):
        found = image[image.detected]
        assert len(found) == len(peer) > 0
        for key in ("bboxes", "labels", "scores", "mask_logits"):
            torch.testing.assert_close(found[key], peer[key], msg=key)
        assert found.scores.requires_grad and not found.bboxes.requires_grad


def test_without_detections_every_instance_falls_back(build_model, make_batch):
    model = build_model("mini/hps_r18_mini.py").train()
    data = model.data_preprocessor(make_batch(), training=True)
    x = model.extract_feat(data["inputs"])
    proposals = [InstanceData(bboxes=torch.zeros(0, 4), scores=torch.zeros(0)) for _ in range(2)]
    losses, instances = model.roi_head.loss_and_instances(x, proposals, data["data_samples"])
    for image in instances:
        assert image.gt_inds.tolist() == [0, 1]
        assert not image.detected.any()
        assert image.bboxes.tolist() == [[8, 8, 40, 48], [30, 20, 60, 60]]
    losses["loss_cls"].backward()


def test_prediction_is_that_of_the_standard_head(build_model, make_batch):
    model = build_model("mini/hps_r18_mini.py").eval()
    data = model.data_preprocessor(make_batch())
    samples = data["data_samples"]
    with torch.no_grad():
        x = model.extract_feat(data["inputs"])
        proposals = model.rpn_head.predict(x, samples, rescale=False)
        ours = model.roi_head.predict_instances(x, proposals, samples)
        peers = model.roi_head.predict(x, proposals, samples, rescale=False)
    for our, peer in zip(ours, peers, strict=True):
        assert len(our) > 0
        torch.testing.assert_close(our.bboxes, peer.bboxes)
        torch.testing.assert_close(our.scores, peer.scores)
        assert torch.equal(our.labels, peer.labels)
        rois = bbox2roi([our.bboxes if o is our else o.bboxes[:0] for o in ours])
        masks = model.roi_head._mask_forward(x, rois)["mask_preds"].detach()
        chosen = masks[torch.arange(len(our)), our.labels]
        torch.testing.assert_close(our.mask_logits, chosen)


@pytest.mark.parametrize("class_gradient", [True, False])
def test_panoptic_gradient_reaches_the_classifier_through_equation_1(
    build_model, make_batch, class_gradient
):
    model = build_model(
        "mini/hps_r18_mini.py",
        roi_head=dict(class_gradient=class_gradient),
        panoptic_fusion_head=dict(score_weight=0.0),
    ).train()
    data = model.data_preprocessor(make_batch(), training=True)
    model(**data, mode="loss")["loss_panoptic"].backward()
    gradient = model.roi_head.bbox_head.fc_cls.weight.grad
    assert (gradient is not None and bool(gradient.abs().sum() > 0)) is class_gradient


def test_each_instance_gets_the_mask_of_its_class(build_model):
    model = build_model("mini/hps_r18_mini.py")
    masks = torch.arange(2.0)[:, None, None, None] * 10 + torch.arange(8.0)[None, :, None, None]
    chosen = model.roi_head._choose_class(
        InstanceData(
            labels=torch.tensor([2, 5]),
            class_scores=torch.full((2, 9), 1 / 9),
            all_mask_logits=masks.expand(2, 8, 1, 1),
        )
    )
    assert chosen.mask_logits.flatten().tolist() == [2.0, 15.0]
