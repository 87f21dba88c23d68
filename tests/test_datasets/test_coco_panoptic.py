import json
import shutil

import numpy as np
import pytest
from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic
from mmdet.datasets import ConcatDataset, MultiImageMixDataset
from mmengine.dataset import RepeatDataset
from PIL import Image

from mmhps.datasets import CityscapesPanopticDataset, CocoPanopticIdDataset
from mmhps.datasets.coco_panoptic import order_categories
from mmhps.structures import Segment
from mmhps.structures.id_formats import CITYSCAPES_CLASSES

GRASS = dict(id=193, name="grass", isthing=0, color=[0, 200, 0])
CAT = dict(id=17, name="cat", isthing=1, color=[200, 0, 0])
SEA = dict(id=155, name="sea", isthing=0, color=[0, 0, 200])
DOG = dict(id=18, name="dog", isthing=1, color=[200, 200, 0])
CATEGORIES = [GRASS, CAT, SEA, DOG]
PIPELINE = [
    dict(type="mmdet.LoadImageFromFile"),
    dict(type="mmdet.LoadPanopticIds"),
    dict(type="mmdet.PanopticIdsToInstances"),
    dict(type="mmdet.PackPanopticInputs"),
]


class TestOrderCategories:
    def test_none(self):
        assert order_categories([]) == []

    def test_from_the_file(self):
        assert order_categories(CATEGORIES) == [CAT, DOG, GRASS, SEA]

    def test_as_asked(self):
        ordered = order_categories(CATEGORIES, ["dog", "cat", "sea", "grass"])
        assert ordered == [DOG, CAT, SEA, GRASS]

    def test_stuff_before_things(self):
        with pytest.raises(ValueError, match=r"Use classes=\('cat', 'dog', 'grass', 'sea'\)"):
            order_categories(CATEGORIES, ["grass", "cat", "sea", "dog"])

    def test_other_names(self):
        with pytest.raises(ValueError, match=r"missing \['sea'\], not in the file \['lake'\]"):
            order_categories(CATEGORIES, ["cat", "dog", "grass", "lake"])


@pytest.fixture
def content():
    """One image: a cat (id 255), two dogs as a crowd (id 70000), grass (id 3) and void."""
    segments = [
        dict(id=3, category_id=193, iscrowd=0),
        dict(id=255, category_id=17, iscrowd=0),
        dict(id=70000, category_id=18, iscrowd=1),
    ]
    return dict(
        images=[dict(id=42, file_name="42.png", height=1, width=4)],
        annotations=[dict(image_id=42, file_name="42.png", segments_info=segments)],
        categories=[dict(category) for category in CATEGORIES],
    )


@pytest.fixture
def build(tmp_path):
    def build(content, **kwargs):
        (tmp_path / "panoptic.json").write_text(json.dumps(content))
        ids = np.array([[3, 255, 70000, 0]])
        for folder in ("img", "seg"):
            (tmp_path / folder).mkdir(exist_ok=True)
        rgb = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
        Image.fromarray(rgb).save(tmp_path / "seg/42.png")
        Image.new("RGB", (4, 1)).save(tmp_path / "img/42.png")
        arguments = dict(data_prefix=dict(img="img", seg="seg"), pipeline=PIPELINE) | kwargs
        return CocoPanopticIdDataset(ann_file="panoptic.json", data_root=str(tmp_path), **arguments)

    return build


def test_data_info(build, content, tmp_path):
    info = build(content).get_data_info(0)
    assert info["img_path"] == str(tmp_path / "img/42.png")
    assert info["seg_map_path"] == str(tmp_path / "seg/42.png")
    assert (info["img_id"], info["id_format"]) == (42, "coco")
    assert (info["height"], info["width"]) == (1, 4)
    # cat 0, dog 1, grass 2, sea 3
    assert info["segments"] == [
        Segment(3, 2, False),
        Segment(255, 0, False),
        Segment(70000, 1, True),
    ]


def test_sample(build, content):
    sample = build(content)[0]["data_samples"]
    assert sample.gt_panoptic_seg.sem_seg.tolist() == [[[2, 1000, 255, 255]]]
    assert sample.gt_sem_seg.sem_seg.tolist() == [[[2, 0, 1, 255]]]
    assert sample.gt_instances.bboxes.tensor.tolist() == [[1, 0, 2, 1]]
    assert sample.ignored_instances.labels.tolist() == [1]
    assert len(sample.segments) == 3


def test_meta_information(build, content):
    meta = build(content).metainfo
    assert meta["classes"] == ("cat", "dog", "grass", "sea")
    assert meta["thing_classes"] == ("cat", "dog")
    assert meta["label_ids"] == (17, 18, 193, 155)
    assert meta["palette"] == [(200, 0, 0), (200, 200, 0), (0, 200, 0), (0, 0, 200)]


@pytest.mark.parametrize("wrap", [ConcatDataset, RepeatDataset, MultiImageMixDataset])
def test_wrappers_know_the_classes_of_a_part_that_is_initialized_late(build, content, wrap):
    part = build(content, lazy_init=True)
    arguments = dict(times=2) if wrap is RepeatDataset else {}
    arguments |= dict(pipeline=[]) if wrap is MultiImageMixDataset else {}
    late = wrap([part] if wrap is ConcatDataset else part, **arguments)
    assert late.metainfo["classes"] == ("cat", "dog", "grass", "sea")
    assert late.metainfo["thing_classes"] == ("cat", "dog")


def test_lazy_initialization_stays_lazy(build, content):
    part = build(content, lazy_init=True)
    assert part.metainfo == build(content).metainfo
    assert not part._fully_initialized and part.data_list == []


def test_palette_without_colours_in_the_file(build, content):
    del content["categories"][0]["color"]
    assert len(build(content).metainfo["palette"]) == 4


