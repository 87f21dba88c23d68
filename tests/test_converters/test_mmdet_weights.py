"""Class rows, class names and refusals, on weights small enough to see."""

import pytest
import torch

from mmhps.converters.mmdet_weights import adapt, pick_rows, source_things, state_dict

COCO_ROWS = dict(person=0, bicycle=1, car=2, motorcycle=3, bus=5, train=6, truck=7)


def test_no_class_in_common_keeps_all_rows():
    initial = torch.tensor([[7.0], [8.0]])
    for old in (["dog"], ["dog", "cat"]):
        picked = pick_rows(torch.zeros(len(old), 1), initial, old, ["car", "person"])
        assert picked.tolist() == [[7], [8]]


def test_classes_get_the_rows_of_their_name():
    source = torch.arange(12.0).view(12, 1)  # four rows of each of three classes
    initial = -torch.ones(8, 1)
    picked = pick_rows(source, initial, ["dog", "car", "person"], ["person", "rider"])
    assert picked.flatten().tolist() == [8, 9, 10, 11, -1, -1, -1, -1]
    assert initial.eq(-1).all()


def coco_things():
    from mmdet.datasets import CocoDataset

    return CocoDataset.METAINFO["classes"]


def classes_of_2x():
    from mmdet.datasets import CocoPanopticDataset

    names = list(CocoPanopticDataset.METAINFO["classes"])
    names[7] = " truck"  # so it is in the panoptic checkpoints of MMDetection 2.x
    return names


@pytest.mark.parametrize(
    "meta",
    [
        lambda: dict(CLASSES=classes_of_2x()),
        lambda: dict(dataset_meta=dict(classes=classes_of_2x())),
        lambda: dict(dataset_meta=dict(CLASSES=coco_things())),
        dict,
    ],
    ids=["2.x", "3.x", "early 3.x", "none"],
)
def test_class_names_of_a_checkpoint(meta):
    found = source_things(dict(meta=meta()), {"roi_head.bbox_head.fc_cls.bias": torch.zeros(81)})
    assert len(found) == 80
    assert {name: found.index(name) for name in COCO_ROWS} == COCO_ROWS


def test_class_names_that_are_too_few_or_unknown():
    state = {"roi_head.bbox_head.fc_cls.bias": torch.zeros(4)}
    assert source_things({}, {}) == []
    assert source_things(dict(meta=dict(CLASSES=("a", "b", "c"))), state) == ["a", "b", "c"]
    for meta in (dict(CLASSES=("a", "b")), {}):
        with pytest.raises(ValueError, match="has 3 classes, but its meta information names [02]"):
            source_things(dict(meta=meta), state)


def test_weights_alone_or_beside_other_things():
    weights = {"a.weight": torch.ones(1)}
    assert state_dict(weights) == state_dict(dict(state_dict=weights)) == weights
    for content in ({}, [], torch.ones(1), dict(state_dict={}), dict(state_dict=[1])):
        with pytest.raises(ValueError, match="holds no weights by name but"):
            state_dict(content)
    with pytest.raises(ValueError, match="'epoch' is int"):
        state_dict(dict(epoch=3))


def test_refuses_foreign_names_other_depths_and_other_widths():
    target = {"backbone.conv1.weight": torch.ones(8, 3), "neck.conv.weight": torch.ones(4)}
    foreign = {"conv1.weight": torch.ones(8, 3)}
    with pytest.raises(ValueError, match="no weight has the name .*conv1.weight.*init_cfg"):
        adapt(foreign, target, [], [])
    deeper = {**target, "backbone.layer3.6.conv1.weight": torch.ones(1)}
    with pytest.raises(
        ValueError, match=r"1 weights \(backbone.layer3.6.*\) only in the checkpoint"
    ):
        adapt(deeper, target, [], [])
    with pytest.raises(ValueError, match=r"1 weights \(backbone.layer3.6.*\) only in the config's"):
        adapt(target, deeper, [], [])
    normed = {**target, "neck.bn.weight": torch.ones(4)}
    with pytest.raises(
        ValueError, match=r"neck differ: 1 weights \(neck.bn.weight\) only in the ch"
    ):
        adapt(normed, target, [], [])
    wider = {**target, "neck.conv.weight": torch.ones(5)}
    with pytest.raises(ValueError, match=r"1 weights .*neck.conv.weight \(5,\) against \(4,\)"):
        adapt(wider, target, [], [])
    adapt({**target, "backbone.bn1.num_batches_tracked": torch.ones(())}, target, [], [])


def test_refuses_a_box_head_of_other_classes():
    name = "roi_head.bbox_head.fc_cls.weight"
    source, target = {name: torch.ones(4, 2)}, {name: torch.ones(3, 2)}
    state = adapt(source, target, ["a", "b", "c"], ["a", "d"]).state
    assert state[name].shape == (3, 2)
    with pytest.raises(ValueError, match=r"fc_cls.weight \(4, 2\) against \(3, 2\)"):
        adapt(source, target, ["a", "b", "c"], ["a", "d", "e"])
    with pytest.raises(ValueError, match=r"fc_cls.weight \(4, 2\) against \(4, 2\)"):
        adapt(source, source, ["a", "b", "c"], ["a", "d"])
