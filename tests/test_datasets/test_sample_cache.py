import errno
import os
import pickle
import shutil
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from PIL import Image
from torch.utils.data import DataLoader

from mmhps.datasets import CityscapesPanopticDataset, advice, sample_cache
from mmhps.datasets.panoptic_id_dataset import ImageError
from mmhps.datasets.sample_cache import CachedSteps, SampleCache
from mmhps.datasets.samplers import SeededIndex
from mmhps.structures import Segment

STREET = [[7, 7, 26000, 26000], [7, 24001, 24001, 26001]]


@pytest.fixture
def images(tmp_path, write_pair):
    for name in "abc":
        write_pair(tmp_path, name, STREET)
    return tmp_path


@pytest.fixture
def build(images):
    """Build the data set of the three images; images are resized and flipped by chance."""
    init_default_scope("mmdet")

    def build(cache=None, scale=(8, 4), **kwargs):
        steps = ["LoadImageFromFile", "LoadPanopticIds", dict(type="Resize", scale=scale)]
        steps += [dict(type="RandomFlip", prob=0.5), "PanopticIdsToInstances", "PackPanopticInputs"]
        pipeline = [dict(type=step) if isinstance(step, str) else step for step in steps]
        return CityscapesPanopticDataset(
            data_root=str(images), pipeline=pipeline, cache=cache, **kwargs
        )

    return build


@pytest.fixture
def settings(images):
    return dict(folder=str(images / "cache"), max_gigabytes=1)


@pytest.fixture
def reads(monkeypatch):
    """How often an image was decoded."""
    names = []
    read = sample_cache.CachedSteps._make

    def make(self, results):
        names.append(results["img_id"])
        return read(self, results)

    monkeypatch.setattr(sample_cache.CachedSteps, "_make", make)
    return names


def equal(one, other):
    """Whether two packed samples are equal to the last bit."""
    mine, theirs = one["data_samples"], other["data_samples"]
    assert mine.metainfo == theirs.metainfo
    assert torch.equal(one["inputs"], other["inputs"])
    assert torch.equal(mine.gt_sem_seg.sem_seg, theirs.gt_sem_seg.sem_seg)
    assert torch.equal(mine.gt_instances.bboxes.tensor, theirs.gt_instances.bboxes.tensor)
    assert (mine.gt_instances.masks.masks == theirs.gt_instances.masks.masks).all()
    return True


def test_samples_are_equal_to_the_last_bit(build, settings, reads):
    plain, cached = build(), build(settings)
    for epoch in range(3):
        for index in range(3):
            samples = []
            for dataset in (plain, cached):
                np.random.seed(epoch * 3 + index)
                samples.append(dataset[index])
            assert equal(*samples)
    assert sorted(reads) == ["a", "b", "c"]
    assert len(os.listdir(settings["folder"])) == 3


def test_samplers_may_carry_a_seed(build, settings, reads):
    """What the data set is indexed with is no part of a sample."""
    dataset = build(settings)
    for epoch in range(3):
        sample = dataset[SeededIndex(1, (0, epoch, 1))]
    assert reads == ["b"] and sample["data_samples"].img_id == "b"


def test_folds_share_samples(build, settings, reads):
    for number in range(3):
        build(settings, fold=dict(number=number, of=3)).fill_cache()
    assert sorted(reads) == ["a", "b", "c"]
    assert len(os.listdir(settings["folder"])) == 3


def test_a_sample_is_ones_own(build, settings):
    """What a transform writes into a sample does not reach the cache."""
    steps = build(settings).pipeline.transforms[0]
    info = dict(build().get_data_info(0))
    first = steps(info)["img"].copy()
    steps(info)["img"][:] = 0
    assert (steps(info)["img"] == first).all()


def test_changed_files_and_settings_are_read_again(build, settings, images, reads):
    build(settings)[0]
    build(settings)[0]
    assert reads == ["a"]
    build(settings, scale=(4, 2))[0]
    assert reads == ["a", "a"]
    path = images / "leftImg8bit/train/a_leftImg8bit.png"
    Image.fromarray(np.zeros((2, 4, 3), np.uint8)).save(path)
    assert build(settings)[0]["inputs"].max() == 0
    os.utime(images / "gtFine/train/a_gtFine_instanceIds.png", (1, 1))
    build(settings)[0]
    assert reads == ["a"] * 4
    assert len(os.listdir(settings["folder"])) == 2  # of two settings


DAMAGES = dict(
    empty=lambda content: b"",
    short=lambda content: content[:-5],
    count=lambda content: content[:36] + b"\xff" * 8 + content[44:],
    pixels=lambda content: content[:-40] + bytes(40),
)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_files_are_replaced(build, settings, images, reads, damage):
    build(settings)[0]
    (path,) = (images / "cache").iterdir()
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert path.read_bytes() != content
    build(settings)[0]
    assert reads == ["a", "a"] and path.read_bytes() == content


