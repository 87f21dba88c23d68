import pytest
import torch
from mmdet.models.seg_heads import HeuristicFusionHead
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from model_parts import flat_instances

from mmhps.functional import paste_windows, resampled
from mmhps.models import HeuristicMergeHead
from mmhps.models.fusion_heads import FusionHead
from mmhps.models.instances import Instances, paste

META = dict(scale_factor=(1.0, 1.0))


def head():
    return HeuristicMergeHead(2, 2, test_cfg=ConfigDict(mask_overlap=0.5, stuff_area_limit=0))


def semantics():
    """One row: thing 1, thing 0, stuff 0, stuff 1."""
    return torch.eye(4)[[1, 0, 2, 3]].T[:, None, :]


def test_thing_pixels_without_an_instance_become_void():
    image, logits = flat_instances(), resampled(semantics(), (1, 4))
    merged = head().predict([image], [logits], [META], rescale=False)
    assert merged[0].sem_seg.tolist() == [[[4, 4, 2, 3]]]


def test_masks_and_mask_logits_give_the_same():
    logits = flat_instances([[0, 0, 2, 1], [1, 0, 4, 1]], [1, 0], [0.9, 0.8], [1.0, 1.0])
    masks = InstanceData(
        labels=logits.labels,
        scores=logits.scores,
        masks=torch.tensor([[[1, 1, 0, 0]], [[0, 1, 1, 1]]], dtype=torch.bool),
    )
    from_logits = head().predict([logits], [resampled(semantics(), (1, 4))], [META], rescale=False)
    from_masks = head().predict([masks], [semantics()])
    assert from_logits[0].sem_seg.tolist() == [[[1001, 1001, 2000, 2000]]]
    assert torch.equal(from_logits[0].sem_seg, from_masks[0].sem_seg)


def scene(seed):
    """Instances that overlap, and semantic logits, of 12 x 16 pixels."""
    generator = torch.Generator().manual_seed(seed)
    corners = 10 * torch.rand(5, 2, generator=generator) - 2
    instances = Instances(
        bboxes=torch.cat([corners, corners + 3 + 8 * torch.rand(5, 2, generator=generator)], dim=1),
        labels=torch.randint(2, (5,), generator=generator),
        scores=torch.tensor([0.9, 0.8, 0.7, 0.6, 0.5]),
        class_weights=torch.zeros(5, 2),
        mask_logits=torch.randn(5, 4, 4, generator=generator) + 1,
    )
    return instances, torch.randn(4, 12, 16, generator=generator)


@pytest.mark.parametrize("seed", range(5))
def test_equals_mmdetection_on_its_masks(seed):
    """MMDetection's head gets the same masks, and one channel for all things."""
    instances, logits = scene(seed)
    options = ConfigDict(mask_overlap=0.5, stuff_area_limit=20)
    masks = paste(instances, (12, 16), 1.0).logits > 0
    peer = InstanceData(
        bboxes=instances.bboxes, labels=instances.labels, scores=instances.scores, masks=masks
    )
    things = logits[:2].amax(dim=0, keepdim=True)
    (expected,) = HeuristicFusionHead(2, 2, test_cfg=options).predict(
        [peer], [torch.cat([logits[2:], things])]
    )
    ours = HeuristicMergeHead(2, 2, test_cfg=options)
    (from_masks,) = ours.predict([peer], [logits])
    (from_logits,) = ours.predict([instances], [resampled(logits, (12, 16))], [META], rescale=False)
    assert torch.equal(from_masks.sem_seg, expected.sem_seg)
    assert torch.equal(from_logits.sem_seg, expected.sem_seg)
    assert len(from_logits.sem_seg.unique()) > 3
    assert from_masks.metainfo == from_logits.metainfo


@pytest.mark.parametrize("seed", range(5))
def test_painting_equals_the_dense_definition(seed):
    instances, logits = scene(seed)
    layers = paste_windows(instances.mask_logits, instances.bboxes, (12, 16))
    arguments = layers, instances.labels, instances.scores, resampled(logits, (12, 16))
    assert torch.equal(head().decide(*arguments), FusionHead.decide(head(), *arguments).long())


def test_there_is_no_loss():
    assert head().loss([], [], torch.zeros(0, 4, 1, 1), []) == {}


def test_options_of_other_fusions_are_an_error():
    with pytest.raises(TypeError, match="mask_scale"):
        HeuristicMergeHead(2, 2, mask_scale=4.0)
