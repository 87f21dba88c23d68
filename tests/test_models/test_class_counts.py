"""The numbers of classes in the four heads follow from the data set."""

import json

import pytest
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

from mmhps.models import resolve_classes, set_class_counts

META = dict(classes=("cat", "dog", "sky"), thing_classes=("cat", "dog"))


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mmdet")


def model():
    counts = dict(num_things_classes=8, num_stuff_classes=11)
    return ConfigDict(
        roi_head=dict(bbox_head=dict(num_classes=8), mask_head=dict(num_classes=8)),
        semantic_head=dict(counts),
        panoptic_fusion_head=dict(counts),
    )


def counts_of(model):
    return (
        model.roi_head.bbox_head.num_classes,
        model.roi_head.mask_head.num_classes,
        *(
            model[head][key]
            for head in ("semantic_head", "panoptic_fusion_head")
            for key in ("num_things_classes", "num_stuff_classes")
        ),
    )


def test_counts_by_hand():
    config = model()
    set_class_counts(config, META)
    assert counts_of(config) == (2, 2, 2, 1, 2, 1)


def test_stuff_alone_is_refused_for_models_that_detect():
    meta = dict(classes=("sky",), thing_classes=())
    with pytest.raises(ValueError, match=r"at least one thing class.*stuff alone \(sky, "):
        set_class_counts(model(), meta)
    semantic = ConfigDict(semantic_head=dict(num_things_classes=8, num_stuff_classes=11))
    set_class_counts(semantic, meta)
    assert semantic.semantic_head == dict(num_things_classes=0, num_stuff_classes=1)


@pytest.mark.parametrize("number", [255, 256, 300])
def test_no_class_has_the_number_of_void(number):
    names = tuple(f"class {i}" for i in range(number))
    meta, config = dict(classes=names, thing_classes=names[:200]), model()
    if number > 255:
        with pytest.raises(ValueError, match=f"at most 255 classes.*got {number}"):
            set_class_counts(config, meta)
    else:
        set_class_counts(config, meta)
        assert counts_of(config)[-2:] == (200, 55)


def test_no_stuff():
    config = model()
    set_class_counts(config, dict(classes=("cat",), thing_classes=("cat",)))
    assert counts_of(config) == (1, 1, 1, 0, 1, 0)


def test_heads_of_a_cascade_and_missing_heads():
    config = ConfigDict(roi_head=dict(bbox_head=[dict(num_classes=8), dict(num_classes=8)]))
    set_class_counts(config, META)
    assert [head.num_classes for head in config.roi_head.bbox_head] == [2, 2]
    empty = ConfigDict(type="ToyModel")
    set_class_counts(empty, META)
    assert empty == dict(type="ToyModel")


def test_data_without_things_changes_nothing():
    config = model()
    set_class_counts(config, dict(classes=("cat",)))
    assert counts_of(config) == (8, 8, 8, 11, 8, 11)


def test_stuff_before_things_is_an_error():
    with pytest.raises(ValueError, match=r"expected the things \('dog',\) before the stuff"):
        set_class_counts(model(), dict(classes=("sky", "dog"), thing_classes=("dog",)))


def config_with(**loaders):
    return Config(dict(model=model(), **loaders))


def test_classes_of_metainfo_in_one_line():
    dataset = dict(
        type="CityscapesPanopticDataset", metainfo=dict(classes=("person", "car", "road"))
    )
    cfg = config_with(val_dataloader=None, train_dataloader=dict(dataset=dataset))
    resolve_classes(cfg)
    assert counts_of(cfg.model) == (2, 2, 2, 1, 2, 1)


def test_classes_of_a_wrapped_coco_file(tmp_path):
    categories = [
        dict(id=1, name="field", isthing=0),
        dict(id=2, name="tractor", isthing=1),
        dict(id=3, name="sky", isthing=0),
    ]
    image = dict(id=1, file_name="a.png", height=2, width=2)
    content = dict(images=[image], categories=categories)
    (tmp_path / "val.json").write_text(json.dumps(content))
    dataset = dict(
        type="CocoPanopticIdDataset",
        ann_file="val.json",
        data_root=str(tmp_path),
        data_prefix=dict(img=""),
    )
    wrapped = dict(type="RepeatDataset", times=2, dataset=dataset)
    cfg = config_with(val_dataloader=dict(dataset=wrapped))
    resolve_classes(cfg)
    assert counts_of(cfg.model) == (1, 1, 1, 2, 1, 2)


def test_no_data_changes_nothing():
    cfg = config_with(val_dataloader=None, test_dataloader=None)
    resolve_classes(cfg)
    assert counts_of(cfg.model) == (8, 8, 8, 11, 8, 11)
