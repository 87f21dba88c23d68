import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from model_parts import flat_instances

from mmhps.functional import resampled
from mmhps.models import UPSNetFusionHead
from mmhps.models.instances import paste

META = dict(img_shape=(1, 4), ori_shape=(1, 4), scale_factor=(1.0, 1.0))
# One thing class and two of stuff on four pixels.
SEMANTIC = torch.tensor([[[3.0, 3, 1, 1]], [[0.0, 0, 2, 2]], [[-1.0, -1, -1, -1]]])
LEFT = [0, 0, 2, 1]


def image(boxes=(), labels=(), scores=(), logits=(), **fields):
    return flat_instances(boxes, labels, scores, logits, things=1, **fields)


def fused(head, instances, semantic=SEMANTIC):
    return head(paste(instances, (1, 4), 1.0), semantic)


def test_no_instances():
    """Stuff, and the unknown channel: the largest thing logit."""
    assert torch.equal(fused(UPSNetFusionHead(1, 2), image()), SEMANTIC[[1, 2, 0]])
    assert torch.equal(fused(UPSNetFusionHead(1, 2, unknown=False), image()), SEMANTIC[1:])


def test_definition_by_hand():
    """Mask logit 5 plus thing logit 3 in the box; both 0 outside, where unknown is 1 - 0."""
    found = fused(UPSNetFusionHead(1, 2), image([LEFT], [0], [0.9], [5.0]))
    assert torch.equal(found[:2], SEMANTIC[1:])
    assert found[2:].tolist() == [[[8.0, 8, 0, 0]], [[0.0, 0, 1, 1]]]


def sample(ids, instances):
    """Ground truth of as many instances, of which ``ids`` (1, 4) is the panoptic map."""
    return type("Sample", (), dict(
        gt_instances=InstanceData(labels=torch.zeros(instances)),
        gt_panoptic_seg=PixelData(sem_seg=torch.tensor([ids])),
        batch_input_shape=(1, 4),
    ))()  # fmt: skip


def loss(instances, ids, count, semantic=SEMANTIC, **options):
    head = UPSNetFusionHead(1, 2, loss_weight=1.0, **options)
    return head.loss(
        [instances], [paste(instances, (1, 4), 1.0)], semantic[None], [sample(ids, count)]
    )["loss_panoptic"]


def test_loss_by_hand():
    """Instance 1 is left out: its pixel is unknown; void does not count; each pixel alike."""
    kept = image([LEFT], [0], [0.9], [5.0], gt_inds=torch.tensor([1]))
    found = loss(kept, [[2000, 2000, 1000, 255]], 2)
    log = torch.tensor([[0.0, -1, 8, 0], [2, -1, 0, 1]]).log_softmax(dim=1)
    torch.testing.assert_close(found, -(2 * log[0, 2] + log[1, 3]) / 3)


def test_without_the_unknown_channel_what_is_left_out_is_ignored():
    kept = image([LEFT], [0], [0.9], [5.0], gt_inds=torch.tensor([1]))
    found = loss(kept, [[2000, 2000, 1000, 255]], 2, unknown=False)
    torch.testing.assert_close(found, -torch.tensor([0.0, -1, 8]).log_softmax(dim=0)[2])


def test_gradient_reaches_masks_and_semantics_also_outside_of_boxes():
    logits = torch.tensor([0.1], requires_grad=True)
    semantic = SEMANTIC.clone().requires_grad_()
    given = image([LEFT], [0], [0.9], logits, gt_inds=torch.tensor([0]))
    loss(given, [[1000, 1000, 1, 1]], 1, semantic).backward()
    assert logits.grad < 0
    assert (semantic.grad.abs().sum(dim=0) > 0).all()


def predict(instances, semantic=SEMANTIC, **options):
    head = UPSNetFusionHead(1, 2, **options)
    (result,) = head.predict([instances], [resampled(semantic, (1, 4))], [META], rescale=False)
    return result.sem_seg[0, 0].tolist()


def test_unknown_is_void():
    things = torch.tensor([[[3.0] * 4], [[1.0] * 4], [[0.0] * 4]])
    assert predict(image(), things) == [3, 3, 3, 3]
    assert predict(image([LEFT], [0], [0.9], [1.0]), things) == [1000, 1000, 3, 3]
    assert predict(image([LEFT], [0], [0.9], [1.0]), things, unknown=False) == [1000, 1000, 1, 1]


def test_pruning_within_the_class_alone():
    """The second mask is covered by half; 0.3 drops it unless its class is another one."""
    meta, boxes = dict(META), [[0, 0, 2, 1], [1, 0, 3, 1]]
    semantic = torch.zeros(4, 1, 4)  # two thing classes
    for labels, expected in (([0, 0], {1000}), ([0, 1], {1000, 2001})):
        instances = flat_instances(boxes, labels, [0.9, 0.8], [2.0, 3.0])
        head = UPSNetFusionHead(2, 2, test_cfg=dict(mask_overlap=0.3))
        (result,) = head.predict([instances], [resampled(semantic, (1, 4))], [meta], False)
        assert set(result.sem_seg.unique().tolist()) - {2} == expected


def test_majority_turns_an_instance_into_stuff():
    """Of the three pixels that the instance wins, two look like stuff 1 (label 2)."""
    semantic = torch.tensor([[[3.0, 0, 0, 0]], [[0.0] * 4], [[1.0, 2, 2, 0]]])
    strong = image([[0, 0, 3, 1]], [0], [0.9], [9.0])
    assert predict(strong, semantic)[:3] == [2, 2, 2]
    semantic[2, 0, 1] = -1.0  # now one of three
    assert predict(strong, semantic)[:3] == [1000, 1000, 1000]


def test_several_images_of_different_sizes():
    """Each image is read at its own size."""
    head = UPSNetFusionHead(1, 2)
    metas = [META, dict(META, img_shape=(2, 2), ori_shape=(2, 2))]
    logits = [resampled(SEMANTIC, (1, 4)), resampled(SEMANTIC, (2, 2))]
    images = [image([LEFT], [0], [0.9], [5.0]), image()]
    first, second = head.predict(images, logits, metas, rescale=False)
    assert first.sem_seg.shape == (1, 1, 4) and second.sem_seg.shape == (1, 2, 2)
    assert first.sem_seg[0, 0].tolist() == [1000, 1000, 1, 1]
    assert second.metainfo["instance_scores"] == []


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    given = image([LEFT], [0], [0.9], [5.0])
    found = fused(UPSNetFusionHead(1, 2), given, SEMANTIC.to(dtype))
    assert torch.equal(found, fused(UPSNetFusionHead(1, 2), given))
