"""Ground truth of raw ids, and a check that all of it agrees."""

import numpy as np

from mmhps.datasets.transforms import PackPanopticInputs, PanopticIdsToInstances
from mmhps.datasets.transforms.loading import to_segment_map
from mmhps.structures import VOID
from mmhps.structures.id_formats import THING_CLASSES, cityscapes_segments


def to_loaded(ids):
    """Raw ids as behind LoadPanopticIds, with an image that shows the id of each pixel."""
    ids = np.array(ids, np.int32)
    segments = cityscapes_segments(ids)
    image = np.stack([ids % 256, ids // 256, np.ones_like(ids)], axis=2).astype(np.uint8)
    return dict(
        img=image,
        img_shape=ids.shape,
        gt_seg_map=to_segment_map(ids, segments),
        segments=segments,
        thing_classes=THING_CLASSES,
    )


def derive(ids):
    """Ground truth of raw ids, as behind PanopticIdsToInstances."""
    return PanopticIdsToInstances()(to_loaded(ids))


def pack(results):
    """The packed sample, its panoptic and its semantic map."""
    sample = PackPanopticInputs()(results)["data_samples"]
    return sample, sample.gt_panoptic_seg.sem_seg[0].numpy(), sample.gt_sem_seg.sem_seg[0].numpy()


def assert_agreement(results):
    """Masks, boxes, semantic and panoptic map say the same of every pixel."""
    sample, panoptic, semantic = pack(results)
    owner = np.zeros(panoptic.shape, int)
    for truth, ignored in ((sample.gt_instances, False), (sample.ignored_instances, True)):
        triples = zip(truth.masks.masks, truth.labels, truth.bboxes.tensor, strict=True)
        for g, (mask, label, box) in enumerate(triples):
            mask = mask != 0
            owner += mask
            rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
            assert box.tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            assert (semantic[mask] == label.item()).all()
            expected = VOID if ignored else label.item() + 1000 * (g + 1)
            assert (panoptic[mask] == expected).all()
            assert ignored or (panoptic == expected).sum() == mask.sum()
    assert owner.max(initial=0) <= 1
    free = owner == 0
    things = semantic < len(THING_CLASSES)
    assert (panoptic[free] == np.where(things, VOID, semantic)[free]).all()


def random_ids(rng, size=(20, 24)):
    """Raw ids in blocks: void, stuff, crowds and instances."""
    values = [0, 7, 23, 26, 24, 24000, 24001, 26000, 26001, 33000]
    block = int(rng.integers(1, 6))
    return rng.choice(values, size).repeat(block, 0).repeat(block, 1)[: size[0], : size[1]]
