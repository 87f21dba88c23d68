import dataclasses

import pytest
import torch
from mmdet.models.task_modules.assigners import AssignResult
from mmdet.models.task_modules.samplers import SamplingResult
from mmengine.structures import InstanceData

from mmhps.models.roi_heads.training_instances import (
    GroundTruthBoxes,
    best_rois,
    match_and_fall_back,
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
    one = best_rois(sampled, len(gt), scores, 1)
    # The RoI of IoU 0.9 comes before the ground-truth box itself; 1 has nothing else.
    assert one.gt_inds.tolist() == [0, 1]
    assert one.bboxes.tolist() == [[0, 0, 10, 9], [20, 20, 30, 30]]
    assert one.labels.tolist() == [1, 0]
    assert one.class_scores.tolist() == [[9.0, 10.0, 11.0], [3.0, 4.0, 5.0]]
    assert one.mask_rows.tolist() == [3, 1]
    assert len(one.extra_boxes) == 0
    two = best_rois(sampled, len(gt), scores, 2)
    assert two.gt_inds.tolist() == [0, 0, 1]


def test_missed_ground_truth_falls_back_to_its_roi(sample):
    sampled, gt = sample
    rois = best_rois(sampled, len(gt), torch.zeros(5, 3), 1)
    found = InstanceData(
        bboxes=boxes([0, 0, 10, 8], [40, 40, 50, 50]),
        labels=torch.tensor([1, 1]),
        class_scores=torch.zeros(2, 3),
    )
    merged = match_and_fall_back(found, rois, gt, sampled, 0.5)
    assert merged.gt_inds.tolist() == [0, -1, 1]
    assert merged.bboxes[2].tolist() == [20, 20, 30, 30]
    assert merged.detected.tolist() == [True, True, False]
    # Four positive RoIs come first, then the two detections; the fallback is positive RoI 1.
    assert merged.mask_rows.tolist() == [4, 5, 1]
    assert torch.equal(merged.extra_boxes, found.bboxes)


def test_candidates_that_match(sample):
    """The unmatched detection goes, and with it the second of the two extra boxes."""
    sampled, gt = sample
    rois = best_rois(sampled, len(gt), torch.zeros(5, 3), 1)
    found = InstanceData(
        bboxes=boxes([40, 40, 50, 50], [0, 0, 10, 8]),
        labels=torch.tensor([1, 1]),
        class_scores=torch.arange(6.0).view(2, 3),
    )
    matched = match_and_fall_back(found, rois, gt, sampled, 0.5).matched(num_positive=4)
    assert matched.gt_inds.tolist() == [0, 1]
    assert matched.bboxes.tolist() == [[0, 0, 10, 8], [20, 20, 30, 30]]
    assert matched.class_scores.tolist() == [[3, 4, 5], [0, 0, 0]]
    assert matched.detected.tolist() == [True, False]
    # Four positive RoIs come first, then the one extra box; the fallback is positive RoI 1.
    assert matched.mask_rows.tolist() == [4, 1]
    assert matched.extra_boxes.tolist() == [[0, 0, 10, 8]]
    none = dataclasses.replace(matched, gt_inds=torch.tensor([-1, -1])).matched(num_positive=4)
    assert len(none.labels) == len(none.mask_rows) == len(none.extra_boxes) == 0


@pytest.mark.parametrize("matching", [[0], []])
def test_unmatched_instances_cost_no_masks(build_model, make_batch, monkeypatch, matching):
    """What remains is equal to the last field, and so are the losses."""
    model = build_model(
        "mini/hps_r18_mini.py",
        roi_head=dict(train_instances=dict(score_thr=0.0, match_iou=0.999)),
    ).eval()
    data = model.data_preprocessor(make_batch(), training=True)
    samples = data["data_samples"]
    x = model.extract_feat(data["inputs"])
    boxes = [sample.gt_instances.bboxes for sample in samples]
    proposals = model.rpn_head.predict(x, samples, rescale=False)
    # Detections are the proposals themselves, of which those in `matching` are the ground truth's.
    monkeypatch.setattr(
        model.roi_head,
        "suppress",
        lambda raw, _: (
            torch.cat([boxes[0][matching].float(), raw.bboxes[:5, :4]]),
            torch.cat([samples[0].gt_instances.labels[matching], torch.zeros(5).long()]),
            torch.arange(5 + len(matching)),
        ),
    )
    asked = []
    forward = model.roi_head._mask_forward
    monkeypatch.setattr(
        model.roi_head, "_mask_forward", lambda x, rois: asked.append(len(rois)) or forward(x, rois)
    )
    results = []
    for matched_only in (False, True):
        torch.manual_seed(0)
        results.append(model.roi_head.loss_and_instances(x, proposals, samples, matched_only))
    (all_losses, every), (losses, only) = results
    assert asked[0] - asked[1] == 5 * len(samples)
    for name, value in losses.items():
        torch.testing.assert_close(value, all_losses[name], msg=name)
    for image, rest in zip(every, only, strict=True):
        expected = image[image.gt_inds >= 0]
        assert (
            rest.gt_inds.tolist() == expected.gt_inds.tolist() == [*matching, *{0, 1} - {*matching}]
        )
        for key in ("bboxes", "labels", "scores", "mask_logits", "detected"):
            torch.testing.assert_close(getattr(rest, key), getattr(expected, key), msg=key)


def test_training_detections_are_those_of_testing(build_model, make_batch):
    """All proposals count, not only the sampled ones, and ground-truth boxes are none of them."""
    model = build_model(
        "mini/hps_r18_mini.py", roi_head=dict(train_instances=dict(score_thr=0.0))
    ).eval()
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
            torch.testing.assert_close(getattr(found, key), getattr(peer, key), msg=key)
        assert found.scores.requires_grad and not found.bboxes.requires_grad


@pytest.mark.parametrize("limit", [0, 3, 10_000])
def test_proposals_that_may_become_detections(build_model, make_batch, monkeypatch, limit):
    """The surest ones and the sampled ones: as if there were no others."""
    settings = dict(score_thr=0.0, max_proposals=limit)
    model = build_model("mini/hps_r18_mini.py", roi_head=dict(train_instances=settings)).eval()
    head = model.roi_head
    data = model.data_preprocessor(make_batch(), training=True)
    samples = data["data_samples"]
    x = model.extract_feat(data["inputs"])
    proposals = model.rpn_head.predict(x, samples, rescale=False)
    sampled = []
    sample = head.bbox_sampler.sample
    monkeypatch.setattr(
        head.bbox_sampler, "sample", lambda *a, **k: sampled.append(sample(*a, **k)) or sampled[-1]
    )
    _, instances = head.loss_and_instances(x, proposals, samples)
    remaining = []
    for image, result, gt in zip(proposals, sampled, samples, strict=True):
        added = len(gt.gt_instances)  # the sampler puts ground-truth boxes before the proposals
        rows = torch.cat([result.pos_inds, result.neg_inds]) - added
        rows = torch.cat([rows[rows >= 0], torch.arange(min(limit, len(image)))]).unique()
        assert len(rows) < len(image) or limit == 10_000
        remaining.append(image[rows])
    expected = head.predict_instances(x, remaining, samples)
    for image, peer in zip(instances, expected, strict=True):
        torch.testing.assert_close(image[image.detected].bboxes, peer.bboxes)
        torch.testing.assert_close(image[image.detected].scores, peer.scores)


def test_a_negative_number_of_proposals(build_model):
    roi_head = dict(train_instances=dict(max_proposals=-1))
    with pytest.raises(ValueError, match="max_proposals: expected 0 or more"):
        build_model("mini/hps_r18_mini.py", roi_head=roi_head)


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


def test_ground_truth_boxes(build_model, make_batch):
    strategy = dict(type="GroundTruthBoxes")
    model = build_model("mini/hps_r18_mini.py", roi_head=dict(train_instances=strategy)).train()
    batch, empty = make_batch(((64, 64),)), make_batch(((64, 64),), boxes=[])
    data = model.data_preprocessor({key: batch[key] + empty[key] for key in batch}, training=True)
    x = model.extract_feat(data["inputs"])
    proposals = model.rpn_head.predict(x, data["data_samples"], rescale=False)
    _, (instances, none) = model.roi_head.loss_and_instances(x, proposals, data["data_samples"])
    assert len(none) == 0
    assert instances.gt_inds.tolist() == [0, 1]
    assert instances.labels.tolist() == [2, 0]
    assert instances.bboxes.tolist() == [[8, 8, 40, 48], [30, 20, 60, 60]]
    assert instances.detected.all() and instances.scores.requires_grad


def test_part_of_the_ground_truth_boxes(build_model, make_batch):
    """Of two instances one is kept, of one as well; masks are those of the kept boxes."""
    strategy = dict(type="GroundTruthBoxes", keep=0.7)
    model = build_model("mini/hps_r18_mini.py", roi_head=dict(train_instances=strategy)).train()
    one = make_batch(((64, 64),), boxes=[[8, 8, 40, 48]])
    batches = make_batch(((64, 64), (64, 64))), one, make_batch(((64, 64),), boxes=[])
    merged = {key: [x for batch in batches for x in batch[key]] for key in one}
    data = model.data_preprocessor(merged, training=True)
    x = model.extract_feat(data["inputs"])
    proposals = model.rpn_head.predict(x, data["data_samples"], rescale=False)
    kept = set()
    for _ in range(6):
        _, images = model.roi_head.loss_and_instances(x, proposals, data["data_samples"])
        assert [len(image) for image in images] == [1, 1, 1, 0]
        kept |= {int(image.gt_inds) for image in images[:2]}
        for image in images[:2]:
            (g,) = image.gt_inds.tolist()
            assert image.labels.tolist() == [(2, 0)[g]]
            assert image.bboxes.tolist() == [([8, 8, 40, 48], [30, 20, 60, 60])[g]]
    assert kept == {0, 1}


@pytest.mark.parametrize("keep", [0, 1.1])
def test_share_of_the_ground_truth_boxes(keep):
    with pytest.raises(ValueError, match=f"keep: expected a share above 0 and up to 1, got {keep}"):
        GroundTruthBoxes(keep)


@pytest.mark.parametrize(
    "strategy", [dict(type="SampledRoIs"), dict(type="GroundTruthBoxes"), dict(type="Detections")]
)
def test_misspelt_options_are_an_error(build_model, strategy):
    strategy = dict(scores_thr=0.1, **strategy)
    with pytest.raises(TypeError, match="scores_thr"):
        build_model("mini/hps_r18_mini.py", roi_head=dict(train_instances=strategy))


def test_unknown_strategy(build_model):
    with pytest.raises(KeyError, match="boxes is not in the mmdet::task util registry"):
        build_model("mini/hps_r18_mini.py", roi_head=dict(train_instances=dict(type="boxes")))
