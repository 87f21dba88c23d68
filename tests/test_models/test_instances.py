from dataclasses import replace

import pytest
import torch
from model_parts import flat_instances

from mmhps.functional import paste_canvases, paste_windows
from mmhps.models.instances import Canvases, output_boxes, paste


def instances(count=2, **fields):
    rows = [[0, 0, 4, 4], [4, 0, 8, 4]], [1, 0], [0.9, 0.8], [1.0, -2.0]
    return flat_instances(*(row[:count] for row in rows), **fields)


def test_no_instances():
    image = instances(0)
    assert len(image) == len(image.detected) == len(image.gt_inds) == 0
    canvases = paste(image, (2, 3), 4.0)
    assert canvases.logits.shape == canvases.cover.shape == (0, 2, 3)
    empty = Canvases.of_layers([], image.labels, image.scores, image.bboxes, (2, 3))
    assert empty.logits.shape == (0, 2, 3)


def test_at_test_all_are_detected_and_none_has_a_ground_truth():
    assert instances().detected.tolist() == [True, True]
    assert instances().gt_inds.tolist() == [-1, -1]


def test_fields_of_other_lengths_are_an_error():
    with pytest.raises(ValueError, match=r"Instances: expected 2 rows, got \{'scores': \(1,\)\}"):
        replace(instances(), scores=torch.tensor([0.9]))


def test_unknown_fields_are_an_error():
    with pytest.raises(TypeError, match="canvases"):
        instances(canvases=torch.zeros(2))


@pytest.mark.parametrize("index", [torch.tensor([False, True]), torch.tensor([1]), slice(1, 2)])
def test_index(index):
    one = instances(gt_inds=torch.tensor([3, 5]))[index]
    assert (len(one), one.labels.tolist(), one.gt_inds.tolist()) == (1, [0], [5])
    assert one.bboxes.tolist() == [[4, 0, 8, 4]]


def test_paste_by_hand():
    """On a quarter of the resolution each instance covers one of two pixels."""
    canvases = paste(instances(), (1, 2), 4.0)
    assert canvases.logits.tolist() == [[[1.0, 0.0]], [[0.0, -2.0]]]
    assert canvases.cover.tolist() == [[[True, False]], [[False, True]]]
    assert canvases.labels.tolist() == [1, 0]
    assert canvases.bboxes.tolist() == [[0, 0, 1, 1], [1, 0, 2, 1]]


def test_of_layers_restores_what_was_pasted():
    generator = torch.Generator().manual_seed(0)
    masks = torch.randn(3, 4, 4, generator=generator)
    boxes = torch.tensor([[1.0, 1, 6, 5], [-3, -3, 2, 2], [20, 20, 30, 30]])
    labels, scores = torch.tensor([0, 1, 1]), torch.tensor([0.9, 0.8, 0.7])
    layers = paste_windows(masks, boxes, (6, 7))
    canvases = Canvases.of_layers(layers, labels, scores, boxes, (6, 7))
    torch.testing.assert_close(canvases.logits, paste_canvases(masks, boxes, (6, 7)))
    assert canvases.cover.sum(dim=(1, 2)).tolist() == [20, 4, 0]


def test_merged_averages_each_slot():
    image = instances(gt_inds=torch.tensor([0, 0]))
    merged = paste(image, (1, 2), 4.0).merged(torch.tensor([0, 0]))
    assert merged.logits.tolist() == [[[1.0, -2.0]]]
    assert merged.bboxes.tolist() == [[0.5, 0, 1.5, 1]]
    assert merged.scores.tolist() == pytest.approx([0.85])
    assert len(merged[:0].merged(torch.zeros(0, dtype=torch.long))) == 0


@pytest.mark.parametrize(
    ("rescale", "expected"), [(True, [[0, 0, 8, 16]]), (False, [[0, 0, 4, 4]])]
)
def test_output_boxes(rescale, expected):
    boxes = torch.tensor([[0.0, 0, 4, 4]])
    assert output_boxes(boxes, dict(scale_factor=(0.5, 0.25)), rescale).tolist() == expected