def test_files_run_no_code(tmp_path):
    cache = SampleCache(tmp_path, 1)
    header = pickle.dumps(dict(img=os.system))
    body = b"".join(n.to_bytes(8, "little") for n in (1, len(header))) + header
    (tmp_path / "x").write_bytes(b"k" * 32 + zlib.crc32(body).to_bytes(4, "little") + body)
    assert cache.read("x", b"k" * 32) is None


def test_a_full_cache_says_so_once_and_training_goes_on(build, settings, reads):
    one = len(pickle.dumps(STREET)) * 0 + 700  # bytes of a sample and a bit
    dataset = build(dict(settings, max_gigabytes=one * 1e-9 + 1e-6))
    with pytest.warns(
        UserWarning, match=r"holds the .* GB that it may. Raise max_gigabytes"
    ) as said:
        for index in (0, 1, 2, 0, 1, 2):
            dataset[index]
    assert len(said) == 1
    kept = len(os.listdir(settings["folder"]))
    assert kept < 3 and len(reads) == 6 - kept


def test_a_deleted_folder_is_made_again(build, settings, images, reads):
    dataset = build(settings)
    shutil.rmtree(images / "cache")
    dataset[0]
    dataset[0]
    assert reads == ["a"]


def test_what_killed_runs_left_is_removed(build, settings, images):
    for name, age in (("old.part", 7200), ("new.part", 0)):
        (images / "cache").mkdir(exist_ok=True)
        (images / "cache" / name).write_bytes(b"x")
        os.utime(images / "cache" / name, (time.time() - age,) * 2)
    build(settings)[0]
    left = {name for name in os.listdir(settings["folder"]) if name.endswith(".part")}
    assert left == {"new.part"}


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "Make room"), (errno.EACCES, "Make the folder writable")]
)
def test_a_folder_that_cannot_be_written(build, settings, monkeypatch, number, remedy):
    def refuse(*arguments):
        raise OSError(number, "no")

    monkeypatch.setattr(sample_cache.os, "replace", refuse)
    dataset = build(settings)
    with pytest.warns(UserWarning, match=rf"the cache cannot be written \(no\)\. {remedy}"):
        dataset[0]
    assert dataset[1] is not None and os.listdir(settings["folder"]) == []


@pytest.mark.parametrize("size", [0, -1])
def test_no_size(tmp_path, size):
    with pytest.raises(ValueError, match="expected max_gigabytes above 0"):
        SampleCache(tmp_path, size)


def test_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file/cache: the cache cannot be made there"):
        SampleCache(tmp_path / "file" / "cache", 1)


def test_pipeline_that_begins_with_chance(tmp_path):
    with pytest.raises(ValueError, match="begins with one of LoadImageFromFile.*got dict"):
        CachedSteps.before([{}], [{}], SampleCache(tmp_path, 1))


def test_fill(build, settings, reads):
    dataset = build(settings)
    dataset.fill_cache(0, 2)
    assert sorted(reads) == ["a", "c"]
    dataset.fill_cache()
    assert sorted(reads) == ["a", "b", "c"]
    dataset[1]
    assert len(reads) == 3
    build().fill_cache()  # there is none


def test_workers_share_it(build, settings, reads):
    loader = DataLoader(build(settings), batch_size=1, num_workers=2, collate_fn=list)
    assert len(list(loader)) == 3
    build(settings).fill_cache()
    assert reads == []


def test_threads_write_the_same_sample(build, settings):
    steps = build(settings).pipeline.transforms[0]
    info = build().get_data_info(0)
    del info["sample_idx"]
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(steps.fill, [info] * 32))) == 32
    (name,) = os.listdir(settings["folder"])
    assert name.endswith(".sample") and (name, steps._entry(info)[1]) in steps.cache


def test_errors_name_the_step_that_failed(build, settings, images):
    (images / "leftImg8bit/train/a_leftImg8bit.png").write_bytes(b"")
    with pytest.raises(ImageError, match="a_leftImg8bit.png: cannot be read"):
        build(settings)[0]
    with pytest.raises(ImageError, match="a_leftImg8bit.png: cannot be read"):
        build(settings).fill_cache()
    ids = images / "gtFine/train/b_gtFine_instanceIds.png"
    Image.fromarray(np.full((3, 3), 7, np.uint16)).save(ids)
    with pytest.raises(ValueError, match="b_gtFine_instanceIds.png"):
        build(settings).load(build().get_data_info(1))


def test_the_check_of_a_data_set_looks_behind_it(build, settings):
    loaders, rest = advice._split_steps(build(settings))
    plain = advice._split_steps(build())
    assert [type(step) for step in loaders] == [type(step) for step in plain[0]]
    assert [type(step) for step in rest] == [type(step) for step in plain[1]] and rest


def test_segments_survive(tmp_path):
    cache = SampleCache(tmp_path, 1)
    sample = dict(segments=[Segment(7, 8)], img=np.arange(6, dtype=np.uint16).reshape(2, 3)[:, ::2])
    cache.write("x", b"k" * 32, sample)
    found = cache.read("x", b"k" * 32)
    assert found["segments"] == sample["segments"] and (found["img"] == sample["img"]).all()
