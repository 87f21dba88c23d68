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
    model = build_model(config).eval()
    with torch.no_grad():
        (plain,) = model.test_step(make_batch(sizes=((64, 64),)))
        batch = make_batch(sizes=((64, 64),))
        (one,) = PanopticTTAModel(model).test_step(views(batch))
        (two,) = PanopticTTAModel(model).test_step(views(batch, make_batch(sizes=((64, 64),))))
    for sample in (one, two):
        different = sample.pred_panoptic_seg.sem_seg != plain.pred_panoptic_seg.sem_seg
        assert different.float().mean() < 0.01  # ties, and instances merged in the plain one, too
    torch.testing.assert_close(one.pred_instances.scores, plain.pred_instances.scores)


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
    return View(DetDataSample(metainfo=meta), instances, torch.zeros(3, *SIZE))


def test_instances_by_hand(build_model):
    model = PanopticTTAModel(build_model(SYSTEMS[-1]), min_share=1.0)
    # A car on the left, in the mirrored view on the right; a person in the first view alone.
    first = view([[0, 0, 2, 2], [3, 0, 4, 2]], [2, 0], [0.9, 0.8])
    second = view([[2, 0, 4, 2]], [2], [0.5], flip=True)
    layers, found = model._merge_instances([first, second], SIZE)
    assert found.labels.tolist() == [2]
    assert found.scores.tolist() == pytest.approx([0.7])
    assert found.bboxes.tolist() == [[0, 0, 2, 2]]
    (window, canvas), mask = layers[0], torch.zeros(SIZE)
    mask[window] = (canvas > 0).float()
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0]]
    model.min_share = 0.5
    _, found = model._merge_instances([first, second], SIZE)
    assert found.labels.tolist() == [2, 0]
    assert found.scores.tolist() == pytest.approx([0.7, 0.4])


def test_other_detectors_are_refused():
    with pytest.raises(TypeError, match="module: expected a detector of mmhps.* got Other"):

        class Other(torch.nn.Module):
            def test_step(self, data):
                pass

        PanopticTTAModel(Other())
