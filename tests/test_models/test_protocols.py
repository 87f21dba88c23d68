"""Every fusion with every prior: what is registered trains, predicts, and refuses wrong options."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import DefaultScope
from model_parts import losses_of

import mmhps.models as models
from mmhps.models import PanopticTTAModel
from mmhps.models.fusion_heads import FusionHead
from mmhps.models.priors import Prior, PriorOutput


def registered(base):
    """The names of the registered subclasses of a protocol's base, of this package."""
    return sorted(
        name
        for name, module in MODELS.module_dict.items()
        if issubclass(module, base) and module.__module__.startswith(models.__name__)
    )


LOSSES = dict(
    OANetFusionHead="loss_ranking",
    SOGNetFusionHead="loss_relation",
    TASCNetFusionHead="loss_consistency",
)
"""What fusions add to the panoptic loss."""
FUSIONS, PRIORS = registered(FusionHead), registered(Prior)


OPTIONS = dict(
    BackgroundAttention=dict(in_channels=16),
    PriorSequence=dict(
        priors=[
            dict(type="BackgroundAttention", in_channels=16),
            dict(type="InitialSegmentation"),
            dict(type="InstanceMaximum"),
        ]
    ),
)
TWO_SIZES = dict(sizes=((64, 64), (64, 96)))
CONFIGS = Path(__file__).parents[2] / "configs/ablations"
RELATED = sorted(path.stem for path in CONFIGS.glob("related-*.py"))
UNTRAINABLE = {"HeuristicMergeHead", "OANetFusionHead", "TASCNetFusionHead"}
"""Fusions whose panoptic logits have no gradient."""


def build_pair(build_model, fusion, prior):
    config = dict(type=prior, **OPTIONS.get(prior, {}))
    added = MODELS.build(config).extra_channels(8)
    prior_head = dict(type="PriorSemanticHead", extra_channels=added)
    return build_model(
        "mini/hps_r18_mini.py",
        prior=config,
        semantic_head=prior_head if added else dict(type="ConcatSemanticHead"),
        panoptic_fusion_head=dict(type=fusion),
    )


