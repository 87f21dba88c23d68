import torch

from mmhps.functional import (
    ground_truth_order,
    ignore_uncovered,
    match_instances,
    panoptic_target,
    shrink_ids,
)


def longs(*values):
    return torch.tensor(values, dtype=torch.long)


def test_nothing_at_all():
    slots, lookup = ground_truth_order(longs(), 0)
    assert slots.shape == lookup.shape == (0,)
    assert match_instances(torch.zeros(0, 0), longs(), longs()).shape == (0,)
    target = panoptic_target(torch.tensor([[255, 3]]), lookup, 2, 2, ignore_index=-1)
    assert target.tolist() == [[-1, 1]]


def test_detections_without_ground_truth_and_the_reverse():
    assert match_instances(torch.zeros(2, 0), longs(0, 1), longs()).tolist() == [-1, -1]
    slots, lookup = ground_truth_order(longs(-1, -1), 0)
    assert (slots.tolist(), lookup.tolist()) == ([0, 1], [])
    slots, lookup = ground_truth_order(longs(), 2)
    assert (slots.tolist(), lookup.tolist()) == ([], [-1, -1])


def test_order_by_hand():
    # Ground truth 0 and 2 are found (2 twice), 1 is not; instances 1 and 4 match nothing.
    slots, lookup = ground_truth_order(longs(2, -1, 0, 2, -1), 3)
    assert lookup.tolist() == [0, -1, 1]
    assert slots.tolist() == [1, 2, 0, 1, 3]


def test_match_is_greedy_one_to_one_and_class_aware():
    iou = torch.tensor([[0.6, 0.9], [0.7, 0.8], [0.9, 0.0], [0.5, 0.0]])
    labels, gt_labels = longs(1, 1, 2, 1), longs(1, 1)
    # 0 takes ground truth 1; 1 is left with 0; 2 has another class; 0.5 does not exceed 0.5.
    assert match_instances(iou, labels, gt_labels).tolist() == [1, 0, -1, -1]
    assert match_instances(iou[3:], labels[3:], gt_labels).tolist() == [-1]


def test_match_leaves_its_input_alone():
    iou = torch.tensor([[0.9]])
    match_instances(iou, longs(0), longs(0))
    assert iou.tolist() == [[torch.tensor(0.9).item()]]


def test_target_by_hand():
    # T = 2 things, S = 3 stuff. Instance 1 (g = 0) has label 1, instance 2 (g = 1) label 0.
    gt = torch.tensor([[2, 4, 1001], [2000, 255, 0]])
    target = panoptic_target(gt, longs(1, -1), 2, 3, ignore_index=-1)
    # Stuff 2 -> 0, 4 -> 2; g = 0 -> S + 1; g = 1 has no canvas; void and crowd (0) are ignored.
    assert target.tolist() == [[0, 2, 4], [-1, -1, -1]]


def test_unknown_instances_are_ignored():
    gt = torch.tensor([[1000, 2000, 7001], [-1, -100, -5000]])
    target = panoptic_target(gt, longs(0), 2, 2, ignore_index=-1)
    assert target.tolist() == [[2, -1, -1], [-1, -1, -1]]


def test_things_without_a_canvas_can_have_a_value_of_their_own():
    gt = torch.tensor([[1001, 2000, 2, 255, 1, -1000]])  # found, not, stuff, void, no instance
    target = panoptic_target(gt, longs(0, -1), 2, 3, ignore_index=-1, unknown=4)
    assert target.tolist() == [[3, 4, 0, -1, 4, -1]]
    cover = torch.zeros(1, 1, 6, dtype=torch.bool)
    assert ignore_uncovered(target, cover, 3, -1).tolist() == [[-1, 4, 0, -1, 4, -1]]


def test_ignore_uncovered_by_hand():
    target = torch.tensor([[0, 3, 3, 4, -1]])
    cover = torch.tensor([[[False, True, False, True, True]], [[True, True, True, True, False]]])
    assert ignore_uncovered(target, cover, 3, -1).tolist() == [[0, 3, -1, 4, -1]]
    nothing = torch.zeros(0, 1, 5, dtype=torch.bool)
    assert ignore_uncovered(target[:, :1], nothing, 3).tolist() == [[0]]


def test_ids_are_sampled_at_pixel_centres_and_padded_with_void():
    ramp = torch.arange(16)[None].expand(8, 16)
    assert shrink_ids(ramp, (8, 16), (2, 4))[0].tolist() == [2, 6, 10, 14]
    assert shrink_ids(ramp, (8, 24), (2, 6))[0].tolist() == [2, 6, 10, 14, 255, 255]
