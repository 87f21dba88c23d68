import numpy as np
import pytest
import torch

from mmhps.datasets.transforms import PackPanopticInputs, PanopticIdsToInstances
from mmhps.datasets.transforms.loading import to_segment_map
from mmhps.structures.id_formats import cityscapes_segments


def loaded(ids):
    segments = cityscapes_segments(ids)
    return dict(
        img=np.zeros((*ids.shape, 3), dtype=np.uint8),
        img_id="x",
        img_shape=ids.shape,
        seg_map_path="x.png",
        id_format="cityscapes",
        gt_seg_map=to_segment_map(ids, segments),
        segments=segments,
        thing_classes=("thing",) * 8,
    )


def test_without_ground_truth():
    image = np.zeros((3, 5, 3), dtype=np.uint8)
    packed = PackPanopticInputs()(dict(img=image, img_id="x", seg_map_path=None))
    assert packed["inputs"].shape == (3, 3, 5)
    sample = packed["data_samples"]
    assert "gt_panoptic_seg" not in sample and "gt_sem_seg" not in sample
    assert sample.metainfo == dict(img_id="x", seg_map_path=None)


def test_instances_of_the_panoptic_map_are_the_packed_ones(street):
    results = PanopticIdsToInstances()(loaded(street))
    sample = PackPanopticInputs()(results)["data_samples"]
    panoptic = sample.gt_panoptic_seg.sem_seg
    assert (panoptic.shape, panoptic.dtype) == ((1, 4, 6), torch.int64)
    instances = sample.gt_instances
    assert instances.labels.tolist() == [0, 2]  # the crowd is not among them
    for g, label in enumerate(instances.labels.tolist()):
        mask = panoptic[0] == label + 1000 * (g + 1)
        np.testing.assert_array_equal(mask, instances.masks.masks[g].astype(bool))
    assert sample.ignored_instances.labels.tolist() == [2]
    assert sample.ignored_instances.bboxes.tensor.tolist() == [[4, 1, 6, 3]]
    assert sample.gt_sem_seg.sem_seg.shape == (1, 4, 6)
    assert sample.gt_sem_seg.sem_seg.dtype == torch.uint8


@pytest.mark.parametrize("value", [0, 7, 26], ids=["void", "stuff", "crowd"])
def test_no_instances(value):
    results = PanopticIdsToInstances()(loaded(np.full((3, 5), value)))
    sample = PackPanopticInputs()(results)["data_samples"]
    assert len(sample.gt_instances.bboxes) == len(sample.gt_instances.masks) == 0
    assert sample.gt_instances.labels.shape == (0,)
    assert len(sample.ignored_instances.bboxes) == int(value == 26)


def test_meta_information(street):
    results = PanopticIdsToInstances()(loaded(street)) | dict(
        img_path="x.jpg", ori_shape=(8, 12), scale_factor=(0.5, 0.5), flip=False
    )
    results["flip_direction"] = None
    meta = PackPanopticInputs()(results)["data_samples"].metainfo
    assert set(meta) == {
        "img_id",
        "img_path",
        "seg_map_path",
        "id_format",
        "segments",
        "ori_shape",
        "img_shape",
        "scale_factor",
        "flip",
        "flip_direction",
    }


def test_forgotten_panoptic_ids_to_instances(street):
    with pytest.raises(ValueError, match="gt_panoptic_seg.*PanopticIdsToInstances between"):
        PackPanopticInputs()(loaded(street))


def test_image_that_changed_afterwards(street):
    results = PanopticIdsToInstances()(loaded(street))
    results["img"] = results["img"][:2]
    with pytest.raises(ValueError, match=r"expected the shape of the image, \(2, 6\), got \(4, 6"):
        PackPanopticInputs()(results)