def test_what_is_registered():
    assert FUSIONS == [
        "DifferentiableFusionHead",
        "EfficientPSFusionHead",
        "HeuristicMergeHead",
        "OANetFusionHead",
        "SOGNetFusionHead",
        "TASCNetFusionHead",
        "UPSNetFusionHead",
    ]
    assert PRIORS == [
        "BackgroundAttention",
        "InitialSegmentation",
        "InstanceMaximum",
        "NoPrior",
        "PriorSequence",
    ]


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("content", [dict(boxes=[]), TWO_SIZES], ids=["no instance", "instances"])
def test_trains(build_model, make_batch, fusion, prior, content):
    model = build_pair(build_model, fusion, prior)
    total, logged = losses_of(model, make_batch(**content))
    total.backward()
    assert total.isfinite()
    assert ("loss_panoptic" in logged) == (model.panoptic_fusion_head.loss_weight > 0)
    own = LOSSES.get(fusion)
    assert own is None or (logged[own] > 0 if content is TWO_SIZES else own in logged)
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("score_thr", [1.0, 0.0], ids=["no instance", "instances"])
def test_predicts(build_model, make_batch, fusion, prior, score_thr):
    model = build_pair(build_model, fusion, prior).eval()
    model.roi_head.test_cfg.score_thr = score_thr
    with torch.no_grad():
        samples = model.test_step(make_batch(**TWO_SIZES))
    for sample in samples:
        ids = sample.pred_panoptic_seg.sem_seg
        assert ids.shape == (1, *sample.ori_shape)
        assert (ids % 1000).max() <= 19
        assert len(sample.pred_instances) == 0 if score_thr else len(sample.pred_instances) > 0
        # Every id is an instance with a score.
        scores = sample.pred_panoptic_seg.metainfo["instance_scores"]
        assert (ids // 1000).max() <= len(scores)


@pytest.mark.parametrize("name", RELATED)
@pytest.mark.parametrize("with_isi", [False, True], ids=["alone", "isi"])
def test_configs_of_related_methods(build_model, make_batch, name, with_isi):
    """They train on their own instances and predict, also with ISI as their prior."""
    attends = "aunet" in name
    options = dict(prior=dict(in_channels=16)) if attends else {}
    if with_isi:
        replaces = dict(_delete_=True) if attends else {}
        options = dict(
            prior=dict(type="InitialSegmentation", **replaces),
            semantic_head=dict(type="PriorSemanticHead"),
        )
    model = build_model(f"ablations/{name}.py", **options)
    for content in (dict(boxes=[]), TWO_SIZES, dict(labels=[2, 2])):
        total, _ = losses_of(model, make_batch(**content))
        total.backward()
        assert total.isfinite()
        assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    with torch.no_grad():
        samples = model.eval().test_step(make_batch(**TWO_SIZES))
    for sample in samples:
        assert sample.pred_panoptic_seg.sem_seg.shape == (1, *sample.ori_shape)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_predicts_from_several_views(build_model, make_batch, fusion):
    """Test-time augmentation calls a fusion with the instances of two equal views."""
    model = build_pair(build_model, fusion, "NoPrior").eval()
    batches = [make_batch(sizes=((64, 64),)) for _ in range(2)]
    views = {key: [batch[key] for batch in batches] for key in batches[0]}
    with torch.no_grad():
        (found,) = PanopticTTAModel(model).test_step(views)
        (plain,) = model.test_step(make_batch(sizes=((64, 64),)))
    assert len(found.pred_instances) > 0
    different = found.pred_panoptic_seg.sem_seg != plain.pred_panoptic_seg.sem_seg
    assert different.float().mean() < 0.01


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("fusion", [name for name in FUSIONS if name not in UNTRAINABLE])
def test_every_dense_definition_can_be_trained_with(build_model, make_batch, fusion, prior):
    model = build_pair(build_model, fusion, prior)
    model.panoptic_fusion_head.loss_weight = 0.5
    data = model.train().data_preprocessor(make_batch(), training=True)
    model(**data, mode="loss")["loss_panoptic"].backward()
    for part in (model.roi_head.mask_head, model.semantic_head, model.backbone):
        assert sum(p.grad.abs().sum() for p in part.parameters() if p.grad is not None) > 0


@pytest.mark.parametrize("name", [*FUSIONS, *PRIORS, "ConcatSemanticHead", "PriorSemanticHead"])
def test_misspelt_options_are_an_error(name):
    DefaultScope.get_instance("mmdet", scope_name="mmdet")
    with pytest.raises(TypeError, match="los_weight"):
        MODELS.build(dict(type=name, los_weight=1.0))


@pytest.mark.parametrize("key", ["roi_head", None])
def test_misspelt_options_of_the_roi_head_and_the_detector(build_model, key):
    options = dict(betta=1.0) if key is None else {key: dict(betta=1.0)}
    with pytest.raises(TypeError, match="betta"):
        build_model("mini/hps_r18_mini.py", **options)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_misspelt_options_of_testing(build_model, fusion):
    options = dict(panoptic=dict(mask_overlaps=0.5))
    head = dict(type=fusion)
    with pytest.raises(TypeError, match=r"got \['mask_overlaps'\]"):
        build_model("mini/hps_r18_mini.py", panoptic_fusion_head=head, test_cfg=options)


@pytest.mark.parametrize(
    ("prior", "head"),
    [("NoPrior", "PriorSemanticHead"), ("InitialSegmentation", "ConcatSemanticHead")],
)
def test_head_without_the_channels_of_the_prior(build_model, prior, head):
    with pytest.raises(ValueError, match=f"{prior} adds . channels .* {head} takes ."):
        build_model("mini/hps_r18_mini.py", prior=dict(type=prior), semantic_head=dict(type=head))


class Everything(Prior):
    """Uses all that a prior may use, changes the features, and has a weight and a loss."""

    def __init__(self):
        super().__init__()
        self.gate = torch.nn.Conv2d(16, 16, 1)

    def extra_channels(self, num_things_classes):
        return 2

    def forward(self, inputs):
        gates = [self.gate(level).sigmoid() for level in inputs.rpn_features()]
        features = tuple(x * g for x, g in zip(inputs.features, gates, strict=True))
        counts = [
            [len(boxes), len(image)]
            for boxes, image in zip(inputs.proposals, inputs.instances, strict=True)
        ]
        assert all("bboxes" in boxes for boxes in inputs.proposals)
        size = inputs.features[0].shape[-2:]
        assert all(canvas.logits.shape[-2:] == size for canvas in inputs.canvases)
        extra = torch.tensor(counts).float()[..., None, None].expand(-1, -1, *size)
        return PriorOutput(features, extra)

    def loss(self, output, semantic_logits, batch_data_samples):
        assert len(batch_data_samples) == len(semantic_logits)
        return dict(loss_gate=semantic_logits.square().mean() + output.features[0].mean())


def test_a_prior_with_proposals_rpn_features_and_a_loss(build_model, make_batch):
    MODELS.register_module(module=Everything)
    try:
        model = build_model(
            "mini/hps_r18_mini.py",
            prior=dict(type="Everything"),
            semantic_head=dict(type="PriorSemanticHead", extra_channels=2),
        )
    finally:
        MODELS.module_dict.pop("Everything")
    total, logged = losses_of(model, make_batch())
    total.backward()
    assert logged["loss_gate"] > 0
    assert model.prior.gate.weight.grad.abs().sum() > 0
    with torch.no_grad():
        assert len(model.eval().test_step(make_batch())) == 2
