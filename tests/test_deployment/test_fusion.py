import pytest
import torch

from mmhps.deployment.claims import paste
from mmhps.deployment.fusion import class_order, interpolated, unsure_stuff, winners
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
    dense = expected.dense()
    found = interpolated(values, SIZE, SHOWN, PADDED)
    pixel = torch.arange(600).flip(0)
    torch.testing.assert_close(found.at(pixel), dense.flatten(1).flip(1))
    label = pixel % 5
    torch.testing.assert_close(found.at(pixel, label), dense.flatten(1)[label, pixel])
    order = torch.tensor([4, 0, 2])
    assert (found.labels(order) == dense[order].argmax(dim=0).flatten()).all()


def test_interpolated_from_one_row():
    found = interpolated(torch.tensor([[[1.0, 3.0]]]), numbers(2, 2), numbers(1, 2), numbers(1, 2))
    assert found.at(torch.arange(4)).tolist() == [[1, 3, 1, 3]]


def numbers(*values):
    return tuple(torch.tensor(value) for value in values)


def of_torch(head, winner, number):
    """The numbers of ``FusionHead.decide`` for those of the graph: stuff, instances, void."""
    stuff = class_order(head) - head.num_things_classes
    void = head.num_stuff_classes + number
    names = torch.cat(
        [torch.where(stuff < 0, void, stuff), head.num_stuff_classes + torch.arange(number)]
    )
    return names[winner].view(SHAPE)


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
    parts = interpolated(values, SIZE, SHOWN, PADDED)
    found = winners(head, claims, labels, scores, keep, parts)
    assert (of_torch(head, found, number) == expected).all()
    assert len(found.unique()) > 2
    if number:
        assert (found < 0).any()
        assert (winners(head, claims, labels, scores, ~keep, parts) >= 0).all()


def flat(*logits):
    """Classes with the same logit everywhere."""
    values = torch.tensor(logits)[:, None, None].expand(-1, 8, 16)
    return interpolated(values, SIZE, SHOWN, PADDED)


def test_heuristic_winner_is_the_first_mask():
    head = HeuristicMergeHead(2, 3)
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0]])
    claims = paste(torch.ones(2, 4, 4), boxes, SIZE)
    keep, scores = torch.tensor([True, True]), torch.tensor([0.5, 0.4])
    found = winners(head, claims, torch.tensor([0, 1]), scores, keep, flat(0.0, 0, 0, 0, 1))
    line = of_torch(head, found, 2)[0]
    assert line.tolist() == [3] * 10 + [4] * 5 + [2] * 15


@pytest.mark.parametrize(
    "kind, void", [(DifferentiableFusionHead, True), (HeuristicMergeHead, False)]
)
def test_where_a_thing_is_as_likely_as_stuff(kind, void):
    head = kind(1, 1)
    claims = paste(torch.zeros(0, 4, 4), torch.zeros(0, 4), SIZE)
    none = torch.zeros(0)
    found = winners(head, claims, none.long(), none, none.bool(), flat(1.0, 1.0))
    assert (of_torch(head, found, 0) == (1 if void else 0)).all()


def test_without_stuff_classes_instances_claim_what_they_are_above_0_on():
    head = DifferentiableFusionHead(2, 0)
    claims = paste(torch.tensor([[[-1.0, 1.0], [-1.0, 1.0]]]), torch.tensor([[0, 0, 4.0, 4]]), SIZE)
    one = torch.ones(1)
    found = winners(head, claims, one.long(), one, one.bool(), flat(0.0, 0.0))
    assert of_torch(head, found, 1)[0, :5].tolist() == [1, 1, 0, 0, 1]  # void is number 1


def test_unsure_stuff():
    values, logits = semantic()
    assert unsure_stuff(DifferentiableFusionHead(2, 3), values, SIZE, SHOWN, PADDED) is None
    confidence = class_confidence(logits)[2:]
    threshold = float(confidence.median())
    head = DifferentiableFusionHead(2, 3, test_cfg=dict(stuff_score_thr=threshold + 1e-4))
    found = unsure_stuff(head, values, SIZE, SHOWN, PADDED)
    assert found.tolist() == (confidence < threshold + 1e-4).tolist()
    assert found.sum() == 2
