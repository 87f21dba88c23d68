import os
import shutil

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import name2label
from mmdet.registry import DATASETS

from mmhps.datasets import CityscapesPanopticDataset, cityscapes_panoptic

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
        steps = "LoadImageFromFile LoadPanopticIds PanopticIdsToInstances PackPanopticInputs"
        pipeline = [dict(type=f"mmdet.{step}") for step in steps.split()]
        packed = build(metainfo=dict(classes=("car", "road")), pipeline=pipeline)[0]
        assert packed["data_samples"].gt_panoptic_seg.sem_seg[0].tolist() == [
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
        assert ids_of(build()) == ["north/0001", "south/0001"]

    def test_stems_that_are_equal_once_joined(self, build, tmp_path, write_pair):
        for name in ("a/b_c", "a_b/c", "x/c"):
            write_pair(tmp_path, name, ROAD)
        assert ids_of(build()) == ["a/b_c", "a_b/c", "x/c"]

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

    def test_layout_and_ids_of_kitti(self, build, tmp_path, write_ids):
        write_ids(tmp_path / "training/image_2/000000_10.png", ROAD)  # any picture
        ids = [[7 * 256, 26 * 256 + 1, 26 * 256 + 2], [0, 26 * 256, 26 * 256]]
        write_ids(tmp_path / "training/instance/000000_10.png", ids)
        prefix = dict(img="training/image_2", seg="training/instance")
        suffixes = dict(img_suffix=".png", seg_map_suffix=".png")
        dataset = build(data_prefix=prefix, id_format="kitti", **suffixes)
        info = dataset.get_data_info(0)
        assert (info["img_id"], info["id_format"]) == ("000000_10", "kitti")
        segments = dataset.read_segments(info)
        assert [(s.label, s.iscrowd) for s in segments] == [
            (8, False), (2, True), (2, False), (2, False)
        ]  # fmt: skip

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
        with pytest.raises(FileNotFoundError, match=message) as error:
            build()
        assert "check_dataset" not in str(error.value)

    def test_several_missing_labels(self, build, tmp_path, write_pair):
        for name in "abc":
            write_pair(tmp_path, name, ROAD)
        for name in "bc":
            (tmp_path / f"gtFine/train/{name}_gtFine_instanceIds.png").unlink()
        with pytest.raises(FileNotFoundError, match=r"b_gtFine.* 1 more have.*check_dataset\.py"):
            build()
        infos, faults = build(lazy_init=True).list_images()
        assert [info["img_id"] for info in infos] == ["a"]
        assert ["/c_gtFine_instanceIds.png: label map not" in str(f) for f in faults] == [0, 1]

    def test_missing_label_folder(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "a", ROAD)
        shutil.rmtree(tmp_path / "gtFine")
        with pytest.raises(FileNotFoundError, match=r"a_gtFine_instanceIds\.png: label map not"):
            build()

    @pytest.mark.parametrize("kind", ["missing", "folder", "dangling link"])
    def test_label_without_image_is_left_aside_with_a_warning(
        self, build, tmp_path, write_pair, monkeypatch, kind
    ):
        log = []
        monkeypatch.setattr(cityscapes_panoptic, "print_log", lambda text, **_: log.append(text))
        write_pair(tmp_path, "a", ROAD)
        write_pair(tmp_path, "b", ROAD)
        assert len(build()) == 2 and log == []
        image = tmp_path / "leftImg8bit/train/b_leftImg8bit.png"
        image.unlink()
        if kind == "folder":
            image.mkdir()
        elif kind == "dangling link":
            image.symlink_to("nowhere.png")
        assert ids_of(build()) == ["a"]
        assert (
            f"{tmp_path}/gtFine/train: 1 of 2 label maps without image, the first is 'b_gt"
            in log[0]
        )

    @pytest.mark.parametrize("folder", ["leftImg8bit/train/ulm", "gtFine/train/ulm"])
    def test_folder_that_cannot_be_read(self, build, tmp_path, write_pair, monkeypatch, folder):
        write_pair(tmp_path, "ulm/a", ROAD)
        scandir = os.scandir

        def refuse(path):  # root may read everything, so no chmod
            if str(path) == str(tmp_path / folder):
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        with pytest.raises(PermissionError, match=f"{folder}: no permission.*rights"):
            build()

    def test_names_in_any_script_and_encoding(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "münchen straße/東京", ROAD)
        write_pair(tmp_path, os.fsdecode(b"m\xfcnchen/a"), ROAD)
        dataset = build(pipeline=[dict(type="mmdet.LoadPanopticIds")])
        assert [sample["gt_seg_map"].shape for sample in dataset] == [(2, 3), (2, 3)]
        assert ids_of(dataset) == ["東京", "a"]


def test_is_registered(tmp_path, write_pair):
    write_pair(tmp_path, "a", ROAD)
    cfg = dict(type="CityscapesPanopticDataset", data_root=str(tmp_path), indices=1)
    assert len(DATASETS.build(cfg)) == 1
