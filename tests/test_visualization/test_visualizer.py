from types import SimpleNamespace

import mmcv
import numpy as np
import pytest
import torch
from mmdet.registry import VISUALIZERS
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer
from PIL import Image

from mmhps.results import panoptic_overlay
from mmhps.visualization import PanopticVisualizationHook
from mmhps.visualization.palettes import palette_colors

META = dict(
    classes=("person", "car", "road"),
    thing_classes=("person", "car"),
    palette=[(220, 20, 60), (0, 0, 142), (128, 64, 128)],
)
TITLES = LEGEND = 24  # rows that they take at the smallest font size


@pytest.fixture
def visualizer(request):
    """A visualizer as a config builds it, forgotten after the test."""
    cfg = dict(type="PanopticLocalVisualizer", name=request.node.name)
    built = VISUALIZERS.build(cfg | getattr(request, "param", {}))
    built.dataset_meta = META
    yield built
    Visualizer._instance_dict.pop(request.node.name)


def make_sample(gt=None, pred=None, **meta):
    """A sample with the given (H, W) maps."""
    sample = DetDataSample(metainfo=meta)
    for key, ids in (("gt_panoptic_seg", gt), ("pred_panoptic_seg", pred)):
        if ids is not None:
            setattr(sample, key, PixelData(sem_seg=torch.as_tensor(np.asarray(ids))[None]))
    return sample


def draw(visualizer, image, sample, tmp_path, **options):
    """Draw into a file and return it as RGB."""
    file = tmp_path / "drawing.png"
    visualizer.add_datasample("name", image, sample, out_file=str(file), **options)
    return mmcv.imread(file, channel_order="rgb")


def find(drawing, expected):
    """Whether ``expected`` (h, w, 3) occurs in the drawing as it is."""
    windows = np.lib.stride_tricks.sliding_window_view(drawing, expected.shape)
    return bool((windows == expected).all((-3, -2, -1)).any())


@pytest.mark.parametrize("sample", [None, make_sample()])
def test_nothing_to_draw_gives_the_image(visualizer, tmp_path, sample):
    image = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    assert draw(visualizer, image, sample, tmp_path).tolist() == image.tolist()


def test_ground_truth_and_prediction_side_by_side(visualizer, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (40, 200, 3), dtype=np.uint8)
    gt, pred = np.full((40, 200), 255), np.full((40, 200), 3)  # all void, in both spellings
    gt[:20, :50], pred[:20, :60] = 1000, 1001
    drawing = draw(visualizer, image, make_sample(gt, pred), tmp_path)
    assert drawing.shape == (TITLES + 40 + LEGEND, 404, 3)
    palette = META["palette"]
    assert (drawing[24:64, :200] == panoptic_overlay(image, gt, palette)).all()
    assert (
        drawing[24:64, 204:] == panoptic_overlay(image, np.where(pred == 3, 255, pred), palette)
    ).all()
    found = {tuple(pixel) for pixel in drawing[64:].reshape(-1, 3).tolist()}
    assert {palette[0], palette[1]} <= found and palette[2] not in found
    assert visualizer.get_image().shape == drawing.shape


@pytest.mark.parametrize(("draw_gt", "draw_pred"), [(True, False), (False, True)])
def test_one_of_the_two(visualizer, tmp_path, draw_gt, draw_pred):
    sample = make_sample(np.full((9, 200), 2), np.full((9, 200), 2))
    image = np.zeros((9, 200, 3))
    drawing = draw(visualizer, image, sample, tmp_path, draw_gt=draw_gt, draw_pred=draw_pred)
    assert drawing.shape == (9 + LEGEND, 200, 3)


@pytest.mark.parametrize("size", [(1, 1), (16, 32)])
@pytest.mark.parametrize(("value", "shown"), [(3, 255), (1000, 1000)])
def test_tiny_grey_images(visualizer, tmp_path, size, value, shown):
    drawing = draw(visualizer, np.zeros(size), make_sample(pred=np.full(size, value)), tmp_path)
    expected = panoptic_overlay(np.zeros(size), np.full(size, shown), META["palette"])
    assert drawing.shape[0] == size[0] + LEGEND
    assert find(drawing, expected)


@pytest.mark.parametrize("visualizer", [dict(legend=False, scale=3, alpha=0.2)], indirect=True)
def test_options(visualizer, tmp_path):
    ids = np.array([[2, 1000]])
    drawing = draw(visualizer, np.zeros((1, 2, 3)), make_sample(pred=ids), tmp_path)
    large = ids.repeat(3, 0).repeat(3, 1)
    expected = panoptic_overlay(np.zeros((3, 6)), large, META["palette"], alpha=0.2)
    assert drawing.tolist() == expected.tolist()


