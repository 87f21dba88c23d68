import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from mmhps.models import HeuristicMergeHead

META = dict(scale_factor=(1.0, 1.0))


def head():
    return HeuristicMergeHead(2, 2, test_cfg=ConfigDict(mask_overlap=0.5, stuff_area_limit=0))


def semantics():
    """One row: thing 1, thing 0, stuff 0, stuff 1."""
    return torch.eye(4)[[1, 0, 2, 3]].T[:, None, :]


def empty():
    return InstanceData(
        bboxes=torch.zeros(0, 4),
        labels=torch.zeros(0, dtype=torch.long),
        scores=torch.zeros(0),
        mask_logits=torch.zeros(0, 2, 2),
    )


def test_thing_pixels_without_an_instance_become_void():
    merged = head().predict([empty()], [semantics()], [META], rescale=False)
    assert merged[0].sem_seg.tolist() == [[[4, 4, 2, 3]]]


def test_masks_and_mask_logits_give_the_same():
    boxes = torch.tensor([[0.0, 0.0, 2.0, 1.0], [1.0, 0.0, 4.0, 1.0]])
    common = dict(bboxes=boxes, labels=torch.tensor([1, 0]), scores=torch.tensor([0.9, 0.8]))
    logits = InstanceData(**common, mask_logits=torch.ones(2, 2, 2))
    masks = InstanceData(
        **common, masks=torch.tensor([[[1, 1, 0, 0]], [[0, 1, 1, 1]]], dtype=torch.bool)
    )
    from_logits = head().predict([logits], [semantics()], [META], rescale=False)
    from_masks = head().predict([masks], [semantics()])
    assert from_logits[0].sem_seg.tolist() == [[[1001, 1001, 2000, 2000]]]
    assert torch.equal(from_logits[0].sem_seg, from_masks[0].sem_seg)
