"""Masks and semantic maps beside the panoptic map, of all four systems."""

import pytest
import torch

from mmhps.functional import paste_canvases
from mmhps.models.instances import output_boxes

SYSTEMS = [
    f"mini/{name}_r18_mini.py"
    for name in ("semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi")
]


def predict(model, batch):
    data = model.eval().data_preprocessor(batch, False)
    with torch.no_grad():
        return model.predict(data["inputs"], data["data_samples"])


@pytest.mark.parametrize("config", SYSTEMS)
def test_on_request(config, build_model, make_batch):
    plain = predict(build_model(config), make_batch(sizes=((64, 64), (48, 64))))
    asked = build_model(config, test_cfg=dict(outputs=["masks", "semantic"]))
    for sample, before in zip(
        predict(asked, make_batch(sizes=((64, 64), (48, 64)))), plain, strict=True
    ):
        size = tuple(sample.ori_shape)
        assert "pred_sem_seg" not in before and "masks" not in before.pred_instances
        assert (sample.pred_panoptic_seg.sem_seg == before.pred_panoptic_seg.sem_seg).all()
        assert (sample.pred_instances.bboxes == before.pred_instances.bboxes).all()
        masks = sample.pred_instances.masks
        assert masks.dtype == torch.bool and len(masks) == len(sample.pred_instances.labels) > 0
        assert masks.shape[1:] == size
        semantic = sample.pred_sem_seg.sem_seg
        assert semantic.shape == (1, *size) and 0 <= semantic.min() <= semantic.max() < 19


def test_masks_and_map_are_those_of_the_branches(build_model, make_batch):
    model = build_model("mini/hps_r18_mini.py", test_cfg=dict(outputs=["masks", "semantic"]))
    (sample,) = predict(model, make_batch(sizes=((64, 64),)))
    data = model.data_preprocessor(make_batch(sizes=((64, 64),)), False)
    with torch.no_grad():
        (image,), (logits,) = model.predict_parts(data["inputs"], data["data_samples"])
    boxes = output_boxes(image.bboxes, sample.metainfo, True)
    expected = paste_canvases(image.mask_logits, boxes, tuple(sample.ori_shape)) > 0
    assert (sample.pred_instances.masks == expected).all()
    assert (sample.pred_sem_seg.sem_seg[0] == logits.dense().argmax(0)).all()


@pytest.mark.parametrize("config", SYSTEMS[1:3])
def test_unknown_output(config, build_model, make_batch):
    model = build_model(config, test_cfg=dict(outputs=["depth"]))
    with pytest.raises(ValueError, match=r"test_cfg\.outputs: expected a list of masks, semantic"):
        predict(model, make_batch())
