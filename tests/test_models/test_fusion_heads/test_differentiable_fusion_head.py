import math
from dataclasses import replace

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData
from model_parts import flat_instances

from mmhps.functional import resampled
from mmhps.models import DifferentiableFusionHead
from mmhps.models.instances import paste

T, S = 2, 2
META = dict(img_shape=(4, 8), ori_shape=(4, 8), scale_factor=(1.0, 1.0))


def head(**kwargs):
    options = dict(
        num_things_classes=T,
        num_stuff_classes=S,
        mask_scale=1.0,
        score_weight=0.0,
        stuff_values="logits",
        void_things=False,
        loss_weight=1.0,
        segment_power=0.0,
        test_cfg=dict(mask_overlap=1.0, stuff_area_limit=0),
    )
    return DifferentiableFusionHead(**{**options, **kwargs})


def instances(boxes, labels, scores, logits, gt_inds=None):
    gt_inds = None if gt_inds is None else torch.tensor(gt_inds, dtype=torch.long)
    return flat_instances(boxes, labels, scores, logits, T, gt_inds=gt_inds)


def loss_of(fusion, image, logits, truth):
    """The panoptic loss of one image with canvases of the size of the logits (1, T + S, h, w)."""
    canvases = paste(image, logits.shape[-2:], 1.0)
    return fusion.loss([image], [canvases], logits, [truth])["loss_panoptic"]


