"""Id maps in files and through MMDetection's transforms, against one pixel after the other."""

import numpy as np
from cityscapesscripts.helpers.labels import labels as cityscapes_labels
from generated import seeds, sizes
from hypothesis import given
from hypothesis import strategies as st
from mmdet.datasets.transforms import Pad, RandomCrop, RandomFlip, Resize
from PIL import Image

from mmhps.datasets.transforms import LoadPanopticIds, PackPanopticInputs, PanopticIdsToInstances
from mmhps.structures import Segment, unique_ids
from mmhps.structures.id_files import read_rgb_ids
from mmhps.structures.id_formats import (
    CITYSCAPES_CLASSES,
    THING_CLASSES,
    cityscapes_segments,
    read_cityscapes_ids,
)

VOID = 255
void_values = st.sampled_from([0, 1, 4, 9, 14, 29])
stuff_values = st.sampled_from([7, 8, 23])
crowd_values = st.sampled_from([24, 26, 33])
instance_values = st.sampled_from([24000, 24001, 26000, 26007, 26999, 33002])
mixed = st.one_of(void_values, stuff_values, crowd_values, instance_values)
# All void and all crowd get a share of their own.
value_lists = st.one_of(
    *(st.lists(kind, min_size=1, max_size=8) for kind in (mixed, mixed, void_values, crowd_values))
)


@st.composite
def raw_maps(draw):
    """A Cityscapes id map of blocks, with some pixels of their own."""
    values, size = draw(value_lists), draw(sizes)
    rng = np.random.default_rng(draw(seeds))
    block = draw(st.integers(1, 5))
    ids = rng.choice(values, size).repeat(block, 0).repeat(block, 1)[: size[0], : size[1]]
    return np.where(rng.random(size) < 0.1, rng.choice(values, size), ids).astype(np.int32)


def describe(value):
    """Train label (None for void) and whether it is a crowd, from the table of Cityscapes."""
    for label in cityscapes_labels:
        if label.id == (value if value < 1000 else value // 1000):
            if label.name not in CITYSCAPES_CLASSES:
                return None, False
            return CITYSCAPES_CLASSES.index(label.name), label.hasInstances and value < 1000
    raise AssertionError(value)


def write(path, ids):
    Image.fromarray(ids.astype(np.uint16)).save(path)
    return str(path)


def test_segments_of_a_file(check, tmp_path):
    @given(raw_maps())
    def holds(ids):
        read = read_cityscapes_ids(write(tmp_path / "ids.png", ids))
        assert np.array_equal(read, ids)
        present = sorted(set(ids.flatten().tolist()))
        assert unique_ids(read) == present
        expected = [Segment(value, *describe(value)) for value in present]
        expected = [segment for segment in expected if segment.label is not None]
        assert cityscapes_segments(read) == expected

    check(holds)()


def test_ids_in_colours(check, tmp_path):
    @given(sizes, seeds, st.booleans())
    def holds(size, seed, alpha):
        rgb = np.random.default_rng(seed).integers(0, 256, (*size, 4 if alpha else 3), np.uint8)
        Image.fromarray(rgb).save(tmp_path / "rgb.png")
        ids = read_rgb_ids(tmp_path / "rgb.png")
        for pixel in np.ndindex(size):
            red, green, blue = rgb[pixel].tolist()[:3]
            assert ids[pixel] == red + 256 * green + 65536 * blue

    check(holds)()


@st.composite
def geometries(draw):
    """Transforms as a training pipeline has them. An image is sampled as the label map is."""
    steps = []
    scale = draw(st.one_of(st.none(), sizes))
    if scale:
        steps.append(Resize(scale, interpolation="nearest"))
    for direction in draw(
        st.lists(st.sampled_from(["horizontal", "vertical", "diagonal"]), max_size=2)
    ):
        steps.append(RandomFlip(prob=1.0, direction=direction))
    crop = draw(st.one_of(st.none(), sizes))
    if crop:
        steps.append(RandomCrop(crop, allow_negative_crop=True))
    if draw(st.booleans()):
        steps.append(Pad(size=(14, 13), pad_val=dict(img=0, seg=VOID)))
    return steps


def test_ground_truth_after_transforms(check, tmp_path):
    """The image names the place in the file from which each pixel came."""

    @given(raw_maps(), geometries(), st.integers(1, 4), seeds)
    def holds(ids, geometry, min_area, seed):
        path = write(tmp_path / "ids.png", ids)
        image = np.stack([*np.indices(ids.shape), np.ones(ids.shape)], axis=2).astype(np.uint8)
        results = dict(
            img=image,
            img_shape=ids.shape,
            seg_map_path=path,
            id_format="cityscapes",
            thing_classes=THING_CLASSES,
        )
        np.random.seed(seed)
        steps = [LoadPanopticIds(), *geometry, PanopticIdsToInstances(min_area)]
        for step in steps:
            results = step(results)
        # MMDetection cannot pack a flipped view that is one pixel wide.
        packed = PackPanopticInputs()({**results, "img": results["img"].copy()})
        sample = packed["data_samples"]
        row, column, shown = packed["inputs"].numpy()
        source = np.where(shown == 1, ids[row, column], 0)  # 0: void, as padding is

        semantic, panoptic = np.full(source.shape, VOID), np.full(source.shape, VOID)
        kept, ignored = [], []
        for value in sorted(set(source.flatten().tolist())):
            label, crowd = describe(value)
            if label is None:
                continue
            mask = source == value
            semantic[mask] = label
            if label >= len(THING_CLASSES):
                panoptic[mask] = label
                continue
            rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
            box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            small = crowd or mask.sum() < min_area
            (ignored if small else kept).append((label, box, mask))
            if not small:
                panoptic[mask] = label + 1000 * len(kept)
        assert np.array_equal(sample.gt_sem_seg.sem_seg[0], semantic)
        assert np.array_equal(sample.gt_panoptic_seg.sem_seg[0], panoptic)
        for found, expected in ((sample.gt_instances, kept), (sample.ignored_instances, ignored)):
            assert found.labels.tolist() == [label for label, _, _ in expected]
            assert found.bboxes.tensor.tolist() == [box for _, box, _ in expected]
            assert found.masks.masks.tolist() == [mask.tolist() for _, _, mask in expected]

    check(holds)()
