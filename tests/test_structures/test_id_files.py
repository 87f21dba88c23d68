"""RGB images of ids are read and written."""

import numpy as np
import pytest
from PIL import Image

from mmhps.structures.id_files import read_rgb_ids, write_rgb_ids


class TestReadRgbIds:
    def test_red_is_the_lowest_byte(self, tmp_path):
        rgb = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [255, 255, 255]]], dtype=np.uint8)
        Image.fromarray(rgb).save(tmp_path / "x.png")
        read = read_rgb_ids(tmp_path / "x.png")
        assert read.dtype == np.int32
        assert read.tolist() == [[1, 256, 65536, 16777215]]

    def test_refuses_grey(self, tmp_path, write_ids):
        write_ids(tmp_path / "x.png", [[1]])
        with pytest.raises(ValueError, match=r"x\.png.*RGB.*'I;16'"):
            read_rgb_ids(tmp_path / "x.png")

    def test_reads_what_is_written(self, tmp_path):
        ids = np.array([[0, 1, 256], [65536, 16777215, 7]], dtype=np.int32)
        write_rgb_ids(tmp_path / "new" / "x.png", ids)
        np.testing.assert_array_equal(read_rgb_ids(tmp_path / "new" / "x.png"), ids)
