"""Fusions of several configs on one network."""

import pytest

from mmhps.models import (
    DifferentiableFusionHead,
    HeuristicMergeHead,
    OANetFusionHead,
    SOGNetFusionHead,
)
from mmhps.studies.fusions import fusion_heads, refuse_weights


def test_no_configs_have_no_heads():
    assert fusion_heads([]) == []


def test_heads_are_those_of_the_configs_with_the_classes_of_the_first(tiny_config):
    own = tiny_config("mini/hps_r18_mini.py").model
    own.panoptic_fusion_head.update(num_things_classes=2, num_stuff_classes=3)
    names = ("hidden", "heuristic", "x1")
    others = [tiny_config(f"ablations/fusion-{name}.py").model for name in names]
    heads = fusion_heads([own, *others])
    kinds = [DifferentiableFusionHead] * 2 + [HeuristicMergeHead, DifferentiableFusionHead]
    assert [type(head) for head in heads] == kinds
    assert [head.num_classes for head in heads] == [5, 5, 5, 5]
    assert [head.test_cfg.mask_overlap for head in heads] == [0.5, 1.0, 0.5, 0.5]
    # What the size of the images decides is that of the first.
    own.test_cfg.panoptic.stuff_area_limit = 7
    assert [head.test_cfg["stuff_area_limit"] for head in fusion_heads([own, *others])] == [7] * 4
    assert [heads[0].mask_scale, heads[3].mask_scale] == [4.0, 1.0]


def test_only_the_fusion_of_the_network_may_have_weights():
    heads = dict(own=SOGNetFusionHead(), merge=HeuristicMergeHead())
    refuse_weights(heads)
    refuse_weights({})
    with pytest.raises(ValueError, match="order: expected a fusion without weights, got OANet"):
        refuse_weights(dict(heads, order=OANetFusionHead()))
