import math

import pytest
import torch
from model_parts import flat_instances

from mmhps.functional import resampled
from mmhps.models import HeuristicMergeHead, TASCNetFusionHead
from mmhps.models.instances import paste

# A thing class with probability 3/4 in the left two of four pixels, else 1/4; one of stuff.
SEMANTIC = torch.tensor([[[math.log(3)] * 2 + [-math.log(3)] * 2], [[0.0] * 4]])


def image(boxes=(), labels=(), scores=(), logits=(), **fields):
    return flat_instances(boxes, labels, scores, logits, things=1, **fields)


def loss(*images, semantic=None, **options):
    semantic = torch.stack([SEMANTIC] * len(images)) if semantic is None else semantic
    canvases = [paste(instances, (1, 4), 1.0) for instances in images]
    return TASCNetFusionHead(1, 1, **options).loss(images, canvases, semantic, [None] * len(images))


def test_no_instances():
    """Nothing in one map, 3/4 in half of the other."""
    (value,) = loss(image()).values()
    assert value.item() == pytest.approx(0.75**2 / 2)


def test_loss_by_hand():
    """A mask of probability 3/4 in the middle two pixels; the mean over two images."""
    middle = image([[1, 0, 3, 1]], [0], [0.9], [math.log(3)])
    found = loss(middle, image())
    assert found.keys() == {"loss_consistency"}
    assert found["loss_consistency"].item() == pytest.approx(0.75**2 / 2)
    same = image([[0, 0, 2, 1]], [0], [0.9], [math.log(3)])
    assert loss(same)["loss_consistency"].item() == pytest.approx(0, abs=1e-12)
    weighted = loss(middle, consistency_weight=3.0, threshold=0.8)["loss_consistency"]
    assert weighted == 0  # neither branch is as sure as that


def test_gradient_reaches_both_branches():
    logits = torch.tensor([2.0], requires_grad=True)
    semantic = SEMANTIC[None].clone().requires_grad_()
    loss(image([[1, 0, 3, 1]], [0], [0.9], logits), semantic=semantic)[
        "loss_consistency"
    ].backward()
    assert logits.grad > 0  # the mask is surer than the semantic branch
    assert semantic.grad[0, 0, 0, 0] > 0 > semantic.grad[0, 0, 0, 1]
    assert (semantic.grad[0, :, 0, 2:] == 0).all()  # below the threshold


def test_prediction_is_the_heuristic_merge():
    given = image([[1, 0, 3, 1]], [0], [0.9], [2.0]), image()
    logits = [resampled(SEMANTIC, (1, 4)), resampled(SEMANTIC, (2, 6))]
    metas = [dict(scale_factor=(1.0, 1.0))] * 2
    found, expected = (
        [r.sem_seg.tolist() for r in head(1, 1).predict(given, logits, metas)]
        for head in (TASCNetFusionHead, HeuristicMergeHead)
    )
    assert found == expected
    assert found[0] == [[[2, 1000, 1000, 1]]]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    given = image([[1, 0, 3, 1]], [0], [0.9], [2.0])
    half = SEMANTIC[None].to(dtype)
    assert torch.equal(
        loss(given, semantic=half)["loss_consistency"],
        loss(given, semantic=half.float())["loss_consistency"],
    )
