import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

from mmhps.datasets import (
    CityscapesPanopticDataset,
    LoadPanopticIds,
    panoptic_id_dataset,
)
from mmhps.structures import id_files

PIPELINE = [
    dict(type="mmdet.LoadImageFromFile", imdecode_backend="pillow"),
    dict(type="mmdet.LoadPanopticIds"),
    dict(type="mmdet.PanopticIdsToInstances"),
    dict(type="mmdet.PackPanopticInputs"),
]


@pytest.fixture
def build(tmp_path):
    def build(**kwargs):
        return CityscapesPanopticDataset(data_root=str(tmp_path), **kwargs)

    return build


@pytest.fixture
def three_images(tmp_path, write_pair, monkeypatch):
    """Images with 0, 1 and 2 instances, the first with a crowd; returns what is logged."""
    write_pair(tmp_path, "a", [[7, 26], [7, 0]])
    write_pair(tmp_path, "b", [[7, 26], [7, 26000]])
    write_pair(tmp_path, "c", [[24000, 26], [7, 26000]])
    log = []
    monkeypatch.setattr(panoptic_id_dataset, "print_log", lambda text, **_: log.append(text))
    return log


class TestFold:
    @pytest.mark.parametrize(
        ("number", "held_out", "names"),
        [(0, True, "a"), (0, False, "bc"), (1, True, "bc"), (1, False, "a")],
    )
    def test_blocks_are_contiguous(self, build, three_images, number, held_out, names):
        dataset = build(fold=dict(number=number, of=2), test_mode=held_out)
        assert [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))] == list(names)

    def test_each_image_is_held_out_once_in_blocks_of_nearly_one_size(self):
        images = list(range(165 + 2))
        blocks = [panoptic_id_dataset.select_fold(images, True, k, 5) for k in range(5)]
        assert sum(blocks, []) == images
        assert [len(block) for block in blocks] == [33, 33, 34, 33, 34]
        for k, block in enumerate(blocks):
            rest = panoptic_id_dataset.select_fold(images, False, k, 5)
            assert sorted(block + rest) == images

    def test_the_cap_comes_after(self, build, three_images):
        dataset = build(fold=dict(number=1, of=2), filter_cfg=dict(max_instances=1), test_mode=True)
        assert [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))] == ["b"]

    def test_other_splits_take_no_part(self, build, tmp_path, write_pair):
        for name in ("test/a", "train/b", "val/c"):
            write_pair(tmp_path, name, [[7, 26]])
        fold = dict(number=0, of=2, splits=["train", "val"])
        for held_out, names in ((True, ["b"]), (False, ["c"])):
            dataset = build(fold=fold, test_mode=held_out)
            assert [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))] == names

    @pytest.mark.parametrize(("number", "of"), [(2, 2), (-1, 2), (0, 1), (0, 4)])
    def test_no_such_fold(self, build, three_images, number, of):
        with pytest.raises(ValueError, match=f"fold: .*number={number}, of={of}"):
            build(fold=dict(number=number, of=of))


class TestFilter:
    @pytest.mark.parametrize("limit, names", [(0, ["a"]), (1, ["a", "b"]), (2, ["a", "b", "c"])])
    @pytest.mark.parametrize("test_mode", [False, True])
    def test_cap_counts_neither_crowd_nor_stuff(self, build, three_images, limit, names, test_mode):
        dataset = build(filter_cfg=dict(max_instances=limit), test_mode=test_mode)
        assert [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))] == names
        assert f"{len(names)} of 3 images remain (max_instances={limit})" in three_images[0]
        assert dataset.left_out == 3 - len(names)

    @pytest.mark.parametrize("filter_cfg", [None, {}, dict(max_instances=None)])
    def test_no_filter(self, build, three_images, filter_cfg):
        assert len(build(filter_cfg=filter_cfg)) == 3
        assert three_images == []

    def test_classes_that_are_left_out_do_not_count(self, build, three_images):
        classes = dict(classes=("person", "road"))
        assert len(build(metainfo=classes, filter_cfg=dict(max_instances=0))) == 2

    def test_nothing_remains(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "a", [[26000]])
        with pytest.raises(ValueError, match="no image of .*train has at most 0 instances"):
            build(filter_cfg=dict(max_instances=0))

    def test_without_ground_truth(self, build, three_images):
        with pytest.raises(ValueError, match="filter_cfg: max_instances counts ground-truth"):
            build(data_prefix=dict(img="leftImg8bit/train"), filter_cfg=dict(max_instances=1))

    def test_unknown_key(self, build):
        with pytest.raises(ValueError, match=r"filter_cfg: only.*max_instances.*\[.min_size.\]"):
            build(filter_cfg=dict(min_size=1))


