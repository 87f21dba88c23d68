"""Training reads images as the inferencer does."""

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from PIL import Image

from mmhps.datasets import CityscapesPanopticDataset
from mmhps.datasets.transforms import LoadPicture
from mmhps.structures.picture_files import read_picture


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_deep_grey_image(tmp_path, write_pair, backend):
    write_pair(tmp_path, "a", [[7, 7, 7]])
    path = tmp_path / "leftImg8bit/train/a_leftImg8bit.png"
    Image.fromarray(np.array([[0, 32896, 65535]], np.uint16)).save(path)
    steps = [dict(type="mmdet.LoadImageFromFile", imdecode_backend=backend)]
    dataset = CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=steps)
    results = dataset[0]
    assert results["img"].tolist() == [[[0] * 3, [128] * 3, [255] * 3]]
    assert results["img"].tolist() == read_picture(path).tolist()
    assert results["img_shape"] == results["ori_shape"] == (1, 3)


def test_numbers_with_a_point(tmp_path):
    Image.new("RGB", (2, 1), (1, 2, 3)).save(tmp_path / "a.png")
    step = LoadPicture.instead_of(LoadImageFromFile(to_float32=True))
    image = step(dict(img_path=str(tmp_path / "a.png")))["img"]
    assert image.dtype == np.float32 and image.tolist() == [[[3, 2, 1]] * 2]


@pytest.mark.parametrize(
    "arguments",
    [
        dict(color_type="grayscale"),
        dict(backend_args=dict(backend="local")),
        dict(ignore_empty=True),
    ],
)
def test_other_readers_stay(arguments):
    step = LoadImageFromFile(**arguments)
    assert LoadPicture.instead_of(step) is step


def test_subclasses_stay():
    step = type("Own", (LoadImageFromFile,), {})()
    assert LoadPicture.instead_of(step) is step
