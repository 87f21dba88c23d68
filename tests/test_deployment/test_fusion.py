import pytest
import torch

from mmhps.deployment.claims import paste
from mmhps.deployment.fusion import interpolated, unsure_stuff, winners
from mmhps.functional import class_confidence, paste_windows, resampled
from mmhps.models import DifferentiableFusionHead, EfficientPSFusionHead, HeuristicMergeHead

SIZE, SHAPE = (torch.tensor(20), torch.tensor(30)), (20, 30)
SHOWN, PADDED = (torch.tensor(24), torch.tensor(40)), (torch.tensor(32), torch.tensor(64))
HEADS = {
    "log-probabilities": lambda **more: DifferentiableFusionHead(2, 3, **more),
    "logits": lambda **more: DifferentiableFusionHead(2, 3, stuff_values="logits", **more),
    "EfficientPS": lambda **more: EfficientPSFusionHead(2, 3, **more),
}


def semantic(classes=5):
    values = torch.randn(classes, 8, 16, generator=torch.Generator().manual_seed(3))
    shown, padded = (tuple(map(int, size)) for size in (SHOWN, PADDED))
    return values, resampled(values, SHAPE, shown, padded)


def test_interpolated():
    values, expected = semantic()
    found = interpolated(values, SIZE, SHOWN, PADDED).view(5, *SHAPE)
    torch.testing.assert_close(found, expected.dense())


@pytest.mark.parametrize("void", [True, False])
@pytest.mark.parametrize("number", [0, 6])
@pytest.mark.parametrize("name", HEADS)
def test_winners_are_decided_as_in_torch(name, number, void):
    head = HEADS[name](void_things=void)
    g = torch.Generator().manual_seed(0)
    corner = torch.rand(number, 2, generator=g) * 15
    boxes = torch.cat([corner, corner + 5 + torch.rand(number, 2, generator=g) * 9], dim=1)
    masks = 0.3 * torch.randn(number, 4, 4, generator=g)
    labels, scores = torch.arange(number) % 2, torch.linspace(0.9, 0.2, number)
    values, logits = semantic()
    expected = head.decide(paste_windows(masks, boxes, SHAPE), labels, scores, logits)
    claims, keep = paste(masks, boxes, SIZE), torch.ones(number, dtype=torch.bool)
    dense = interpolated(values, SIZE, SHOWN, PADDED)
    found = winners(head, claims, labels, scores, keep, dense)
    assert (found.view(SHAPE) == expected).all()
    assert len(found.unique()) > 2
    if number:
        hidden = winners(head, claims, labels, scores, ~keep, dense)
        assert not ((hidden >= 3) & (hidden < 3 + number)).any()


def test_heuristic_winner_is_the_first_mask():
    head = HeuristicMergeHead(2, 3)
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0]])
    claims = paste(torch.ones(2, 4, 4), boxes, SIZE)
    logits = torch.zeros(5, 600)
    logits[4] = 1
    keep = torch.tensor([True, True])
    found = winners(head, claims, torch.tensor([0, 1]), torch.tensor([0.5, 0.4]), keep, logits)
    line = found.view(SHAPE)[0]
    assert line.tolist() == [3] * 10 + [4] * 5 + [2] * 15


def test_without_stuff_classes_instances_claim_what_they_are_above_0_on():
    head = DifferentiableFusionHead(2, 0)
    claims = paste(torch.tensor([[[-1.0, 1.0], [-1.0, 1.0]]]), torch.tensor([[0, 0, 4.0, 4]]), SIZE)
    one = torch.ones(1)
    found = winners(head, claims, one.long(), one, one.bool(), torch.zeros(2, 600))
    assert found.view(SHAPE)[0, :5].tolist() == [1, 1, 0, 0, 1]  # void is number 1


def test_unsure_stuff():
    values, logits = semantic()
    assert unsure_stuff(DifferentiableFusionHead(2, 3), values, SIZE, SHOWN, PADDED) is None
    confidence = class_confidence(logits)[2:]
    threshold = float(confidence.median())
    head = DifferentiableFusionHead(2, 3, test_cfg=dict(stuff_score_thr=threshold + 1e-4))
    found = unsure_stuff(head, values, SIZE, SHOWN, PADDED)
    assert found.tolist() == (confidence < threshold + 1e-4).tolist()
    assert found.sum() == 2
