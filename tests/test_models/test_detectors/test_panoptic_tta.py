"""Views of an image, averaged: against the plain prediction, and by hand."""

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmhps.models import PanopticTTAModel
from mmhps.models.detectors.panoptic_tta import View

SYSTEMS = [
    f"mini/{name}_r18_mini.py" for name in ("semantic-plus-instance", "panoptic-fpn", "hps-isi")
]
SIZE = (2, 4)


def views(*batches):
    """Batches of one image each, as the views of one image."""
    return {key: [batch[key] for batch in batches] for key in ("inputs", "data_samples")}


def flipped(batch):
    """The batch, mirrored."""
    for sample in batch["data_samples"]:
        sample.set_metainfo(dict(flip=True, flip_direction="horizontal"))
    return batch | dict(inputs=[image.flip(-1) for image in batch["inputs"]])


@pytest.mark.parametrize("config", SYSTEMS)
def test_one_view_is_the_plain_prediction(config, build_model, make_batch):
    model = build_model(config, test_cfg=dict(outputs=["masks"])).eval()
    with torch.no_grad():
        (plain,) = model.test_step(make_batch(sizes=((64, 64),)))
        batch = make_batch(sizes=((64, 64),))
        (one,) = PanopticTTAModel(model).test_step(views(batch))
        (two,) = PanopticTTAModel(model).test_step(views(batch, make_batch(sizes=((64, 64),))))
    for sample in (one, two):
        assert (sample.pred_panoptic_seg.sem_seg == plain.pred_panoptic_seg.sem_seg).all()
        found, expected = (
            p.pred_instances[p.pred_instances.masks.any((1, 2))] for p in (sample, plain)
        )  # without a pixel, an instance is not found again in another view
        assert len(expected) > 0
        for key in ("scores", "labels", "bboxes", "masks"):
            torch.testing.assert_close(found[key], expected[key])


def test_a_mirrored_view_is_turned_back(build_model, make_batch):
    """A mirrored image that is said to be mirrored gives the plain map, mirrored."""
    model = build_model(SYSTEMS[-1]).eval()
    mirrored = flipped(make_batch(sizes=((64, 64),)))
    with torch.no_grad():
        inputs = dict(
            inputs=mirrored["inputs"], data_samples=make_batch(sizes=((64, 64),))["data_samples"]
        )
        (plain,) = model.test_step(inputs)
        (turned,) = PanopticTTAModel(model).test_step(views(mirrored))
    assert (
        turned.pred_panoptic_seg.sem_seg != plain.pred_panoptic_seg.sem_seg.flip(-1)
    ).float().mean() < 0.01


def test_an_empty_image(build_model, make_batch):
    model = build_model(SYSTEMS[-1], test_cfg=dict(rcnn=dict(score_thr=1.0))).eval()
    with torch.no_grad():
        (sample,) = PanopticTTAModel(model).test_step(
            views(make_batch(sizes=((64, 64),)), flipped(make_batch(sizes=((64, 64),))))
        )
    assert len(sample.pred_instances) == 0 and sample.pred_panoptic_seg.sem_seg.max() <= 19


def view(boxes, labels, scores, flip=False):
    """A view with instances that fill their boxes."""
    masks = torch.zeros(len(boxes), *SIZE, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    instances = InstanceData(
        bboxes=torch.tensor(boxes).float().view(-1, 4),
        labels=torch.tensor(labels, dtype=torch.long),
        scores=torch.tensor(scores).float(),
        masks=masks,
    )
    meta = dict(ori_shape=SIZE, flip=flip, flip_direction="horizontal" if flip else None)
    return View(DetDataSample(metainfo=meta), instances, torch.zeros(19, *SIZE))


def test_instances_by_hand(build_model):
    model = PanopticTTAModel(build_model(SYSTEMS[-1]))
    # A car on the left, in the mirrored view on the right; a person in the first view alone.
    first = view([[0, 0, 2, 2], [3, 0, 4, 2]], [2, 0], [0.9, 0.8])
    second = view([[2, 0, 4, 2]], [2], [0.5], flip=True)
    layers, found, share = model._merge_instances([first, second], SIZE)
    assert found.labels.tolist() == [2, 0]
    assert found.scores.tolist() == pytest.approx([0.7, 0.4])
    assert found.bboxes.tolist() == [[0, 0, 2, 2], [3, 0, 4, 2]]
    assert share.tolist() == [1.0, 0.5]
    (window, canvas), mask = layers[0], torch.zeros(SIZE)
    mask[window] = (canvas > 0).float()
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0]]


def test_what_a_view_tells_apart_stays_apart(build_model):
    """Two cars of each view that overlap by 6 of 8 pixels are two, not one that counts fourfold."""
    model = PanopticTTAModel(build_model(SYSTEMS[-1]))
    boxes = [[0, 0, 4, 2], [0, 0, 3, 2]]
    one = view(boxes, [2, 2], [0.9, 0.6])
    two = view(boxes, [2, 2], [0.7, 0.4])
    layers, found, share = model._merge_instances([one, two], SIZE)
    assert found.scores.tolist() == pytest.approx([0.8, 0.5])
    assert share.tolist() == [1.0, 1.0]
    assert [int((canvas > 0).sum()) for _, canvas in layers] == [8, 6]


@pytest.mark.parametrize(("min_share", "instances"), [(0.5, 2), (0.6, 1)])
def test_what_few_views_see_is_not_in_the_map(build_model, min_share, instances):
    model = PanopticTTAModel(build_model(SYSTEMS[-1], test_cfg=dict(outputs=["masks"])))
    model.min_share = min_share
    first = view([[0, 0, 2, 2], [3, 0, 4, 2]], [2, 0], [0.9, 0.8])
    (sample,) = model.merge_preds([[first, view([[0, 0, 2, 2]], [2], [0.5])]])
    assert len(sample.pred_panoptic_seg.instance_scores) == instances
    assert len(sample.pred_instances.masks) == len(sample.pred_instances.scores) == 2


def test_other_detectors_are_refused():
    with pytest.raises(TypeError, match="module: expected a detector of mmhps.* got Other"):

        class Other(torch.nn.Module):
            def test_step(self, data):
                pass

        PanopticTTAModel(Other())
