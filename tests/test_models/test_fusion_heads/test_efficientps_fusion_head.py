import math
from dataclasses import replace

import pytest
import torch
from model_parts import flat_instances

from mmhps.functional import resampled
from mmhps.models import EfficientPSFusionHead
from mmhps.models.instances import Canvases

META = dict(img_shape=(1, 3), ori_shape=(1, 3), scale_factor=(1.0, 1.0))


def canvases(logits, cover, labels):
    labels = torch.tensor(labels, dtype=torch.long)
    return Canvases(
        torch.tensor(logits).view(-1, 1, 3), torch.tensor(cover, dtype=torch.bool).view(-1, 1, 3),
        labels, torch.ones(len(labels)), torch.zeros(len(labels), 4),
    )  # fmt: skip


def test_no_instances():
    head, semantic = EfficientPSFusionHead(1, 2), torch.arange(9.0).view(3, 1, 3)
    assert torch.equal(head(canvases([], [], []), semantic), semantic[1:])
    assert head.loss([], [], semantic[None], []) == {}


def test_definition_by_hand():
    """Semantic logits of the instance's class are log 3, outside of its box it holds 0."""
    semantic = torch.full((3, 1, 3), 0.5)
    semantic[0] = math.log(3)
    fused = EfficientPSFusionHead(1, 2, mask_scale=4.0)(
        canvases([0.0, math.log(3) / 4, 0.0], [1, 1, 0], [0]), semantic
    )
    assert fused[:2].tolist() == [[[0.5] * 3]] * 2
    both = (0.75 + 0.75) * 2 * math.log(3)
    assert fused[2, 0].tolist() == pytest.approx([1.25 * math.log(3), both, 0.0])


def test_both_branches_decide_at_test():
    """Three pixels in the box of an instance with mask logit 1; the last looks like stuff 1.

    FL is (0.98 + s(B)) * (4 + B): 7.2 at B = 0, and 1.0 at B = -3.
    """
    instances = flat_instances([[0, 0, 3, 1]], [0], [0.9], [1.0], things=1)
    semantic = torch.tensor([[[0.0, 0, -3]], [[3.0, 3, 1]], [[1.0, 1, 3]]])
    head = EfficientPSFusionHead(1, 2)
    (result,) = head.predict([instances], [resampled(semantic, (1, 3))], [META], rescale=False)
    assert result.sem_seg.tolist() == [[[1000, 1000, 2]]]
    assert result.metainfo["instance_scores"] == pytest.approx([0.9])


def test_gradient_reaches_masks_and_semantics():
    given = canvases([0.1, 0.2, 0.3], [1, 1, 1], [0])
    masks = given.logits.clone().requires_grad_()
    semantic = torch.zeros(3, 1, 3, requires_grad=True)
    fused = EfficientPSFusionHead(1, 2)(replace(given, logits=masks), semantic)
    torch.nn.functional.cross_entropy(fused[None], torch.full((1, 1, 3), 2)).backward()
    assert (masks.grad < 0).all() and (semantic.grad[0] < 0).all()
    assert (semantic.grad[1:] > 0).all()
