"""The KITTI converter, on generated files in the layout of data_semantics.zip."""

import numpy as np
import pytest
from PIL import Image

from mmhps.converters.kitti import BLOCKS, cityscapes_ids, convert

SKY, ROAD, BUILDING, PERSON, CAR, CARAVAN = (256 * k for k in (23, 7, 11, 24, 26, 29))
FIRST_AND_LAST = {0: "train", 129: "train", 130: "val", 164: "val", 165: "test", 199: "test"}


def write(path, pixels, dtype=np.uint16):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(pixels, dtype)).save(path)


@pytest.fixture
def release(tmp_path):
    """The first and the last photo of each split, 6×4 pixels, all sky; and a file beside them."""
    root = tmp_path / "KITTI"
    for number in FIRST_AND_LAST:
        write(root / f"training/image_2/{number:06d}_10.png", np.full((4, 6, 3), number), np.uint8)
        write(root / f"training/instance/{number:06d}_10.png", np.full((4, 6), SKY))
    write(root / "training/image_2/000000_11.png", np.zeros((4, 6, 3)), np.uint8)
    return root


@pytest.fixture
def label_map(release):
    """A label map of the release, to be overwritten."""
    return release / "training/instance/000130_10.png"


def read(out, kind, number=130):
    folder = "leftImg8bit" if kind == "leftImg8bit" else "gtFine"
    (path,) = (out / folder).rglob(f"kitti_{number:06d}_000010_{kind}.png")
    return Image.open(path)


class TestIds:
    def test_no_thing_at_all(self):
        instance_ids, label_ids = cityscapes_ids(np.array([[0, ROAD]], np.uint16))
        assert instance_ids.tolist() == label_ids.tolist() == [[0, 7]]
        assert instance_ids.dtype == np.uint16 and label_ids.dtype == np.uint8

    def test_each_class_counts_its_instances_from_0_without_gaps(self):
        ids = np.array([[CAR + 7, CAR + 2, PERSON + 1], [CAR + 255, CAR + 2, ROAD]], np.uint16)
        instance_ids, label_ids = cityscapes_ids(ids)
        assert instance_ids.tolist() == [[26001, 26000, 24000], [26002, 26000, 7]]
        assert label_ids.tolist() == [[26, 26, 24], [26, 26, 7]]

    def test_things_without_number_are_a_crowd(self):
        instance_ids, label_ids = cityscapes_ids(np.array([[CAR, CAR + 1, PERSON]], np.uint16))
        assert instance_ids.tolist() == [[26, 26000, 24]]
        assert label_ids.tolist() == [[26, 26, 24]]

    def test_classes_that_are_not_evaluated_are_kept(self):
        instance_ids, label_ids = cityscapes_ids(np.array([[4 * 256, CARAVAN + 3]], np.uint16))
        assert instance_ids.tolist() == [[4, 29000]]
        assert label_ids.tolist() == [[4, 29]]

    @pytest.mark.parametrize("value", [7, 34 * 256, 255 * 256, 26001])
    def test_unknown_id(self, value):
        with pytest.raises(ValueError, match=rf"x\.png: id {value} is neither .*256 \+ instance"):
            cityscapes_ids(np.array([[SKY, value]], np.uint16), "x.png")