def semantics(left_stuff=3.0, size=(4, 8)):
    """Stuff 0 wins the left half and stuff 1 the right half, by ``left_stuff`` over zero."""
    logits = torch.zeros(T + S, *size)
    logits[T, :, : size[1] // 2] = left_stuff
    logits[T + 1, :, size[1] // 2 :] = left_stuff
    return logits


def fuse(fusion, image, logits=None, meta=META, rescale=False):
    logits = semantics() if logits is None else logits
    size = tuple(meta["ori_shape" if rescale else "img_shape"])
    return fusion.predict([image], [resampled(logits, size)], [meta], rescale=rescale)[0].sem_seg[0]


def test_no_instances():
    ids = fuse(head(), instances([], [], [], []))
    assert ids.dtype == torch.int32
    assert torch.equal(ids, torch.tensor([[2] * 4 + [3] * 4] * 4, dtype=torch.int32))


def test_canvas_competes_with_stuff_logits():
    image = instances([[0, 0, 2, 4], [6, 0, 8, 4]], [1, 0], [0.9, 0.8], [4.0, 2.0])
    # 4 beats the stuff logit 3, 2 does not.
    assert fuse(head(), image)[0].tolist() == [1001, 1001, 2, 2, 3, 3, 3, 3]
    # On twice the scale both win; ids count the instances.
    assert fuse(head(mask_scale=2.0), image)[0].tolist() == [1001, 1001, 2, 2, 3, 3, 2000, 2000]


def test_log_probabilities_are_those_of_all_classes():
    logits = semantics()
    logits[0, :, 1] = 3.0
    image = instances([[0, 0, 2, 4]], [1], [0.5], [0.1])
    assert fuse(head(score_weight=1.0), image, logits)[0, :2].tolist() == [2, 2]
    # The canvas holds 0.1 + log(0.5) = -0.6. Stuff 0 has log(0.87) = -0.1, and log(0.48) = -0.7
    # where a thing is as likely.
    fusion = head(score_weight=1.0, stuff_values="log_probabilities")
    assert fuse(fusion, image, logits)[0, :2].tolist() == [2, 1001]


def test_loss_of_log_probabilities_by_hand():
    # One pixel: two things and two stuff classes share alike, so stuff has 1/4 each; the canvas
    # holds log(1/2).
    image = instances([[0, 0, 1, 1]], [1], [1.0], [math.log(0.5)], [0])
    logits = torch.zeros(1, T + S, 1, 1, requires_grad=True)
    fusion = head(stuff_values="log_probabilities")
    loss = loss_of(fusion, image, logits, sample([[1001] * 4] * 4, 1, (4, 4)))
    assert loss.item() == pytest.approx(math.log(2))
    loss.backward()
    # Both gain: the things, as the pixel is one, and nothing outside of a box counts.
    assert (logits.grad[0, :T] < 0).all() and (logits.grad[0, T:] > 0).all()


def test_scale_sharpens_values_and_by_choice_gradients():
    """One pixel of an instance against two stuff classes with logits of 0."""

    def loss_and_gradient(**options):
        image = instances([[0, 0, 1, 1]], [1], [1.0], [math.log(2) / 4], [0])
        masks = image.mask_logits.clone().requires_grad_()
        logits = torch.zeros(1, T + S, 1, 1)
        truth = sample([[1001] * 4] * 4, 1, (4, 4))
        loss = loss_of(head(**options), replace(image, mask_logits=masks), logits, truth)
        loss.backward()
        return loss.item(), masks.grad.sum().item()

    # exp(4 * log(2) / 4) = 2 of 2 + 1 + 1: the probability, and one minus it, is 1/2.
    assert loss_and_gradient(mask_scale=4.0) == pytest.approx((math.log(2), -0.5))
    scaled = loss_and_gradient(mask_scale=4.0, scale_gradient=True)
    assert scaled == pytest.approx((math.log(2), -2.0))


def test_the_panoptic_loss_raises_scores_unless_it_is_told_not_to():
    """A canvas holds log(1/2) against one stuff class of 0: its probability is 1/3."""

    def score_gradient(**options):
        image = instances([[0, 0, 1, 1]], [1], [0.5], [0.0], [0])
        scores = image.scores.clone().requires_grad_()
        logits = torch.tensor([0.0, 0.0, 0.0, -1e9]).view(1, T + S, 1, 1).requires_grad_()
        fusion = head(score_weight=1.0, **options)
        loss_of(
            fusion, replace(image, scores=scores), logits, sample([[1001] * 4] * 4, 1, (4, 4))
        ).backward()
        return scores.grad

    # d(-log p) / d(score) = -(1 - 1/3) / 0.5
    assert score_gradient().item() == pytest.approx(-4 / 3)
    assert score_gradient(score_gradient=False) is None


def test_stuff_of_low_confidence_becomes_void():
    logits = semantics()
    image = instances([[0, 0, 2, 4]], [1], [0.9], [6.0])
    sure = fuse(head(), image, logits)
    # Logits of 3 and three of 0: exp(3) / (exp(3) + 3) = 0.870.
    assert torch.equal(fuse(head(test_cfg=dict(stuff_score_thr=0.86)), image, logits), sure)
    void = fuse(head(test_cfg=dict(stuff_score_thr=0.88)), image, logits)
    assert void[0].tolist() == [1001, 1001] + [T + S] * 6


def test_score_decides_between_overlapping_instances():
    image = instances([[0, 0, 4, 4], [2, 0, 6, 4]], [0, 1], [0.9, 0.3], [6.0, 6.5])
    assert fuse(head(), image)[0].tolist() == [1000, 1000, 2001, 2001, 2001, 2001, 3, 3]
    # log(0.9 / 0.3) = 1.1 outweighs the difference of 0.5.
    by_score = fuse(head(score_weight=1.0), image)[0].tolist()
    assert by_score == [1000, 1000, 1000, 1000, 2001, 2001, 3, 3]


def test_nearly_hidden_instances_drop_out():
    image = instances([[0, 0, 4, 4], [1, 0, 5, 4]], [0, 1], [0.9, 0.8], [6.0, 7.0])
    assert fuse(head(), image)[0].tolist() == [1000] + [2001] * 4 + [3, 3, 3]
    # Three of four columns lie behind the instance of the higher score.
    dropped = fuse(head(test_cfg=dict(mask_overlap=0.5)), image)[0].tolist()
    assert dropped == [1000] * 4 + [3, 3, 3, 3]


def test_same_class_canvases_merge():
    # IoU 3/4. Merged, one instance claims the left half; apart, they share it.
    image = instances([[0, 0, 4, 4], [1, 0, 4, 4]], [0, 0], [0.9, 0.8], [6.0, 7.0])
    assert fuse(head(merge_iou=0.5), image).unique().tolist() == [3, 1000]
    assert fuse(head(merge_iou=0.9), image).unique().tolist() == [3, 1000, 2000]


def test_small_stuff_becomes_void():
    logits = semantics()
    logits[:, 0, 0] = torch.tensor([0.0, 0.0, -5.0, 5.0])
    limited = head(test_cfg=dict(stuff_area_limit=16))
    ids = fuse(limited, instances([], [], [], []), logits)
    # Stuff 0 has 15 pixels left, stuff 1 has 17.
    assert (ids == T + S).sum() == 15
    assert (ids == 3).sum() == 17


def test_void_things():
    logits = semantics()
    logits[0, 0, :2] = 9.0
    image = instances([[0, 0, 1, 4]], [0], [0.9], [6.0])
    assert fuse(head(), image, logits)[0, :3].tolist() == [1000, 2, 2]
    assert fuse(head(void_things=True), image, logits)[0, :3].tolist() == [1000, 4, 2]


def test_rescale_moves_boxes_to_the_original_size():
    image = instances([[0, 0, 2, 4]], [1], [0.9], [4.0])
    meta = dict(META, ori_shape=(8, 16), scale_factor=(0.5, 0.5))
    ids = fuse(head(), image, semantics(size=(8, 16)), meta, rescale=True)
    assert (ids == 1001).sum() == 8 * 4


def sample(panoptic, num_gt, padded):
    data = DetDataSample(metainfo=dict(batch_input_shape=padded))
    data.gt_panoptic_seg = PixelData(sem_seg=torch.tensor(panoptic)[None])
    data.gt_instances = InstanceData(labels=torch.zeros(num_gt, dtype=torch.long))
    return data


def test_loss_by_hand():
    # Two pixels at one quarter of the resolution: stuff 0 left, ground-truth instance 0 right.
    image = instances([[1, 0, 2, 1]], [1], [1.0], [math.log(2)], [0])
    gt = [[2] * 4 + [1001] * 4] * 4
    logits = torch.zeros(1, T + S, 1, 2)
    truth = sample(gt, 1, (4, 8))
    loss = loss_of(head(), image, logits, truth)
    # Left: stuff 0 and stuff 1 share alike, the instance is no candidate; right: 1, 1 against 2.
    assert loss.item() == pytest.approx(math.log(2))
    # With an empty canvas at 0 three share the left pixel.
    filled = loss_of(head(empty=0.0), image, logits, truth)
    assert filled.item() == pytest.approx((math.log(3) + math.log(2)) / 2)
    halved = loss_of(head(loss_weight=0.5), image, logits, truth)
    assert halved.item() == pytest.approx(loss.item() / 2)


def test_loss_ignores_padding_and_missing_instances():
    image = instances([], [], [], [])
    gt = [[2] * 4 + [1001] * 4] * 4
    logits = torch.zeros(1, T + S, 1, 4, requires_grad=True)
    loss = loss_of(head(), image, logits, sample(gt, 1, (4, 16)))
    assert loss.item() == pytest.approx(math.log(2))
    loss.backward()
    assert logits.grad[..., 1:].abs().sum() == 0


def test_several_rois_of_an_instance_are_averaged():
    two = instances([[0, 0, 2, 1], [0, 0, 1, 1]], [1, 1], [0.25, 0.75], [1.0, 3.0], [0, 0])
    merged = paste(two, (1, 2), 1.0).merged(torch.tensor([0, 0]))
    assert merged.logits.tolist() == [[[2.0, 1.0]]]
    assert merged.cover.tolist() == [[[True, True]]]
    assert merged.labels.tolist() == [1]
    assert merged.scores.tolist() == [0.5]


def test_unknown_stuff_values():
    with pytest.raises(ValueError, match="'logits' or 'log_probabilities', got 'softmax'"):
        head(stuff_values="softmax")


def test_slivers_left_by_voided_things_are_small_stuff():
    logits = semantics(0.0)
    logits[T] = 1.0
    logits[0, :, :6] = 9.0
    ids = fuse(
        head(void_things=True, test_cfg=dict(stuff_area_limit=16)),
        instances([], [], [], []),
        logits,
    )
    # Of 32 pixels of stuff 0, 24 look like a thing; the 8 that remain are below the limit.
    assert (ids == T + S).all()


def test_pixels_outside_of_the_own_box_are_ignored():
    image = instances([[0, 0, 1, 1]], [1], [1.0], [0.0], [0])
    logits = torch.zeros(1, T + S, 1, 2, requires_grad=True)
    gt = sample([[1001] * 8] * 4, 1, (4, 8))
    loss_of(head(), image, logits, gt).backward()
    assert (logits.grad[0, T:, 0, 0] > 0).all()
    assert (logits.grad[..., 1] == 0).all()


@pytest.mark.parametrize("compete", [True, False])
def test_false_detections_compete(compete):
    image = instances([[0, 0, 1, 1]] * 2, [1, 1], [1.0, 1.0], [0.0, 0.0], [0, -1])
    logits = torch.zeros(1, T + S, 1, 1)
    gt = sample([[1001] * 4] * 4, 1, (4, 4))
    loss = loss_of(head(false_detections=compete), image, logits, gt)
    # Two stuff classes, the instance and, if it competes, the false detection share alike.
    assert loss.item() == pytest.approx(math.log(4 if compete else 3))