class TestBrokenFiles:
    @pytest.fixture
    def dataset(self, build, tmp_path, write_pair, write_ids):
        """One image of noise (so that its file can be cut) in the middle of two others."""
        for name in "abc":
            write_pair(tmp_path, name, np.full((32, 32), 7))
        noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "leftImg8bit/train/b_leftImg8bit.png")
        return build(pipeline=PIPELINE)

    def test_sound(self, dataset):
        assert [sample["data_samples"].img_id for sample in dataset] == ["a", "b", "c"]

    @pytest.mark.parametrize("kept", [0, 10, 1500])
    def test_empty_or_truncated_image(self, dataset, kept):
        path = dataset.get_data_info(1)["img_path"]
        with open(path, "r+b") as file:
            file.truncate(kept)
        with pytest.raises(RuntimeError, match=r"b_leftImg8bit\.png: cannot be read.*download"):
            dataset[1]

    def test_missing_image(self, dataset, tmp_path):
        image = tmp_path / "leftImg8bit/train/b_leftImg8bit.png"
        image.unlink()
        with pytest.raises(RuntimeError, match=rf"^{image}: cannot be read \(FileNotFoundError"):
            dataset[1]

    def test_label_that_vanished(self, dataset, tmp_path):
        (tmp_path / "gtFine/train/b_gtFine_instanceIds.png").unlink()
        with pytest.raises(FileNotFoundError, match=r"b_gtFine_instanceIds\.png"):
            dataset[1]

    @pytest.mark.parametrize("workers", [0, 2])
    @pytest.mark.parametrize("test_mode", [False, True])
    def test_message_of_a_worker_process(self, dataset, build, tmp_path, workers, test_mode):
        (tmp_path / "leftImg8bit/train/b_leftImg8bit.png").write_bytes(b"")
        dataset = build(pipeline=PIPELINE, test_mode=test_mode)
        loader = DataLoader(dataset, num_workers=workers, collate_fn=list)
        with pytest.raises(RuntimeError, match=r"b_leftImg8bit\.png: cannot be read.*download"):
            list(loader)

    def test_protected_label(self, dataset, monkeypatch):
        def refuse(path):  # root may read everything, so no chmod
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(id_files.Image, "open", refuse)
        info = dict(dataset.get_data_info(1), img=np.zeros((32, 32, 3)))
        with pytest.raises(PermissionError, match=r"b_gtFine_instanceIds\.png: no permission"):
            LoadPanopticIds()(info)

    def test_image_too_narrow_to_be_resized(self, build, tmp_path, write_pair):
        write_pair(tmp_path, "line", np.full((1, 1000), 7))
        resize = dict(type="mmdet.Resize", scale=(256, 128), keep_ratio=True)
        dataset = build(pipeline=[*PIPELINE[:2], resize, *PIPELINE[2:]])
        with pytest.raises(RuntimeError, match=r"line_leftImg8bit\.png: the pip.*sides.*too short"):
            dataset[0]

    def test_label_of_another_size(self, dataset, tmp_path, write_ids):
        write_ids(tmp_path / "gtFine/train/b_gtFine_instanceIds.png", [[7]])
        with pytest.raises(ValueError, match=r"b_gtFine_instanceIds\.png.*1x1.*32x32"):
            dataset[1]

    def test_truncated_label_stops_the_count(self, dataset, build, tmp_path):
        path = tmp_path / "gtFine/train/b_gtFine_instanceIds.png"
        path.write_bytes(path.read_bytes()[:50])
        with pytest.raises(OSError, match=r"b_gtFine_instanceIds\.png.*truncated"):
            build(filter_cfg=dict(max_instances=1))


class TestPipelineThatReturnsNone:
    @staticmethod
    def skip_a(results):
        return None if results["img_id"] == "a" else results

    def test_is_an_error_that_names_the_image(self, build, three_images):
        dataset = build(pipeline=[self.skip_a])
        with pytest.raises(RuntimeError, match=r"a_leftImg8bit\.png.*None.*max_refetch"):
            dataset[0]

    def test_max_refetch_allows_it(self, build, three_images):
        dataset = build(pipeline=[self.skip_a], max_refetch=1000)
        assert dataset[0]["img_id"] in "bc"

    def test_but_not_in_test_mode(self, build, three_images):
        dataset = build(pipeline=[self.skip_a], max_refetch=1000, test_mode=True)
        with pytest.raises(RuntimeError, match=r"a_leftImg8bit\.png"):
            dataset[0]
