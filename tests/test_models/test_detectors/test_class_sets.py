"""Every system trains and predicts with class sets at the edge."""

import pytest
import torch

SYSTEMS = ("semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("things", "stuff"), [(1, 0), (2, 0), (1, 1), (130, 125)])
@pytest.mark.parametrize("detected", [True, False])
def test_training_and_prediction(build_model, make_batch, system, things, stuff, detected):
    classes = dict(num_things_classes=things, num_stuff_classes=stuff)
    heads = dict(bbox_head=dict(num_classes=things), mask_head=dict(num_classes=things))
    model = build_model(
        f"mini/{system}_r18_mini.py",
        roi_head=heads,
        semantic_head=classes,
        panoptic_fusion_head=classes,
        test_cfg=dict(rcnn=dict(score_thr=0.0 if detected else 1.0)),
    )
    labels = [things - 1, 0]
    batch = make_batch(labels=labels, void=True)
    losses = model(**model.data_preprocessor(batch, True), mode="loss")
    loss, _ = model.parse_losses(losses)
    loss.backward()
    assert loss.isfinite()
    with torch.no_grad():
        results = model.eval().test_step(make_batch(labels=labels, void=True))
    ids = results[0].pred_panoptic_seg.sem_seg
    assert ids.shape == (1, 128, 128)
    if not detected:
        assert (ids >= things).all() and (ids <= things + stuff).all()
