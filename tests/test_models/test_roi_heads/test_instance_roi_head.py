import pytest
import torch
from mmdet.structures.bbox import bbox2roi


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
    chosen = model.roi_head.choose_class(
        torch.zeros(2, 4), torch.tensor([2, 5]), torch.full((2, 9), 1 / 9), masks.expand(2, 8, 1, 1)
    )
    assert chosen.mask_logits.flatten().tolist() == [2.0, 15.0]
