"""The CamVid converter, on generated files in the layout of SegNet's release."""

import numpy as np
import pytest
from PIL import Image

from mmhps.converters import camvid

SKY, ROAD, CAR, PERSON, RIDER, VOID = 0, 3, 8, 9, 10, 11


@pytest.fixture
def release(tmp_path):
    """Two training pictures and one validation picture of 6×4 pixels, all sky."""
    root = tmp_path / "CamVid"
    for split, names in (("train", ("0001TP_006690", "0001TP_006720")), ("val", ("0016E5_07959",))):
        for folder, pixels in (
            (split, np.full((4, 6, 3), 90, np.uint8)),
            (f"{split}annot", np.zeros((4, 6), np.uint8)),
        ):
            (root / folder).mkdir(parents=True)
            for name in names:
                Image.fromarray(pixels).save(root / folder / f"{name}.png")
    return root


def convert(root, out, splits=("train", "val"), size=(0, 0), min_area=1):
    return camvid.convert(root, out, splits, size, min_area)


class TestIds:
    def test_each_class_gets_its_label_id(self):
        classes = np.arange(12, dtype=np.uint8)[None]
        instance_ids, label_ids = camvid.cityscapes_ids(classes, min_area=1)
        # sky 23, building 11, pole 17, road 7, sidewalk 8, vegetation 21, traffic sign 20,
        # fence 13, car 26, person 24, rider 25, unlabelled 0
        np.testing.assert_array_equal(label_ids, [[23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25, 0]])
        np.testing.assert_array_equal(
            instance_ids, [[23, 11, 17, 7, 8, 21, 20, 13, 26000, 24000, 25000, 0]]
        )
        assert instance_ids.dtype == np.uint16 and label_ids.dtype == np.uint8

    def test_components_are_instances_and_corners_connect(self):
        classes = np.array(
            [
                [CAR, CAR, ROAD, ROAD, CAR],
                [ROAD, ROAD, CAR, ROAD, CAR],
                [PERSON, ROAD, ROAD, ROAD, ROAD],
            ],
            dtype=np.uint8,
        )
        instance_ids, _ = camvid.cityscapes_ids(classes, min_area=1)
        np.testing.assert_array_equal(
            instance_ids,
            [[26000, 26000, 7, 7, 26001], [7, 7, 26000, 7, 26001], [24000, 7, 7, 7, 7]],
        )

    def test_small_components_become_unlabelled_in_both_maps(self):
        classes = np.array([[CAR, ROAD, CAR, CAR, RIDER]], dtype=np.uint8)
        instance_ids, label_ids = camvid.cityscapes_ids(classes, min_area=2)
        np.testing.assert_array_equal(instance_ids, [[0, 7, 26000, 26000, 0]])
        np.testing.assert_array_equal(label_ids, [[0, 7, 26, 26, 0]])

    def test_no_thing_at_all(self):
        instance_ids, _ = camvid.cityscapes_ids(np.full((2, 2), VOID, np.uint8), min_area=1)
        assert (instance_ids == 0).all()


class TestConvert:
    def test_layout(self, release, tmp_path):
        out = tmp_path / "out"
        assert convert(release, out) == {"train": 2, "val": 1}
        stem = "camvid_000001_000000"
        labels = out / "gtFine" / "train" / "camvid"
        assert Image.open(labels / f"{stem}_gtFine_instanceIds.png").mode == "I;16"
        assert Image.open(labels / f"{stem}_gtFine_labelIds.png").mode == "L"
        photo = out / "leftImg8bit" / "train" / "camvid" / f"{stem}_leftImg8bit.png"
        assert Image.open(photo).size == (6, 4)
        assert len(list(out.rglob("val/camvid/*.png"))) == 3

    def test_size_never_mixes_classes(self, release, tmp_path):
        mixed = np.zeros((4, 6), np.uint8)
        mixed[:, 3:] = ROAD
        Image.fromarray(mixed).save(release / "valannot" / "0016E5_07959.png")
        convert(release, tmp_path / "out", splits=["val"], size=(8, 6))
        path = next((tmp_path / "out").rglob("*_labelIds.png"))
        label_ids = np.array(Image.open(path))
        assert label_ids.shape == (6, 8)
        np.testing.assert_array_equal(label_ids, np.tile([23] * 4 + [7] * 4, (6, 1)))

    def test_an_interrupted_run_is_completed(self, release, tmp_path):
        convert(release, tmp_path / "out")
        photo = next((tmp_path / "out").rglob("val/*/*_leftImg8bit.png"))
        photo.unlink()
        convert(release, tmp_path / "out")
        assert photo.is_file()

    def test_another_size_is_refused(self, release, tmp_path):
        convert(release, tmp_path / "out")
        with pytest.raises(FileExistsError, match=r"size: \[0, 0\] there, \[8, 6\] wanted"):
            convert(release, tmp_path / "out", size=(8, 6))


class TestErrors:
    def test_a_label_map_is_missing(self, release, tmp_path):
        (release / "trainannot" / "0001TP_006720.png").unlink()
        with pytest.raises(FileNotFoundError, match=r"006720\.png is missing \(1 of 2 label maps"):
            convert(release, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_an_empty_folder(self, release, tmp_path):
        (release / "val" / "0016E5_07959.png").unlink()
        with pytest.raises(FileNotFoundError, match="val holds no PNG files"):
            convert(release, tmp_path / "out")

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (np.zeros((4, 6, 3), np.uint8), "has mode RGB; expected one 8-bit channel"),
            (np.full((4, 6), 12, np.uint8), r"holds the value 12; expected 0\.\.11"),
            (np.zeros((4, 5), np.uint8), "5×4 pixels, its photo .* has 6×4"),
        ],
    )
    def test_a_wrong_label_map(self, release, tmp_path, labels, message):
        Image.fromarray(labels).save(release / "valannot" / "0016E5_07959.png")
        with pytest.raises(ValueError, match=message):
            convert(release, tmp_path / "out", splits=["val"])

    def test_a_truncated_file(self, release, tmp_path):
        path = release / "val" / "0016E5_07959.png"
        path.write_bytes(path.read_bytes()[:50])
        with pytest.raises(ValueError, match=r"0016E5_07959\.png cannot be read as an image"):
            convert(release, tmp_path / "out", splits=["val"])

    def test_arguments_out_of_range(self, release, tmp_path):
        with pytest.raises(ValueError, match="--size must be two positive numbers or 0 0, got 0 5"):
            convert(release, tmp_path / "out", size=(0, 5))
        with pytest.raises(ValueError, match="--min-area must be at least 1, got 0"):
            convert(release, tmp_path / "out", min_area=0)