@pytest.mark.parametrize("palette", ["coco", "random", None, []])
def test_palettes_that_mmdetection_knows(visualizer, tmp_path, palette):
    visualizer.dataset_meta = dict(META, palette=palette)
    sample = make_sample(pred=np.array([[2, 1000]]))
    drawing = draw(visualizer, np.zeros((1, 2, 3)), sample, tmp_path)
    visualizer.dataset_meta = dict(META, palette=palette_colors(palette, 3))
    assert (drawing == draw(visualizer, np.zeros((1, 2, 3)), sample, tmp_path)).all()


def label_file(tmp_path, ids):
    Image.fromarray(np.array(ids, dtype=np.uint16)).save(tmp_path / "ids.png")
    return dict(seg_map_path=str(tmp_path / "ids.png"), id_format="cityscapes")


def test_ground_truth_at_original_size_comes_from_the_label_file(visualizer, tmp_path):
    meta = label_file(tmp_path, np.full((4, 6), 7))  # road, label 2
    sample = make_sample(gt=np.full((2, 3), 1000), **meta)
    drawing = draw(visualizer, np.zeros((4, 6, 3)), sample, tmp_path)
    assert find(drawing, panoptic_overlay(np.zeros((4, 6)), np.full((4, 6), 2), META["palette"]))


def test_ground_truth_of_the_images_size_is_preferred(visualizer, tmp_path):
    # The image went through the pipeline (say, a flip), so the file would not fit it.
    meta = label_file(tmp_path, np.full((4, 6), 7))
    sample = make_sample(gt=np.full((4, 6), 1), **meta)
    drawing = draw(visualizer, np.zeros((4, 6, 3)), sample, tmp_path)
    assert find(drawing, panoptic_overlay(np.zeros((4, 6)), np.full((4, 6), 1), META["palette"]))


def test_maps_of_another_size_are_resized(visualizer, tmp_path):
    sample = make_sample(gt=[[1, 2]])
    drawing = draw(visualizer, np.zeros((2, 4, 3)), sample, tmp_path)
    ids = np.array([[1, 1, 2, 2]] * 2)
    assert find(drawing, panoptic_overlay(np.zeros((2, 4)), ids, META["palette"]))


def test_unknown_label(visualizer):
    with pytest.raises(ValueError, match=r"got the values \[4\]"):
        visualizer.add_datasample("x", np.zeros((1, 1, 3)), make_sample(pred=[[4]]))


def test_unknown_classes(visualizer):
    visualizer.dataset_meta = None
    with pytest.raises(ValueError, match="dataset_meta: expected the key 'classes'"):
        visualizer.add_datasample("x", np.zeros((1, 1, 3)), make_sample(pred=[[0]]))


def test_palette_may_be_missing(visualizer, tmp_path):
    visualizer.dataset_meta = dict(classes=META["classes"])
    assert draw(visualizer, np.zeros((9, 9)), make_sample(pred=[[0]]), tmp_path).shape[0] == 33


def test_backends_get_the_drawing_without_a_file(visualizer):
    taken = []
    visualizer._vis_backends = dict(
        fake=SimpleNamespace(add_image=lambda name, image, step: taken.append((name, step)))
    )
    visualizer.add_datasample("x", np.zeros((1, 1, 3)), make_sample(pred=[[0]]), step=5)
    assert taken == [("x", 5)]


@pytest.mark.parametrize("img_id", ["city/photo", "/../city/photo", None])
def test_hook_names_pictures_after_image_ids(visualizer, tmp_path, img_id):
    photo = tmp_path / "photo.png"
    Image.fromarray(np.zeros((8, 200, 3), dtype=np.uint8)).save(photo)
    hook = PanopticVisualizationHook(draw=True, test_out_dir="shown")
    runner = SimpleNamespace(work_dir=str(tmp_path), timestamp="now", iter=0)
    meta = dict(img_path=str(photo)) | ({} if img_id is None else dict(img_id=img_id))
    sample = make_sample(pred=np.full((8, 200), 2), **meta)
    hook.after_test_iter(runner, 0, {}, [sample, sample])
    for name in ("photo.png", "photo_2.png"):
        folder = tmp_path / "now" / "shown" / ("city" if img_id else "")
        assert mmcv.imread(folder / name).shape == (8 + LEGEND, 200, 3)
    hook.after_val_iter(runner, 0, {}, [sample])


def test_hook_that_shows_needs_a_display(visualizer, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "Agg")
    with pytest.raises(ValueError, match="show: no window can be opened here"):
        PanopticVisualizationHook(draw=True, show=True)
