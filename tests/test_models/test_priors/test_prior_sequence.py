import pytest
import torch
from mmdet.registry import MODELS
from model_parts import flat_instances

from mmhps.models import PriorSequence
from mmhps.models.instances import paste
from mmhps.models.priors import Prior, PriorInputs, PriorOutput


class Doubling(Prior):
    """Doubles the features; its loss is their sum."""

    uses_canvases = False

    def forward(self, inputs):
        return PriorOutput(tuple(2 * level for level in inputs.features))

    def loss(self, output, semantic_logits, batch_data_samples):
        return dict(loss_double=output.features[0].sum())


@pytest.fixture
def doubling():
    MODELS.register_module(name="Doubling", module=Doubling)
    yield dict(type="Doubling")
    MODELS.module_dict.pop("Doubling")


def inputs():
    instances = flat_instances([[0, 0, 4, 4]], [1], [0.5], torch.zeros(1))
    canvases = [paste(instances, (1, 2), 4.0)]
    return PriorInputs((torch.ones(1, 1, 1, 2),), [], [instances], canvases, tuple)


def test_features_pass_through_all_and_channels_are_joined(doubling):
    """The mask probability is 1/2 in the left pixel; IMP multiplies it by the score 1/2."""
    maximum, isi = dict(type="InstanceMaximum"), dict(type="InitialSegmentation")
    module = PriorSequence([doubling, isi, doubling, maximum])
    output = module(inputs())
    assert output.features[0].tolist() == [[[[4.0, 4.0]]]]
    # Two classes each: of ISI, then of the maximum.
    alone = [MODELS.build(prior)(inputs()).extra for prior in (isi, maximum)]
    assert torch.equal(output.extra, torch.cat(alone, dim=1))
    assert output.extra[0, 3].tolist() == [[0.25, 0.0]]
    assert module.extra_channels(2) == 4
    assert module.uses_canvases
    # Features of two pixels: 2 + 2 after the first, 4 + 4 after the second.
    assert module.loss(output, None, [])["loss_double"] == 12


def test_without_channels(doubling):
    module = PriorSequence([doubling])
    assert module(inputs()).extra is None
    assert module.extra_channels(2) == 0
    assert not module.uses_canvases


def test_no_prior_at_all():
    with pytest.raises(ValueError, match="priors: expected at least one"):
        PriorSequence([])
