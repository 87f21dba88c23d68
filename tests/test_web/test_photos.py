import numpy as np
import pytest
from PIL import Image

from mmhps.web import photos


def test_a_phone_picture_is_turned(tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x112] = 6  # shown turned clockwise: the upper left corner goes to the upper right
    Image.fromarray(pixels).save(tmp_path / "x.png", exif=exif)
    image = photos.read_photo(tmp_path / "x.png")
    assert image.shape == (3, 2, 3)
    assert image[0, 1].tolist() == [255, 0, 0] and image.sum() == 255


def test_a_large_photo_is_shrunk(tmp_path):
    Image.new("L", (4096, 2048)).save(tmp_path / "x.png")  # 2 ** 23 pixels
    assert photos.read_photo(tmp_path / "x.png").shape == (1024, 2048, 3)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_no_picture(content, tmp_path):
    (tmp_path / "notes.jpg").write_bytes(content)
    with pytest.raises(photos.PhotoError, match=r"^notes.jpg cannot be read as a picture\. Take a"):
        photos.read_photo(tmp_path / "notes.jpg")


@pytest.mark.parametrize(
    "size, words", [((9000, 8000), "9000×8000 = 72"), ((20000, 20000), "far more")]
)
def test_too_large(size, words, tmp_path):
    Image.new("1", size).save(tmp_path / "x.png")
    with pytest.raises(photos.PhotoError, match=f"x.png is too large: {words} megapixels; at most"):
        photos.read_photo(tmp_path / "x.png")
