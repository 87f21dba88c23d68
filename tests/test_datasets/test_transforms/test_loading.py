import numpy as np
import pytest
from PIL import Image

from mmhps.datasets.transforms import LoadPanopticIds
from mmhps.datasets.transforms.loading import to_segment_map
from mmhps.structures import Segment
from mmhps.structures.id_formats import FORMATS


class TestToSegmentMap:
    def test_empty(self):
        segment_map = to_segment_map(np.zeros((0, 3), dtype=np.int32), [])
        assert (segment_map.shape, segment_map.dtype) == ((0, 3), np.uint16)

    def test_no_segments_is_all_void(self):
        assert to_segment_map(np.array([[5, 16777215]]), []).tolist() == [[0, 0]]

    def test_values_follow_the_order_of_the_segments(self):
        segments = [Segment(9, 0, False), Segment(16777215, 1, False), Segment(3, 1, False)]
        segment_map = to_segment_map(np.array([[3, 9, 16777215, 4]]), segments)
        assert segment_map.tolist() == [[258, 256, 257, 0]]

    def test_segment_that_does_not_occur(self):
        assert to_segment_map(np.array([[3]]), [Segment(50000, 0, False)]).tolist() == [[0]]

    def test_more_segments_than_16_bits_hold(self):
        segments = [Segment(i, 0, False) for i in range(65281)]
        with pytest.raises(ValueError, match=r"a\.png.*at most 65280 segments.*got 65281"):
            to_segment_map(np.array([[3]]), segments, "a.png")


class TestCityscapes:
    def test_street(self, tmp_path, street, write_ids):
        write_ids(tmp_path / "x.png", street)
        info = dict(seg_map_path=str(tmp_path / "x.png"), id_format="cityscapes")
        results = LoadPanopticIds()(info)
        assert results["gt_seg_map"].dtype == np.uint16
        assert [s.id for s in results["segments"]] == [7, 23, 26, 24001, 26000]
        assert results["gt_seg_map"].tolist() == [
            [256, 256, 256, 256, 256, 256],
            [260, 260, 256, 256, 258, 258],
            [260, 260, 256, 259, 258, 258],
            [0, 0, 0, 0, 257, 257],
        ]

    def test_reads_the_file_once(self, tmp_path, street, write_ids, monkeypatch):
        write_ids(tmp_path / "x.png", street)
        calls = []
        cityscapes = FORMATS["cityscapes"]
        counted = cityscapes._replace(read=lambda p: calls.append(p) or cityscapes.read(p))
        monkeypatch.setitem(FORMATS, "cityscapes", counted)
        path = str(tmp_path / "x.png")
        LoadPanopticIds()(dict(seg_map_path=path, id_format="cityscapes"))
        assert calls == [path]

    def test_wrong_size_names_both_files(self, tmp_path, street, write_ids):
        write_ids(tmp_path / "x.png", street)
        info = dict(
            seg_map_path=str(tmp_path / "x.png"),
            id_format="cityscapes",
            img=np.zeros((2, 3, 3), dtype=np.uint8),
            img_path="photo.png",
        )
        with pytest.raises(ValueError, match=r"x\.png.*6x4.*photo\.png is 3x2.*before Resize"):
            LoadPanopticIds()(info)

    def test_unknown_id_names_the_file(self, tmp_path, write_ids):
        write_ids(tmp_path / "x.png", [[255]])
        info = dict(seg_map_path=str(tmp_path / "x.png"), id_format="cityscapes")
        with pytest.raises(ValueError, match=r"x\.png: id 255"):
            LoadPanopticIds()(info)


class TestCoco:
    @pytest.fixture
    def png(self, tmp_path):
        # ids 0 (void), 255 and 65536 + 2
        rgb = np.array([[[0, 0, 0], [255, 0, 0], [2, 0, 1]]], dtype=np.uint8)
        Image.fromarray(rgb).save(tmp_path / "x.png")
        return str(tmp_path / "x.png")

    def test_id_255_is_a_segment(self, png):
        segments = [Segment(65538, 1, False), Segment(255, 0, False)]
        results = LoadPanopticIds()(dict(seg_map_path=png, id_format="coco", segments=segments))
        assert results["gt_seg_map"].tolist() == [[0, 257, 256]]
        assert results["segments"] == segments

    def test_id_without_segment(self, png):
        info = dict(seg_map_path=png, id_format="coco", segments=[Segment(255, 0, False)])
        with pytest.raises(ValueError, match=r"x\.png: segment ids \[65538\].*ann_file"):
            LoadPanopticIds()(info)


@pytest.mark.parametrize("info", [{}, dict(seg_map_path=None, id_format="cityscapes")])
def test_nothing_happens_without_ground_truth(info):
    assert LoadPanopticIds()(dict(info)) == info


def test_unknown_format():
    info = dict(seg_map_path="x.png", id_format="pascal")
    with pytest.raises(ValueError, match=r"x\.png: id_format must be .*, but is 'pascal'"):
        LoadPanopticIds()(info)