class TestConvert:
    def test_layout_and_contiguous_splits(self, release, tmp_path):
        out = tmp_path / "out"
        assert convert(release, out, (0, 0)) == {"train": 2, "val": 2, "test": 2}
        stems = {(path.parts[-3], path.name[:19]) for path in out.rglob("*.png")}
        assert stems == {
            (split, f"kitti_{number:06d}_000010") for number, split in FIRST_AND_LAST.items()
        }
        stem = "val/kitti/kitti_000130_000010"
        assert Image.open(out / f"gtFine/{stem}_gtFine_instanceIds.png").mode == "I;16"
        assert Image.open(out / f"gtFine/{stem}_gtFine_labelIds.png").mode == "L"
        photo = Image.open(out / f"leftImg8bit/{stem}_leftImg8bit.png")
        assert (photo.mode, photo.size, photo.getpixel((0, 0))) == ("RGB", (6, 4), (130,) * 3)

    def test_blocks_are_the_release(self):
        assert [n for block in BLOCKS.values() for n in block] == list(range(200))

    def test_values(self, release, tmp_path, label_map):
        row = [0, ROAD, BUILDING + 1, BUILDING + 2, CAR, CAR + 3]
        write(label_map, [row] * 4)
        convert(release, tmp_path / "out", (0, 0))
        for kind, expected in (
            ("gtFine_instanceIds", [0, 7, 11, 11, 26, 26000]),
            ("gtFine_labelIds", [0, 7, 11, 11, 26, 26]),
        ):
            assert np.array(read(tmp_path / "out", kind)).tolist() == [expected] * 4

    def test_size_never_mixes_ids_and_a_lost_instance_leaves_no_gap(
        self, release, tmp_path, label_map
    ):
        # Halved, columns 0, 2 and 4 remain: car 2 is lost.
        row = [CAR + 1, CAR + 2, ROAD, ROAD, CAR + 3, CAR + 3]
        write(label_map, [row] * 4)
        convert(release, tmp_path / "out", (3, 2))
        ids = np.array(read(tmp_path / "out", "gtFine_instanceIds"))
        assert ids.tolist() == [[26000, 7, 26001]] * 2
        assert read(tmp_path / "out", "leftImg8bit").size == (3, 2)

    def test_an_interrupted_run_is_completed(self, release, tmp_path, label_map):
        out = tmp_path / "out"
        write(label_map, np.full((4, 6), 34 * 256))
        with pytest.raises(ValueError, match="id 8704"):
            convert(release, out, (0, 0))
        kept = out / "leftImg8bit/train/kitti/kitti_000129_000010_leftImg8bit.png"
        before = kept.stat().st_mtime_ns
        assert not list(out.rglob("*000130*"))
        write(label_map, np.full((4, 6), ROAD))
        convert(release, out, (0, 0))
        assert np.array(read(out, "gtFine_labelIds")).tolist() == [[7] * 6] * 4
        assert kept.stat().st_mtime_ns == before
        assert not list(out.rglob("*.part"))

    def test_another_size_is_refused(self, release, tmp_path):
        convert(release, tmp_path / "out", (0, 0))
        with pytest.raises(FileExistsError, match=r"size: \[0, 0\] there, \[3, 2\] wanted"):
            convert(release, tmp_path / "out", (3, 2))


class TestErrors:
    """Nothing is written where the fault shows before the first picture."""

    @pytest.mark.parametrize("folder", ["image_2", "instance"])
    def test_a_folder_is_missing(self, release, tmp_path, folder):
        (release / "training" / folder).rename(release / "elsewhere")
        with pytest.raises(FileNotFoundError, match=f"training/{folder} is missing; KITTI must"):
            convert(release, tmp_path / "out", (0, 0))
        assert not (tmp_path / "out").exists()

    def test_no_photos(self, release, tmp_path):
        for path in (release / "training/image_2").glob("*_10.png"):
            path.unlink()
        with pytest.raises(FileNotFoundError, match=r"image_2 holds no photos NNNNNN_10\.png"):
            convert(release, tmp_path / "out", (0, 0))

    def test_a_photo_without_label_map(self, release, tmp_path, label_map):
        label_map.unlink()
        with pytest.raises(FileNotFoundError, match=r"000130_10\.png is missing \(1 of 6 label"):
            convert(release, tmp_path / "out", (0, 0))
        assert not (tmp_path / "out").exists()

    def test_a_photo_of_another_benchmark(self, release, tmp_path):
        for folder in ("image_2", "instance"):
            (release / f"training/{folder}/000199_10.png").rename(
                release / f"training/{folder}/000200_10.png"
            )
        with pytest.raises(ValueError, match=r"000200_10\.png: .*000000 to 000199"):
            convert(release, tmp_path / "out", (0, 0))

    @pytest.mark.parametrize(
        ("labels", "dtype", "message"),
        [
            (np.zeros((4, 6, 3)), np.uint8, r"000130_10\.png: expected a 16-bit grey .*'RGB'"),
            (np.full((4, 6), 7), np.uint8, r"000130_10\.png: an 8-bit file.*instance/"),
            (np.zeros((4, 5)), np.uint16, r"000130_10\.png has 5×4 pixels, its photo .* has 6×4"),
            (np.full((4, 6), 99 * 256), np.uint16, r"000130_10\.png: id 25344 is neither"),
        ],
        ids=["mode", "8 bit", "size", "id"],
    )
    def test_a_wrong_label_map(self, release, tmp_path, label_map, labels, dtype, message):
        write(label_map, labels, dtype)
        with pytest.raises(ValueError, match=message):
            convert(release, tmp_path / "out", (0, 0))

    @pytest.mark.parametrize(("folder", "error"), [("image_2", ValueError), ("instance", OSError)])
    def test_a_truncated_file(self, release, tmp_path, folder, error):
        path = release / f"training/{folder}/000130_10.png"
        path.write_bytes(path.read_bytes()[:50])
        with pytest.raises(error, match=r"000130_10\.png:? cannot be read as an image"):
            convert(release, tmp_path / "out", (0, 0))

    def test_size_out_of_range(self, release, tmp_path):
        with pytest.raises(ValueError, match="--size must be two positive numbers or 0 0, got 0 5"):
            convert(release, tmp_path / "out", (0, 5))
