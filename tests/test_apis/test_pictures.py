"""Finding and reading pictures of every kind."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmhps.apis.pictures import list_pictures, read_picture

RED_OVER_BLUE = np.array([[[255, 0, 0]], [[0, 0, 255]]], dtype=np.uint8)  # RGB, (2, 1, 3)


def save(path, array=RED_OVER_BLUE, **options):
    Image.fromarray(array).save(path, **options)
    return path


def names(inputs):
    return [picture.id for picture in list_pictures(inputs)]


def test_nothing():
    assert list_pictures([]) == []


def test_folder_holds_its_pictures_in_order(tmp_path):
    for name in ("b.PNG", "a.jpeg", "c_leftImg8bit.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("no picture")
    (tmp_path / "below.png").mkdir()
    assert names(tmp_path) == ["a", "b", "c"]
    assert names(str(tmp_path / "[ab].*")) == ["a", "b"]
    assert names([tmp_path / "b.PNG", str(tmp_path / "a.jpeg")]) == ["b", "a"]


def test_pictures_of_one_name_are_told_apart(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [
        save(tmp_path / name) for name in ("a.png", "a_2.png", "a.jpg", "other/a.png", "a_3.png")
    ]
    assert names(paths) == ["a", "a_2", "a_4", "a_5", "a_3"]


def test_missing_files_and_empty_folders(tmp_path):
    for name in (tmp_path / "no.png", tmp_path / "*.png"):
        with pytest.raises(FileNotFoundError, match=r"png: there is no such file or folder"):
            list_pictures(name)
    with pytest.raises(FileNotFoundError, match="there is no picture in this folder"):
        list_pictures([tmp_path])


@pytest.mark.parametrize("shape", [(2, 2, 5), (0, 2, 3), (2,), (1, 2, 2, 3)])
def test_malformed_arrays(shape):
    with pytest.raises(ValueError, match=r"inputs\[1\]: expected a grey .* got shape \("):
        list_pictures([np.zeros((1, 1), np.uint8), np.zeros(shape, np.uint8)])


def test_other_types():
    with pytest.raises(ValueError, match="of float64. Scale its values"):
        list_pictures(np.zeros((2, 2, 3)))
    with pytest.raises(TypeError, match=r"inputs\[0\]: expected a path, .* got int"):
        list_pictures(3)


def test_arrays_get_three_channels():
    bgr = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    opaque = np.concatenate([bgr, np.full((1, 2, 1), 255, np.uint8)], axis=2)
    grey = np.array([[7, 8]], np.uint8)
    read = [picture.read() for picture in list_pictures([bgr, opaque, grey, grey[..., None]])]
    assert read[0].tolist() == read[1].tolist() == bgr.tolist()
    assert read[2].tolist() == read[3].tolist() == [[[7, 7, 7], [8, 8, 8]]]


def test_colours_are_bgr(tmp_path):
    assert read_picture(save(tmp_path / "x.png")).tolist() == [[[0, 0, 255]], [[255, 0, 0]]]


def test_exif_orientation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    read = read_picture(save(tmp_path / "x.png", exif=exif))
    assert read.tolist() == [[[255, 0, 0], [0, 0, 255]]]  # blue, which was below, is left


def test_grey_of_8_and_16_bits(tmp_path):
    grey = read_picture(save(tmp_path / "8.png", np.array([[0, 128, 255]], np.uint8)))
    deep = read_picture(save(tmp_path / "16.png", np.array([[0, 128 * 257, 65535]], np.uint16)))
    assert grey.tolist() == deep.tolist() == [[[0, 0, 0], [128, 128, 128], [255, 255, 255]]]


def test_transparency(tmp_path):
    rgba = np.array([[[9, 8, 7, 255], [9, 8, 7, 0]]], np.uint8)
    expected = [[[7, 8, 9], [104, 116, 124]]]
    assert read_picture(save(tmp_path / "x.png", rgba)).tolist() == expected
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([9, 8, 7, 1, 2, 3])
    palette.save(tmp_path / "p.png", transparency=1)
    assert read_picture(tmp_path / "p.png").tolist() == expected


def test_broken_files_are_named(tmp_path):
    whole = save(
        tmp_path / "whole.png", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    )
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:5000])
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    save(tmp_path / "float.tiff", np.ones((2, 2), np.float32))
    for name in ("cut.png", "text.png", "empty.png", "float.tiff", "missing.png"):
        with pytest.raises(OSError, match=f"{name}: cannot be read as a picture .* save it as"):
            read_picture(tmp_path / name)


def test_video_frame_by_frame(tmp_path):
    path = str(tmp_path / "clip.avi")
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 5, (64, 32))
    if not video.isOpened():
        pytest.skip("this OpenCV writes no video")
    for grey in (0, 100, 200):
        video.write(np.full((32, 64, 3), grey, np.uint8))
    video.release()
    pictures = list_pictures(path)
    assert [picture.id for picture in pictures] == ["clip_000000", "clip_000001", "clip_000002"]
    assert [round(picture.read().mean(), -1) for picture in pictures] == [0, 100, 200]
    (tmp_path / "no.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"no\.mp4: there is no frame"):
        list_pictures(tmp_path / "no.mp4")
