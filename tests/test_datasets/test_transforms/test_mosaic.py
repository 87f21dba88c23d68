"""Four images joined: every pixel of all ground truth says the same, and what the image shows."""

import numpy as np
import pytest
from ground_truth import assert_agreement, derive, pack, random_ids, to_loaded
from mmdet.datasets import MultiImageMixDataset
from mmdet.datasets.transforms import Mosaic, RandomCrop, RandomFlip
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import init_default_scope

from mmhps.datasets.transforms import PanopticIdsToInstances, PanopticMosaic
from mmhps.datasets.transforms.alignment import check_wrappers
from mmhps.datasets.transforms.loading import FIRST_SEGMENT
from mmhps.structures import VOID, Segment

ROAD, CAR = 7, 26000


def loaded(ids, number=0):
    """As behind LoadPanopticIds; the image shows the raw id of a pixel and its own number."""
    results = to_loaded(ids)
    results["img"][..., 2] = number
    return results


def join(*parts, scale=(2, 2), ratios=(1, 1), **options):
    step = PanopticMosaic(scale, ratios, **options)
    return step(dict(parts[0], mix_results=list(parts[1:])))


def finish(results):
    return PanopticIdsToInstances()({k: v for k, v in results.items() if k != "mix_results"})


def test_no_instance():
    joined = join(*[loaded(np.full((2, 2), ROAD))] * 4, ratios=(0.5, 0.5))
    results = finish(joined)
    assert_agreement(results)
    sample, panoptic, _ = pack(results)
    assert len(sample.gt_instances) == 0
    # The centre is at (1, 1): one pixel, two, two and four of the four images.
    assert panoptic.tolist() == [[8, 8, 8, VOID]] * 3 + [[VOID] * 4]


def test_one_image_four_times():
    """Its car is four cars, and its person at the border lies outside in two of them."""
    street = loaded([[24000, ROAD], [CAR, 0]])
    joined = join(*[street] * 4, ratios=(0.5, 0.5))
    assert [s.id for s in joined["segments"]] == list(range(FIRST_SEGMENT, FIRST_SEGMENT + 12))
    results = finish(joined)
    assert_agreement(results)
    sample, panoptic, semantic = pack(results)
    #  -     | car -       the left upper image shows its last pixel alone
    #  ------+------
    #  road  | person road
    #  -     | car    -
    assert sample.gt_instances.labels.tolist() == [2, 0, 2]
    assert panoptic.tolist() == [
        [VOID, 1002, VOID, VOID],
        [8, 2000, 8, VOID],
        [VOID, 3002, VOID, VOID],
        [VOID] * 4,
    ]
    assert semantic[:3, :3].tolist() == [[VOID, 2, VOID], [8, 0, 8], [VOID, 2, VOID]]


def test_crowds_stay_crowds():
    results = finish(join(*[loaded([[26, CAR], [26, ROAD]])] * 4))
    assert_agreement(results)
    sample, panoptic, _ = pack(results)
    assert len(sample.gt_instances) == len(sample.ignored_instances) == 4
    assert panoptic[0].tolist() == [VOID, 1002, VOID, 2002]


