from dataclasses import replace

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from model_parts import flat_instances

from mmhps.functional import resampled
from mmhps.models import SOGNetFusionHead, UPSNetFusionHead
from mmhps.models.fusion_heads.sognet_fusion_head import Relation
from mmhps.models.instances import paste

SEMANTIC = torch.zeros(4, 1, 8)  # two classes of things and two of stuff
BACK, FRONT, APART = [0, 0, 6, 1], [2, 0, 6, 1], [6, 0, 8, 1]


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = SOGNetFusionHead(2, 2, loss_weight=1.0)
    head.init_weights()
    return head


def image(boxes=(), labels=(), scores=(), logits=(), **fields):
    return flat_instances(boxes, labels, scores, logits, **fields)


def three(**fields):
    return image([BACK, FRONT, APART], [0, 1, 1], [0.9, 0.8, 0.7], [3.0, 3.0, 3.0], **fields)


def canvases(instances):
    return paste(instances, (1, 8), 1.0)


def sample(ids, count):
    return type("Sample", (), dict(
        gt_instances=InstanceData(labels=torch.zeros(count)),
        gt_panoptic_seg=PixelData(sem_seg=torch.tensor([ids])),
        batch_input_shape=(1, 8),
    ))()  # fmt: skip


def losses(head, *images, ids):
    samples = [sample(ids, 3)] * len(images)
    semantic = torch.stack([SEMANTIC] * len(images))
    return head.loss(images, [canvases(image) for image in images], semantic, samples)


IDS = [[1000, 1000, 2001, 2001, 2001, 2001, 3001, 3001]]


def test_no_instances(head):
    assert torch.equal(head(canvases(image()), SEMANTIC), SEMANTIC[2:])
    found = losses(head, image(), ids=[[2] * 8])
    assert found["loss_relation"] == 0
    sum(found.values()).backward()
    assert all((p.grad == 0).all() for p in head.parameters())


def test_relation_of_pairs():
    torch.manual_seed(0)
    relation = Relation(3)
    boxes, labels = torch.tensor([BACK, FRONT]).float(), torch.tensor([0, 2])
    found = relation(boxes, labels)
    assert found.shape == (2, 2)
    # What one is to the other depends on the order, but not on the place or the size of the map.
    torch.testing.assert_close(relation(boxes[[1, 0]], labels[[1, 0]]), found.flip(0, 1))
    torch.testing.assert_close(relation(10 * boxes + 5, labels), found)
    assert not torch.allclose(found, found.T)
    assert relation(boxes[:0], labels[:0]).shape == (0, 0)


def test_without_overlap_it_is_upsnet(head):
    apart = image([FRONT, APART], [0, 1], [0.9, 0.8], [3.0, -3.0])
    expected = UPSNetFusionHead(2, 2, unknown=False)(canvases(apart), SEMANTIC)
    assert torch.equal(head(canvases(apart), SEMANTIC), expected)


def test_only_the_one_below_becomes_weaker(head):
    given = canvases(three())
    order, pairs = head.order(given)
    assert pairs.tolist() == [[False, True, False], [True, False, False], [False] * 3]
    below = 0 if order[0, 1] > 0 else 1
    assert order[below, 1 - below] > 0
    resolved = head.mask_terms(given)
    assert (resolved[below][given.cover[below]] < 3).all()
    assert torch.equal(resolved[1 - below], given.logits[1 - below])
    assert torch.equal(resolved[2], given.logits[2])


def test_losses_train_the_relation_and_the_masks(head):
    logits = torch.full((3,), 3.0, requires_grad=True)
    rows = [BACK, FRONT, APART], [0, 1, 1], [0.9, 0.8, 0.7], logits
    given = image(*rows, gt_inds=torch.tensor([0, 1, 2]))
    found = losses(head, given, ids=IDS)
    assert found.keys() == {"loss_panoptic", "loss_relation"}
    for name, value in found.items():
        head.zero_grad()
        value.backward(retain_graph=True)
        assert all(p.grad.abs().sum() > 0 for p in head.parameters()), name
    assert logits.grad.abs().sum() > 0


def test_learns_which_is_in_front(head):
    """The panoptic loss alone says that the one in front is instance 1."""
    given = three(gt_inds=torch.tensor([0, 1, 2]))
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    for _ in range(30):
        optimizer.zero_grad()
        sum(losses(head, given, ids=IDS).values()).backward()
        optimizer.step()
    order, _ = head.order(canvases(given))
    assert order[0, 1] > 0.5 and order[1, 0] == 0


def test_false_detections_and_several_images(head):
    """Those without a ground truth have no relation; the mean over the images."""
    found = three(gt_inds=torch.tensor([0, 1, -1]))
    alone = found[:1]
    assert losses(head, alone, ids=IDS)["loss_relation"] == 0
    single = losses(head, found, ids=IDS)["loss_relation"]
    both = losses(head, found, alone, ids=IDS)["loss_relation"]
    assert both.item() == pytest.approx(single.item() / 2)
    far = replace(found, gt_inds=torch.tensor([0, -1, 2]))
    assert losses(head, far, ids=IDS)["loss_relation"] == 0


def test_strips_of_the_output_see_whole_boxes(head, monkeypatch):
    """Each row is decided on its own. Instance 1 lies on 0, which so falls below stuff everywhere.

    In the first row there is no part of instance 1, and yet it lies on the other one.
    """
    order = torch.tensor([[0.0, 5], [-5, 0]])
    monkeypatch.setattr(head.relation, "forward", lambda *_: order)
    monkeypatch.setattr(head, "revise", lambda winner, *_: winner)
    boxes = [[0, 0, 6, 4], [2, 1, 8, 4]]
    instances = image(boxes, [0, 1], [0.9, 0.8], [1.0, 1.0])
    semantic = torch.zeros(4, 4, 8)
    semantic[2] = 0.9

    def predict():
        meta = dict(scale_factor=(1.0, 1.0))
        return head.predict([instances], [resampled(semantic, (4, 8))], [meta])[0].sem_seg

    expected = [[2] * 8, *[[2, 2] + [2001] * 6] * 3]
    assert predict().tolist() == [expected]
    monkeypatch.setattr("mmhps.models.fusion_heads.base._STRIP", 8)
    assert predict().tolist() == [expected]


def test_half_precision(head):
    given = canvases(three())
    expected = head(given, SEMANTIC)
    with torch.autocast("cpu", torch.bfloat16):
        found = head(given, SEMANTIC)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0.01)