def test_classes_in_another_order(build, content):
    dataset = build(content, metainfo=dict(classes=("dog", "cat", "sea", "grass")))
    assert [s.label for s in dataset.get_data_info(0)["segments"]] == [3, 1, 0]


def test_cap(build, content):
    assert len(build(content, filter_cfg=dict(max_instances=1))) == 1
    with pytest.raises(ValueError, match="at most 0"):
        build(content, filter_cfg=dict(max_instances=0))


def test_file_without_annotations_serves_inference(build, content):
    del content["annotations"]
    sample = build(content)[0]["data_samples"]
    assert sample.seg_map_path is None and "gt_panoptic_seg" not in sample


def test_image_without_annotation(build, content):
    content["annotations"] = []
    with pytest.raises(ValueError, match=r"panoptic\.json: image 42 \(42\.png\) has no entries"):
        build(content)


def test_unknown_category(build, content):
    content["annotations"][0]["segments_info"][0]["category_id"] = 5
    with pytest.raises(ValueError, match=r"image 42 \(42\.png\) has category ids \[5\]"):
        build(content)


def segments_of(content):
    return content["annotations"][0]["segments_info"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c["annotations"].append(c["annotations"][0]), r"has 2 entries in"),
        (lambda c: segments_of(c).append(dict(id=3, category_id=18)), r"segment ids \[3\]"),
        (lambda c: segments_of(c).append(dict(id=0, category_id=18)), r"segment ids \[0\].*void"),
        (lambda c: segments_of(c).append(dict(id=2**24, category_id=18)), r"ids \[16777216\]"),
        (lambda c: segments_of(c).append(dict(id="x", category_id=18)), r"'x'"),
    ],
)
def test_bad_annotation_is_named(build, content, spoil, message):
    spoil(content)
    with pytest.raises(ValueError, match=rf"panoptic\.json: image 42 \(42\.png\) .*{message}"):
        build(content)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c.update(images=[]), r'"images" is empty or missing'),
        (lambda c: c["images"].append(c["images"][0]), r'"images".* \[42\] several times'),
        (lambda c: c["categories"].append(dict(DOG, name="wolf")), r'"categories".* \[18\] sev'),
        (lambda c: c["categories"].append(dict(DOG, id=9)), r"each name once.* \['dog'\] sev"),
        (lambda c: c["images"][0].pop("file_name"), r"KeyError: 'file_name'.*images"),
        (lambda c: c["annotations"][0].pop("segments_info"), r"KeyError: 'segments_info'"),
        (lambda c: c.update(annotations=None), r"TypeError.*is a NoneType in place of a list"),
    ],
)
def test_bad_file_is_named(build, content, spoil, message):
    spoil(content)
    with pytest.raises(ValueError, match=rf"panoptic\.json: .*{message}"):
        build(content)


def test_list_instead_of_an_object(tmp_path):
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"x\.json: not in COCO panoptic format"):
        CocoPanopticIdDataset(ann_file=str(tmp_path / "x.json"), data_prefix=dict(img=""))


def test_all_bad_annotations_are_listed(build, content):
    dataset = build(content)
    second = dict(content["images"][0], id=43)
    content["images"] += [second, dict(second, id=44)]
    with pytest.raises(ValueError, match=r"image 43 .* 1 more have faults.*check_dataset\.py"):
        build(content)
    infos, faults = dataset.list_images()
    assert [info["img_id"] for info in infos] == [42]
    assert ["image 44 (42.png) has no entries" in str(fault) for fault in faults] == [False, True]


def test_instances_file(build, content):
    for category in content["categories"]:
        category.pop("isthing")
    with pytest.raises(ValueError, match=r"panoptic\.json: not in COCO panoptic format.*isthing"):
        build(content)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.json: no such JSON file"):
        CocoPanopticIdDataset(ann_file=str(tmp_path / "gone.json"), data_prefix=dict(img=""))


def test_truncated_file(tmp_path):
    (tmp_path / "x.json").write_text('{"images": [')
    with pytest.raises(ValueError, match=r"x\.json: not a JSON file.*truncated"):
        CocoPanopticIdDataset(ann_file=str(tmp_path / "x.json"), data_prefix=dict(img=""))


def test_same_ground_truth_as_the_cityscapes_layout(tmp_path, street, write_pair):
    """The official converter's JSON and PNGs lead to the very same sample."""
    write_pair(tmp_path, "ulm/ulm_1", street)
    convert2panoptic(
        cityscapesPath=str(tmp_path / "gtFine"),
        outputFolder=str(tmp_path / "gtFine"),
        useTrainId=False,
        setNames=["train"],
    )
    (tmp_path / "photos").mkdir()
    image = tmp_path / "leftImg8bit/train/ulm/ulm_1_leftImg8bit.png"
    # The converter names the images after the label maps.
    shutil.copy(image, tmp_path / "photos/ulm_1_gtFine_leftImg8bit.png")
    coco = CocoPanopticIdDataset(
        ann_file="gtFine/cityscapes_panoptic_train.json",
        data_root=str(tmp_path),
        data_prefix=dict(img="photos", seg="gtFine/cityscapes_panoptic_train"),
        metainfo=dict(classes=CITYSCAPES_CLASSES),
        pipeline=PIPELINE,
    )
    direct = CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=PIPELINE)
    ours, theirs = direct[0]["data_samples"], coco[0]["data_samples"]
    assert ours.gt_instances.labels.tolist() == theirs.gt_instances.labels.tolist()
    for key in ("gt_panoptic_seg", "gt_sem_seg"):
        assert ours.get(key).sem_seg.tolist() == theirs.get(key).sem_seg.tolist()
    assert coco.metainfo["label_ids"] == direct.metainfo["label_ids"]
