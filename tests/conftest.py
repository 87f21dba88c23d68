"""A very small street: networks and batches that run in milliseconds."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from narrow import NARROW, NARROW_R18, ONE_CONVOLUTION
from PIL import Image

from mmhps import register_all_modules

register_all_modules(init_default_scope=False)

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def no_scope_left_over():
    """Forget the default scope that a test sets: it would decide what the next one finds."""
    yield
    from mmengine.registry import DefaultScope

    DefaultScope._instance_dict.clear()


@pytest.fixture(scope="session")
def load_tool():
    """Return a function that imports a script by its path below tools/."""

    def load(path):
        spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / "tools" / path)
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of a copy of the sources that was built before with two files more."""
    source = tmp_path_factory.mktemp("source") / "mmhps"
    skipped = shutil.ignore_patterns(".*", "__pycache__", "build", "data", "work_dirs", "tests")
    shutil.copytree(ROOT, source, ignore=skipped)
    stale = source / "build" / "lib" / "mmhps" / ".mim" / "configs" / "stale.py"
    for path in (stale, source / "build" / "lib" / "mmhps" / "stale" / "module.py"):
        path.parent.mkdir(parents=True)
        path.touch()
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "."]
    subprocess.run([*command, "-w", str(target)], cwd=source, check=True, capture_output=True)
    (path,) = target.iterdir()
    return path


# Few proposals and detections, whatever their scores are.
FEW = dict(
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=50, max_per_img=30),
        rcnn=dict(sampler=dict(num=24)),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=50, max_per_img=30),
        rcnn=dict(score_thr=0.0, max_per_img=10),
        panoptic=dict(stuff_area_limit=0),
    ),
)


@pytest.fixture
def tiny_config():
    """Return a function from a config's path below configs/ to that config, very narrow."""

    def load(name, **model):
        from mmengine.config import Config

        cfg = Config.fromfile(ROOT / "configs" / name)
        for settings in (NARROW, NARROW_R18, ONE_CONVOLUTION, FEW, model):
            cfg.merge_from_dict(dict(model=settings))
        return cfg

    return load


@pytest.fixture
def build_model(tiny_config):
    """Return a function that builds the network of a config, very narrow and seeded."""

    def build(name, **model):
        from mmdet.registry import MODELS
        from mmengine.registry import init_default_scope

        init_default_scope("mmdet")
        torch.manual_seed(0)
        return MODELS.build(tiny_config(name, **model).model)

    return build


@pytest.fixture
def make_batch():
    """Return a function that packs images with rectangles as instances."""

    def pack(sizes=((64, 64), (64, 64)), boxes=None, labels=None, void=False, crowd=False):
        """Boxes are those of every image, as integers; the background is road (label 8).

        ``void`` makes the background void, ``crowd`` each instance an ignored one.
        """
        from mmdet.structures.bbox import HorizontalBoxes
        from mmdet.structures.mask import BitmapMasks

        from mmhps.datasets.transforms import PackPanopticInputs

        boxes = [[8, 8, 40, 48], [30, 20, 60, 60]] if boxes is None else boxes
        labels = [2, 0][: len(boxes)] if labels is None else labels
        rng = np.random.default_rng(0)
        batch = dict(inputs=[], data_samples=[])
        for i, (height, width) in enumerate(sizes):
            semantic = np.full((height, width), 255 if void else 8, np.uint8)
            masks = np.zeros((len(boxes), height, width), np.uint8)
            for g, ((x1, y1, x2, y2), label) in enumerate(zip(boxes, labels, strict=True)):
                semantic[y1:y2, x1:x2] = label
                masks[:g, y1:y2, x1:x2] = 0
                masks[g, y1:y2, x1:x2] = 1
            packed = PackPanopticInputs().transform(
                dict(
                    img=rng.integers(0, 255, (height, width, 3), dtype=np.uint8),
                    img_id=f"image{i}",
                    img_path=f"image{i}.png",
                    ori_shape=(2 * height, 2 * width),
                    img_shape=(height, width),
                    scale_factor=(0.5, 0.5),
                    gt_bboxes=HorizontalBoxes(np.array(boxes, np.float32).reshape(-1, 4)),
                    gt_bboxes_labels=np.array(labels, np.int64),
                    gt_ignore_flags=np.full(len(boxes), crowd),
                    gt_masks=BitmapMasks(masks, height, width),
                    gt_seg_map=semantic,
                    thing_classes=("thing",) * 8,
                )
            )
            batch["inputs"].append(packed["inputs"])
            batch["data_samples"].append(packed["data_samples"])
        return batch

    return pack


R, S, G, B, A = 7, 23, 26, 24001, 26000  # raw instanceIds values
STREET = [
    [R, R, R, R, R, R],
    [A, A, R, R, G, G],
    [A, A, R, B, G, G],
    [0, 0, 0, 0, S, S],
]


@pytest.fixture
def street() -> np.ndarray:
    """Raw ids of a street, (4, 6) int32: road, sky, a group of cars, a person, a car, void (0)."""
    return np.array(STREET, dtype=np.int32)


@pytest.fixture
def write_ids():
    """Function (path, ids): write a 16-bit grey PNG."""

    def write(path, ids):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(ids, dtype=np.uint16)).save(path)

    return write
