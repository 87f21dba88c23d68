import numpy as np
import pytest
from cityscapesscripts.helpers.labels import name2label
from mmdet.registry import DATASETS

from mmhps.datasets import CityscapesPanopticDataset

ROAD = np.full((2, 3), 7)


@pytest.fixture
def build(tmp_path):
    def build(**kwargs):
        return CityscapesPanopticDataset(data_root=str(tmp_path), **kwargs)

    return build


def ids_of(dataset):
    return [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))]


class TestMetaInformation:
    def test_default(self):
        meta = CityscapesPanopticDataset.METAINFO
        assert len(meta["classes"]) == 19
        assert meta["classes"] == meta["thing_classes"] + meta["stuff_classes"]
        assert meta["label_ids"][:3] == (24, 25, 26) and meta["label_ids"][8] == 7
        assert meta["palette"] == [name2label[name].color for name in meta["classes"]]

    def test_subset(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "a", ROAD)
        meta = build(metainfo=dict(classes=("car", "person", "sky"))).metainfo
        assert meta["thing_classes"] == ("car", "person")
        assert meta["stuff_classes"] == ("sky",)
        assert meta["label_ids"] == (26, 24, 23)
        assert meta["palette"] == [(0, 0, 142), (220, 20, 60), (70, 130, 180)]

    def test_own_palette(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "a", ROAD)
        meta = build(metainfo=dict(classes=("car", "sky"), palette=[(1, 2, 3), (4, 5, 6)])).metainfo
        assert meta["palette"] == [(1, 2, 3), (4, 5, 6)]

    def test_palette_of_wrong_length(self, build):
        with pytest.raises(ValueError, match="palette of 2 colours.*got 1"):
            build(metainfo=dict(classes=("car", "sky"), palette=[(1, 2, 3)]))

    def test_stuff_before_things(self, build):
        message = r"stuff class 'road'.*before the thing class 'car'.*classes=\('car', 'road'\)"
        with pytest.raises(ValueError, match=message):
            build(metainfo=dict(classes=("road", "car")))

    def test_subset_relabels_the_map(self, build, tmp_path, street, write_pair):
        write_pair(tmp_path, "a", street)
        pipeline = [dict(type="mmdet.LoadPanopticIds"), dict(type="mmdet.PanopticIdsToInstances")]
        results = build(metainfo=dict(classes=("car", "road")), pipeline=pipeline)[0]
        assert results["gt_panoptic_seg"].tolist() == [
            [1, 1, 1, 1, 1, 1],
            [1000, 1000, 1, 1, 255, 255],
            [1000, 1000, 1, 255, 255, 255],
            [255] * 6,
        ]


class TestFolders:
    def test_data_info(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "aachen/aachen_000000_000019", ROAD)
        info = build().get_data_info(0)
        stem = "train/aachen/aachen_000000_000019"
        assert info["img_path"] == str(tmp_path / f"leftImg8bit/{stem}_leftImg8bit.png")
        assert info["seg_map_path"] == str(tmp_path / f"gtFine/{stem}_gtFine_instanceIds.png")
        assert info["img_id"] == "aachen_000000_000019"
        assert info["id_format"] == "cityscapes"
        assert len(info["classes"]) == 19 and len(info["thing_classes"]) == 8

    def test_any_depth_sorted(self, build, tmp_path, write_pair):
        for name in ("x/y/z/deep", "flat", "ulm/ulm_1", "aachen/aachen_1"):
            write_pair(tmp_path, name, ROAD)
        assert ids_of(build()) == ["aachen_1", "flat", "ulm_1", "deep"]

    def test_equal_stems_in_two_folders(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "north/0001", ROAD)
        write_pair(tmp_path, "south/0001", ROAD)
        assert ids_of(build()) == ["north_0001", "south_0001"]

    def test_linked_city(self, build, tmp_path, write_pair):
        write_pair(tmp_path / "elsewhere", "ulm/ulm_1", ROAD)
        for folder in ("leftImg8bit", "gtFine"):
            (tmp_path / folder / "train").mkdir(parents=True)
            link = tmp_path / folder / "train/ulm"
            link.symlink_to(tmp_path / "elsewhere" / folder / "train/ulm")
        assert ids_of(build()) == ["ulm_1"]

    def test_other_suffixes_and_prefixes(self, build, tmp_path, write_ids):
        write_ids(tmp_path / "photos/a.jpg.png", ROAD)
        write_ids(tmp_path / "maps/a.ids.png", ROAD)
        dataset = build(
            data_prefix=dict(img="photos", seg="maps"),
            img_suffix=".jpg.png",
            seg_map_suffix=".ids.png",
        )
        assert ids_of(dataset) == ["a"]

    def test_label_maps_of_other_kinds_are_not_taken_for_images(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "a", ROAD)
        (tmp_path / "leftImg8bit/train/a_gtFine_color.png").touch()
        assert ids_of(build()) == ["a"]

    @pytest.mark.parametrize("prefix", [{}, dict(seg=None)])
    def test_no_ground_truth(self, build, tmp_path, write_pair, prefix):
        write_pair(tmp_path, "a", ROAD)
        pipeline = [
            dict(type="mmdet.LoadImageFromFile"),
            dict(type="mmdet.LoadPanopticIds"),
            dict(type="mmdet.PanopticIdsToInstances"),
            dict(type="mmdet.PackPanopticInputs"),
        ]
        dataset = build(data_prefix=dict(img="leftImg8bit/train", **prefix), pipeline=pipeline)
        sample = dataset[0]["data_samples"]
        assert sample.seg_map_path is None
        assert "gt_panoptic_seg" not in sample

    def test_missing_folder(self, build):
        with pytest.raises(FileNotFoundError, match=r"leftImg8bit/train: image folder.*data_root"):
            build()

    def test_no_images(self, build, tmp_path):
        (tmp_path / "leftImg8bit/train").mkdir(parents=True)
        with pytest.raises(FileNotFoundError, match=r"no image \*_leftImg8bit\.png.*img_suffix"):
            build()

    def test_missing_label(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "a", ROAD)
        (tmp_path / "gtFine/train/a_gtFine_instanceIds.png").unlink()
        message = r"a_gtFine_instanceIds\.png: label map not found.*json2instanceImg"
        with pytest.raises(FileNotFoundError, match=message):
            build()


def test_is_registered(tmp_path, write_pair):
    write_pair(tmp_path, "a", ROAD)
    cfg = dict(type="CityscapesPanopticDataset", data_root=str(tmp_path), indices=1)
    assert len(DATASETS.build(cfg)) == 1
