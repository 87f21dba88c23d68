"""The four systems of the paper's Table 1: training steps and predictions."""

import pytest
import torch
from model_parts import SYSTEMS, losses_of

FUSED = ["hps", "hps-isi"]


def config(system):
    return f"mini/{system}_r18_mini.py"


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    "content", [dict(boxes=[]), dict(boxes=[], void=True), {}], ids=["no thing", "void", "things"]
)
def test_training_step(build_model, make_batch, system, content):
    model = build_model(config(system))
    total, logged = losses_of(model, make_batch(**content))
    total.backward()
    assert torch.isfinite(total)
    assert torch.nn.utils.clip_grad_norm_(model.parameters(), torch.inf) < 1e3
    if content.get("void"):
        assert logged["loss_seg"] == 0
        assert logged.get("loss_panoptic", 0) == 0
    else:
        assert logged["loss_seg"] > 0
    assert ("loss_panoptic" in logged) == (system in FUSED)
    # No parameter is unused: DistributedDataParallel needs no search for such.
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("rescale", [True, False])
def test_predicts_images_of_different_sizes(build_model, make_batch, system, rescale):
    model = build_model(config(system)).eval()
    sizes = ((64, 96), (50, 70))
    data = model.data_preprocessor(make_batch(sizes))
    with torch.no_grad():
        samples = model.predict(data["inputs"], data["data_samples"], rescale=rescale)
    factor = 2 if rescale else 1
    for sample, (height, width) in zip(samples, sizes, strict=True):
        ids = sample.pred_panoptic_seg.sem_seg
        assert ids.shape == (1, factor * height, factor * width)
        labels = ids % 1000
        assert labels.min() >= 0 and labels.max() <= 19
        is_instance = ids >= 1000
        assert (labels[is_instance] < 8).all() and (labels[~is_instance] >= 8).all()


@pytest.mark.parametrize("system", SYSTEMS)
def test_predicts_without_any_detection(build_model, make_batch, system):
    model = build_model(config(system), test_cfg=dict(rcnn=dict(score_thr=1.0))).eval()
    with torch.no_grad():
        samples = model.test_step(make_batch(boxes=[]))
    for sample in samples:
        ids = sample.pred_panoptic_seg.sem_seg
        assert ids.shape == (1, 128, 128)
        assert (ids < 1000).all() and (ids >= 8).all()


@pytest.mark.parametrize("system", SYSTEMS)
def test_tensor_mode(build_model, make_batch, system):
    model = build_model(config(system)).eval()
    data = model.data_preprocessor(make_batch())
    with torch.no_grad():
        outputs = model(**data, mode="tensor")
    shapes = [tuple(o.shape) for o in outputs if isinstance(o, torch.Tensor)]
    assert (2, 19, 16, 16) in shapes


@pytest.mark.parametrize("system", FUSED)
@pytest.mark.parametrize("train_instances", ["Detections", "SampledRoIs", "GroundTruthBoxes"])
def test_panoptic_gradient_reaches_every_part(build_model, make_batch, system, train_instances):
    model = build_model(config(system), roi_head=dict(train_instances=dict(type=train_instances)))
    model.train()
    data = model.data_preprocessor(make_batch(), training=True)
    losses = model(**data, mode="loss")
    losses["loss_panoptic"].backward()
    parts = {
        "mask head": model.roi_head.mask_head,
        "box classifier": model.roi_head.bbox_head.fc_cls,
        "semantic head": model.semantic_head,
        "FPN": model.neck,
        "backbone": model.backbone,
    }
    for name, part in parts.items():
        gradient = sum(p.grad.abs().sum() for p in part.parameters() if p.grad is not None)
        assert gradient > 0, name


@pytest.mark.parametrize("detach", [False, True])
def test_semantic_loss_reaches_the_mask_head_through_isi(build_model, make_batch, detach):
    model = build_model(config("hps-isi"), prior=dict(detach=detach))
    model.train()
    data = model.data_preprocessor(make_batch(), training=True)
    model(**data, mode="loss")["loss_seg"].backward()
    gradients = [p.grad for p in model.roi_head.mask_head.parameters() if p.grad is not None]
    assert (sum(g.abs().sum() for g in gradients) > 0) is not detach


def test_one_network_scores_with_either_fusion(build_model, make_batch):
    """The heuristic merge takes the instances of HPS; parameters are the same."""
    differentiable = build_model(config("hps-isi"))
    merge = dict(type="HeuristicMergeHead")
    heuristic = build_model(config("hps-isi"), panoptic_fusion_head=merge)
    heuristic.load_state_dict(differentiable.state_dict())
    batch = make_batch()
    with torch.no_grad():
        maps = [m.eval().test_step(batch)[0].pred_panoptic_seg for m in (differentiable, heuristic)]
    assert maps[0].sem_seg.shape == maps[1].sem_seg.shape == (1, 128, 128)


def test_parameter_names_are_those_of_mmdet(build_model):
    hps = build_model(config("hps")).state_dict()
    panoptic_fpn = build_model(config("panoptic-fpn")).state_dict()
    assert hps.keys() == panoptic_fpn.keys()
    isi = build_model(config("hps-isi")).state_dict().keys()
    assert {k for k in hps if not k.startswith("semantic_head.classifier")} <= isi


def test_semantic_plus_instance_shares_nothing(build_model):
    model = build_model(config("semantic-plus-instance"))
    instance = {id(p) for p in model.instance_network.parameters()}
    semantic = {id(p) for p in model.semantic_network.parameters()}
    assert instance and semantic and not instance & semantic
    assert len(instance | semantic) == len(list(model.parameters()))