def test_enlarged_maps_hold_no_other_segment():
    """Between the road (the first segment) and the car (the third) there is no person."""
    part = loaded([[ROAD, CAR], [ROAD, 24000]])
    joined = join(*[part] * 4, scale=(8, 8))
    quarter = joined["gt_seg_map"][:8, :8].astype(int) - FIRST_SEGMENT
    assert (quarter == np.array([[0, 2], [0, 1]]).repeat(4, 0).repeat(4, 1)).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_image_is_that_of_mosaic(seed):
    """Images of any size, which are resized to fit."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(4):
        part = loaded(random_ids(rng, tuple(rng.integers(5, 40, 2))), number)
        boxes = dict(gt_bboxes=HorizontalBoxes(np.zeros((0, 4), np.float32)))
        none = np.zeros(0, np.int64)
        parts.append(part | boxes | dict(gt_bboxes_labels=none, gt_ignore_flags=none == 0))
    results = dict(parts[0], mix_results=parts[1:])
    np.random.seed(seed)
    expected = Mosaic((24, 16))(dict(results))
    np.random.seed(seed)
    found = PanopticMosaic((24, 16))(dict(results))
    assert (found["img"] == expected["img"]).all()
    assert found["img_shape"] == expected["img_shape"] == found["gt_seg_map"].shape == (32, 48)


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_what_the_image_shows(seed, factor):
    """The colour of a pixel names its image and its raw id, and so says what the truth must be.

    Enlarged images are blurred, so only pixels are compared whose neighbours are of one colour.
    """
    rng = np.random.default_rng(seed)
    np.random.seed(seed)
    parts = [loaded(random_ids(rng), number) for number in range(1, 5)]
    joined = join(*parts, scale=(24 * factor, 20 * factor), ratios=(0.5, 1.5), pad_val=0)
    for step in (RandomFlip(prob=0.5), RandomCrop((30 * factor, 25 * factor))):
        joined = step(joined)
    results = finish(joined)
    assert_agreement(results)
    _, panoptic, semantic = pack(dict(results))
    colour = results["img"].astype(int) @ [1, 256, 1 << 16]
    clear = np.ones_like(colour, bool)
    for axis in (0, 1) if factor > 1 else ():
        for shift in (-1, 1):
            clear &= colour == np.roll(colour, shift, axis)
    raw, image = colour % (1 << 16), colour >> 16
    labels = {0: VOID, 7: 8, 23: 18, 33: 7, 26: 2, 24: 0}
    expected = np.vectorize(lambda value: labels[value // 1000 if value >= 1000 else value])
    assert (semantic[clear] == expected(raw[clear])).all()
    owners = {}
    things = clear & (raw >= 1000)
    for number, value in set(zip(image[things].tolist(), raw[things].tolist(), strict=True)):
        found = set(panoptic[things & (image == number) & (raw == value)].tolist())
        assert len(found) == 1
        owners[number, value] = found.pop()
    assert len(set(owners.values())) == len(owners) > 0


@pytest.mark.parametrize(("prob", "shape"), [(0.0, (4, 6)), (1.0, (8, 12))])
def test_in_a_mixed_data_set(tmp_path, write_pair, street, prob, shape):
    """Three images are drawn besides the first; what stands behind Mosaic works as it does."""
    init_default_scope("mmdet")
    for name in "ab":
        write_pair(tmp_path, name, street)
    loading = [dict(type="LoadImageFromFile"), dict(type="LoadPanopticIds")]
    inner = dict(type="CityscapesPanopticDataset", data_root=str(tmp_path), pipeline=loading)
    pipeline = [
        dict(type="PanopticMosaic", img_scale=(6, 4), prob=prob),
        dict(type="RandomFlip", prob=0.5),
        dict(type="PanopticIdsToInstances"),
    ]
    dataset = MultiImageMixDataset(inner, pipeline)
    check_wrappers(dataset)
    for seed in range(5):
        np.random.seed(seed)
        results = dataset[1]
        assert results["img"].shape[:2] == results["img_shape"] == shape
        assert_agreement(results)


class TestPlace:
    def test_outside_of_a_mixed_data_set(self):
        with pytest.raises(ValueError, match="mix_results: expected three .* MultiImageMixDataset"):
            PanopticMosaic()(loaded([[ROAD]]))

    @pytest.mark.parametrize("prob", [0.0, 1.0])
    def test_behind_the_instances(self, prob):
        parts = [derive([[ROAD]])] * 4
        with pytest.raises(ValueError, match="gt_seg_map: .* before PanopticIdsToInstances"):
            join(*parts, prob=prob)

    def test_without_ground_truth(self):
        with pytest.raises(ValueError, match="gt_seg_map: .* behind LoadPanopticIds"):
            join(*[dict(img=np.zeros((2, 2, 3), np.uint8))] * 4)

    def test_more_segments_than_a_map_holds(self):
        many = dict(loaded([[ROAD]]), segments=[Segment(k, 0) for k in range(20_000)])
        with pytest.raises(ValueError, match="PanopticMosaic: expected at most .* got 80000"):
            join(*[many] * 4)
