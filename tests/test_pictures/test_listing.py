"""Finding and reading pictures of every kind."""

import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmhps.pictures import list_pictures, listing, named
from mmhps.structures.picture_files import read_picture

RED_OVER_BLUE = np.array([[[255, 0, 0]], [[0, 0, 255]]], dtype=np.uint8)  # RGB, (2, 1, 3)


def save(path, array=RED_OVER_BLUE, **options):
    Image.fromarray(array).save(path, **options)
    return path


def names(inputs):
    return [picture.id for picture in named(list_pictures(inputs))]


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
    assert names(paths) == ["a", "a_2", "a_3", "a_4", "a_3_2"]


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
    for wrong, kind in ((None, "NoneType"), (3.5, "float"), (True, "bool"), ({}, "dict")):
        with pytest.raises(TypeError, match=rf"inputs\[0\]: expected a path, .* got {kind}"):
            list_pictures(wrong)


def bgr(inputs):
    """The pixels of the only picture."""
    (picture,) = list_pictures(inputs)
    return picture.read().tolist()


BLUE_GREEN_RED = RED_OVER_BLUE[..., ::-1].tolist()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_pil_pictures_keep_their_colours(mode):
    picture = Image.fromarray(RED_OVER_BLUE).convert(mode)
    assert bgr(picture) == bgr([picture]) == BLUE_GREEN_RED


def test_pil_pictures_are_turned_and_named(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(save(tmp_path / "x.png", exif=exif)) as picture:
        assert names([picture, np.zeros((1, 1), np.uint8)]) == ["x", "000001"]
        assert bgr(picture) == bgr(tmp_path / "x.png")
    with pytest.raises(OSError, match=r"inputs\[0\]: cannot be read as a picture"):
        bgr(Image.fromarray(np.ones((2, 2), np.float32)))


def test_arrays_are_bgr_and_tensors_rgb():
    tensor = torch.from_numpy(RED_OVER_BLUE).permute(2, 0, 1)
    assert bgr(RED_OVER_BLUE[..., ::-1]) == BLUE_GREEN_RED
    for same in (tensor, tensor[None], tensor / 255, (tensor / 255).half()):
        assert bgr(same) == BLUE_GREEN_RED
    assert names(torch.zeros(2, 3, 4, 5)) == ["000000_0", "000000_1"]
    assert bgr(torch.full((1, 1, 1), 7, dtype=torch.uint8)) == [[[7, 7, 7]]]
    for wrong in (torch.zeros(5, 5, 3), torch.full((3, 2, 2), 1.5), torch.zeros(3, 2, 2).int()):
        with pytest.raises(ValueError, match=r"inputs\[0\]: expected RGB tensors"):
            list_pictures(wrong)


def test_bytes_and_file_objects(tmp_path):
    path = save(tmp_path / "x.png")
    content = path.read_bytes()
    assert bgr(content) == bgr([bytearray(content)]) == bgr(io.BytesIO(content)) == BLUE_GREEN_RED
    with path.open("rb") as file:
        assert names(file) == ["x"]
    with pytest.raises(OSError, match=r"inputs\[0\]: cannot be read as a picture"):
        bgr(b"no picture")


def test_generators_are_read_one_by_one(tmp_path):
    path, asked = save(tmp_path / "x.png"), []

    def generate():
        for one in (path, path, np.zeros((1, 1), np.uint8)):
            asked.append(one)
            yield one

    found = named(list_pictures(generate()))
    assert next(found).id == "x" and len(asked) == 1
    assert [picture.id for picture in found] == ["x_2", "000002"]


def test_addresses(tmp_path, monkeypatch):
    save(tmp_path / "a b.png")
    address = f"{tmp_path.as_uri()}/a%20b.png"
    assert names(address) == ["a b"] and bgr([address]) == BLUE_GREEN_RED
    (picture,) = list_pictures("http://localhost:1/no.png?size=3")
    monkeypatch.setattr(listing, "SECONDS", 1)
    with pytest.raises(OSError, match=r"localhost:1/no\.png.*cannot be downloaded"):
        picture.read()
    with pytest.raises(ValueError, match="expected http, https, file or a stream"):
        list_pictures("s3://bucket/a.png")


class Camera:
    """Three frames, each brighter than the one before."""

    def __init__(self, place):
        self.frames = iter(range(3) if place in (0, "rtsp://camera/live") else ())
        self.opened, self.released = place in (0, "rtsp://camera/live"), False

    def isOpened(self):
        return self.opened

    def read(self):
        level = next(self.frames, None)
        return level is not None, level if level is None else np.full((1, 1, 3), level, np.uint8)

    def release(self):
        self.released = True


def test_webcams_and_streams(monkeypatch):
    monkeypatch.setattr("cv2.VideoCapture", Camera)
    for place, name in ((0, "webcam0"), ("0", "webcam0"), ("rtsp://camera/live", "live")):
        for inputs in (place, [place]):
            found = list(list_pictures(inputs))
            assert [picture.id for picture in found] == [f"{name}_00000{i}" for i in range(3)]
            assert [picture.read().max() for picture in found] == [0, 1, 2]
    with pytest.raises(OSError, match="webcam 7: cannot be opened. Check"):
        list_pictures(7)


def test_arrays_get_three_channels():
    colours = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    opaque = np.concatenate([colours, np.full((1, 2, 1), 255, np.uint8)], axis=2)
    grey = np.array([[7, 8]], np.uint8)
    read = [picture.read() for picture in list_pictures([colours, opaque, grey, grey[..., None]])]
    assert read[0].tolist() == read[1].tolist() == colours.tolist()
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
    frames = list_pictures(path)
    assert [picture.id for picture in frames] == ["clip_000000", "clip_000001", "clip_000002"]
    assert [round(picture.read().mean(), -1) for picture in frames] == [0, 100, 200]
    (tmp_path / "no.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"no\.mp4: there is no frame"):
        list_pictures(tmp_path / "no.mp4")


def test_kinds_of_tensors_and_bytes(tmp_path):
    class Photo(torch.Tensor):
        pass

    tensor = torch.zeros(3, 2, 2, dtype=torch.uint8).as_subclass(Photo)
    assert names(tensor) == ["000000"]
    save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    assert bgr(memoryview(content)) == bgr(content)
