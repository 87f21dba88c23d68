"""Each label file format is read and taken apart, and bad files are named."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mmhps.structures import Segment
from mmhps.structures.id_files import read_rgb_ids, write_rgb_ids
from mmhps.structures.id_formats import (
    CITYSCAPES_CLASSES,
    FORMATS,
    STUFF_CLASSES,
    THING_CLASSES,
    cityscapes_labels,
    cityscapes_segments,
    read_cityscapes_ids,
    read_true_segments,
)


def test_classes_are_things_first_in_the_order_of_cityscapesscripts():
    assert THING_CLASSES == (
        "person",
        "rider",
        "car",
        "truck",
        "bus",
        "train",
        "motorcycle",
        "bicycle",
    )
    assert CITYSCAPES_CLASSES == THING_CLASSES + STUFF_CLASSES
    assert len(CITYSCAPES_CLASSES) == 19
    assert (CITYSCAPES_CLASSES[8], CITYSCAPES_CLASSES[18]) == ("road", "sky")


class TestReadCityscapesIds:
    def test_keeps_all_16_bits(self, tmp_path, write_ids):
        ids = [[0, 255, 256], [33999, 26001, 65535]]
        write_ids(tmp_path / "x.png", ids)
        read = read_cityscapes_ids(tmp_path / "x.png")
        assert read.dtype == np.int32
        np.testing.assert_array_equal(read, ids)

    def test_reads_mode_i(self, tmp_path):
        ids = np.array([[26001, 7]], dtype=np.int32)
        Image.fromarray(ids).save(tmp_path / "x.tif")
        np.testing.assert_array_equal(read_cityscapes_ids(tmp_path / "x.tif"), ids)

    def test_accepts_8_bit_without_things(self, tmp_path):
        ids = np.array([[7, 23], [0, 11]], dtype=np.uint8)
        Image.fromarray(ids).save(tmp_path / "x.png")
        np.testing.assert_array_equal(read_cityscapes_ids(tmp_path / "x.png"), ids)

    def test_refuses_8_bit_with_things(self, tmp_path):
        Image.fromarray(np.array([[7, 26]], dtype=np.uint8)).save(tmp_path / "x_labelIds.png")
        with pytest.raises(ValueError, match=r"x_labelIds\.png.*8-bit.*'car' \(26\).*instanceIds"):
            read_cityscapes_ids(tmp_path / "x_labelIds.png")

    def test_refuses_negative_ids(self, tmp_path):
        Image.fromarray(np.array([[-1, 7]], dtype=np.int32)).save(tmp_path / "x.tif")
        with pytest.raises(ValueError, match=r"x\.tif.*negative, got -1"):
            read_cityscapes_ids(tmp_path / "x.tif")

    def test_refuses_colour(self, tmp_path):
        Image.new("RGBA", (2, 2)).save(tmp_path / "x_color.png")
        with pytest.raises(ValueError, match=r"x_color\.png.*16-bit grey.*'RGBA'"):
            read_cityscapes_ids(tmp_path / "x_color.png")


@pytest.mark.parametrize("read", [read_cityscapes_ids, read_rgb_ids])
class TestBrokenFiles:
    def test_missing(self, tmp_path, read):
        with pytest.raises(FileNotFoundError, match=r"gone\.png.*not found.*data_prefix"):
            read(tmp_path / "gone.png")

    def test_empty(self, tmp_path, read):
        (tmp_path / "x.png").touch()
        with pytest.raises(OSError, match=r"x\.png.*cannot be read.*download"):
            read(tmp_path / "x.png")

    @pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
    def test_truncated(self, tmp_path, read, share):
        noise = np.random.default_rng(0).integers(0, 65536, (64, 64), dtype=np.uint16)
        Image.fromarray(noise).save(tmp_path / "x.png")
        content = (tmp_path / "x.png").read_bytes()
        (tmp_path / "x.png").write_bytes(content[: int(share * len(content))])
        with pytest.raises(OSError, match=r"x\.png.*truncated"):
            read(tmp_path / "x.png")

    def test_no_image(self, tmp_path, read):
        (tmp_path / "x.png").write_text("hello")
        with pytest.raises(OSError, match=r"x\.png.*cannot be read"):
            read(tmp_path / "x.png")

    def test_folder(self, tmp_path, read):
        with pytest.raises(OSError, match="cannot be read"):
            read(tmp_path)


class TestCityscapesLabels:
    def test_no_classes(self):
        assert cityscapes_labels([]) == []

    def test_subset(self):
        assert [label.id for label in cityscapes_labels(["rider", "car", "sky"])] == [25, 26, 23]

    def test_stuff_before_things_says_which_and_offers_the_right_order(self):
        message = (
            r"stuff class 'road' \(position 1\) stands before the thing class 'car'.*"
            r"classes=\('person', 'car', 'road', 'sky'\)"
        )
        with pytest.raises(ValueError, match=message):
            cityscapes_labels(["person", "road", "car", "sky"])

    def test_unknown_name(self):
        with pytest.raises(ValueError, match=r"\['lorry'\] are not Cityscapes labels.*'truck'"):
            cityscapes_labels(["lorry", "road"])

    def test_name_twice(self):
        with pytest.raises(ValueError, match="only once"):
            cityscapes_labels(["car", "car"])


class TestCityscapesSegments:
    def test_empty_map(self):
        assert cityscapes_segments(np.zeros((0, 0), dtype=np.int32)) == []

    def test_all_void(self):
        # unlabeled, out of roi, a caravan (void with instances), the trailer group
        assert cityscapes_segments(np.array([0, 3, 29000, 30])) == []

    def test_things_stuff_and_crowd(self, street):
        assert cityscapes_segments(street) == [
            Segment(7, 8, False),
            Segment(23, 18, False),
            Segment(26, 2, True),
            Segment(24001, 0, False),
            Segment(26000, 2, False),
        ]

    def test_subset_of_classes_makes_the_rest_void(self, street):
        assert cityscapes_segments(street, ("car", "sky")) == [
            Segment(23, 1, False),
            Segment(26, 0, True),
            Segment(26000, 0, False),
        ]

    @pytest.mark.parametrize("value", [34, 255, 999, 7003, 34000, 65535])
    def test_unknown_id(self, value):
        with pytest.raises(ValueError, match=f"a.png: id {value} is neither"):
            cityscapes_segments(np.array([[7, value]]), source="a.png")


class TestKitti:
    def test_ids_are_label_times_256_plus_instance(self, tmp_path, write_ids):
        # road, two cars, cars without instance, the trailer (void)
        ids = [[7 * 256, 26 * 256 + 1], [26 * 256 + 255, 26 * 256], [30 * 256, 0]]
        write_ids(tmp_path / "x.png", ids)
        read = FORMATS["kitti"].read(tmp_path / "x.png")
        np.testing.assert_array_equal(read, ids)
        assert cityscapes_segments(read, id_format="kitti") == [
            Segment(7 * 256, 8, False),
            Segment(26 * 256, 2, True),
            Segment(26 * 256 + 1, 2, False),
            Segment(26 * 256 + 255, 2, False),
        ]

    def test_numbers_of_stuff_are_dropped(self, tmp_path, write_ids):
        # two buildings and one without number; a number of void (label 0) stays, as a fault
        write_ids(tmp_path / "x.png", [[11 * 256 + 1, 11 * 256 + 2, 11 * 256, 26 * 256 + 2, 7]])
        read = FORMATS["kitti"].read(tmp_path / "x.png")
        assert read.tolist() == [[2816, 2816, 2816, 6658, 7]]
        with pytest.raises(ValueError, match="id 7 is neither"):
            cityscapes_segments(read, id_format="kitti")

    def test_refuses_8_bit(self, tmp_path):
        Image.fromarray(np.array([[7]], dtype=np.uint8)).save(tmp_path / "x.png")
        with pytest.raises(ValueError, match=r"x\.png: an 8-bit file.*256.*instance/"):
            FORMATS["kitti"].read(tmp_path / "x.png")

    def test_instance_of_stuff(self):
        with pytest.raises(ValueError, match=r"id 1793 is neither .* nor label id \* 256"):
            cityscapes_segments(np.array([7 * 256 + 1]), id_format="kitti")


def test_format_without_a_rule_lists_its_segments():
    with pytest.raises(ValueError, match="id_format: expected .* got 'coco'"):
        cityscapes_segments(np.zeros((1, 1), np.int32), id_format="coco")


def test_unknown_format_lists_the_known_ones():
    sample = dict(seg_map_path="x.png", id_format="pascal")
    with pytest.raises(ValueError, match=r"one of \['cityscapes', 'coco', 'kitti'\].*'pascal'"):
        read_true_segments(sample)


class TestDeepColours:
    """16-bit RGB, of which Pillow keeps the high bytes alone."""

    @staticmethod
    def write(path, colours):
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in colours)
        height, width, _ = colours.shape
        chunks = [
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows)),
            (b"IEND", b""),
        ]
        data = b"\x89PNG\r\n\x1a\n"
        for name, body in chunks:
            checksum = struct.pack(">I", zlib.crc32(name + body))
            data += struct.pack(">I", len(body)) + name + body + checksum
        path.write_bytes(data)

    def test_are_refused(self, tmp_path):
        self.write(tmp_path / "x.png", np.array([[[5, 0, 0], [7, 0, 0]]]))
        with pytest.raises(ValueError, match=r"x\.png: expected 8 bits per colour, got 16"):
            read_rgb_ids(tmp_path / "x.png")


@pytest.mark.parametrize(
    ("listed", "message"),
    [([5], r"segment ids \[7\] have no entry"), ([5, 7, 9], r"segment ids \[9\] .* have no pixel")],
)
def test_lists_that_do_not_fit(tmp_path, listed, message):
    write_rgb_ids(tmp_path / "x.png", np.array([[5, 7, 0]]))
    segments = [Segment(i, 0) for i in listed]
    sample = dict(seg_map_path=str(tmp_path / "x.png"), id_format="coco", segments=segments)
    with pytest.raises(ValueError, match=message):
        read_true_segments(sample)
