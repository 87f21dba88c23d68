import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from model_parts import flat_instances

from mmhps.functional import paste_windows, resampled
from mmhps.models import OANetFusionHead
from mmhps.models.fusion_heads.oanet_fusion_head import coarse_masks
from mmhps.models.instances import paste

SEMANTIC = torch.zeros(3, 2, 8)  # two thing classes, one of stuff
BACK, FRONT = [0, 0, 8, 2], [2, 0, 6, 2]


@pytest.fixture
def head():
    torch.manual_seed(0)
    return OANetFusionHead(2, 1)


def image(boxes=(), labels=(), scores=(), logits=(), **fields):
    return flat_instances(boxes, labels, scores, logits, **fields)


def sample(ids):
    return type("Sample", (), dict(
        gt_instances=InstanceData(labels=torch.zeros(2)),
        gt_panoptic_seg=PixelData(sem_seg=torch.tensor([ids])),
        batch_input_shape=(2, 8),
    ))()  # fmt: skip


def loss(head, *images, ids):
    canvases = [paste(instances, (2, 8), 1.0) for instances in images]
    logits = torch.stack([SEMANTIC] * len(images))
    return head.loss(images, canvases, logits, [sample(ids)] * len(images))["loss_ranking"]


def test_no_instances(head):
    loss(head, image(), ids=[[2] * 8] * 2).backward()
    assert all((p.grad == 0).all() for p in head.parameters())
    (result,) = head.predict(
        [image()], [resampled(SEMANTIC + 1, (2, 8))], [dict(scale_factor=(1.0, 1.0))]
    )
    assert result.sem_seg.shape == (1, 2, 8) and result.metainfo["instance_scores"] == []


def test_masks_at_the_resolution_of_the_logits():
    """The left half of 4 x 8 output pixels, on 1 x 2 of 1 x 3 logits; the third is padding."""
    (layer,) = paste_windows(torch.ones(1, 2, 2), torch.tensor([[0.0, 0, 4, 4]]), (4, 8))
    padded = resampled(torch.zeros(3, 1, 3), (4, 8), shown=(4, 8), padded=(4, 12))
    assert coarse_masks([layer], padded).tolist() == [[[True, False]]]
    assert coarse_masks([], padded).shape == (0, 1, 2)


def predicted(head, instances, size=(2, 8)):
    """The classes of the things in the output."""
    meta = dict(scale_factor=(8 / size[1], 2 / size[0]))
    (result,) = head.predict([instances], [resampled(SEMANTIC, size)], [meta])
    return result.sem_seg[0] % 1000


def rank(head, value):
    """Make class 1 rank above class 0 by the logit ``value``, whatever the masks are."""
    for path in (head.columns_first, head.rows_first):
        torch.nn.init.zeros_(path[2].weight)
        path[2].bias.data = torch.tensor([0.0, value / 2])


def test_the_rank_decides_not_the_score(head):
    """A car of a higher score behind a tie of a lower one."""
    instances = image([BACK, FRONT], [0, 1], [0.9, 0.5], [2.0, 2.0])
    rank(head, 1.0)
    found = predicted(head, instances)
    assert found[0].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    rank(head, -1.0)
    assert (predicted(head, instances) == 0).all()  # the tie is hidden by more than a half


def test_masks_too_small_for_the_map_keep_their_score(head):
    """One pixel of 8 x 32, on 2 x 8 logits: its score of 0.9 is above the rank of 1/2."""
    instances = image([BACK, [0.25, 0.25, 0.5, 0.5]], [0, 1], [0.95, 0.9], [2.0, 2.0])
    rank(head, 0.0)
    assert (predicted(head, instances, size=(8, 32)) == 1).sum() == 1
    instances = image([BACK, [0.25, 0.25, 0.5, 0.5]], [0, 1], [0.95, 0.4], [2.0, 2.0])
    assert (predicted(head, instances, size=(8, 32)) == 1).sum() == 0


def test_learns_which_class_is_in_front(head):
    """Both orders of the scores; the ground truth shows class 1 in front of class 0."""
    ids = [[1000, 1000, 2001, 2001, 2001, 2001, 1000, 1000]] * 2
    instances = image([BACK, FRONT], [0, 1], [0.9, 0.5], [2.0, 2.0])
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    values = []
    for _ in range(30):
        optimizer.zero_grad()
        value = loss(head, instances, ids=ids)
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.1 < values[0]
    assert predicted(head, instances)[0].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]


def test_ground_truth_without_a_detection_is_not_drawn(head):
    """It would be missing at test time, too."""
    rows = [BACK, FRONT], [0, 1], [0.9, 0.5], [2.0, 2.0]
    missed = image(*rows, detected=torch.tensor([True, False]))
    ids = [[1000] * 8] * 2
    assert loss(head, missed, ids=ids) == loss(head, missed[:1], ids=ids)
    assert loss(head, missed, ids=ids) != loss(head, image(*rows), ids=ids)


def test_the_mean_over_images(head):
    one, other = image([BACK], [0], [0.9], [2.0]), image([FRONT], [1], [0.9], [2.0])
    ids = [[1000] * 4 + [2] * 4] * 2
    both = loss(head, one, other, ids=ids)
    single = [loss(head, x, ids=ids) for x in (one, other)]
    torch.testing.assert_close(both, sum(single) / 2)


def test_half_precision(head):
    instances = image([BACK, FRONT], [0, 1], [0.9, 0.5], [2.0, 2.0])
    ids = [[1000, 1000, 2001, 2001, 2001, 2001, 1000, 1000]] * 2
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(head, instances, ids=ids)
        predicted(head, instances)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, loss(head, instances, ids=ids), atol=0.02, rtol=0)
