"""Exported models run where nothing but numpy, Pillow and ONNX Runtime is installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("onnxruntime", reason="needs the extra runtime")

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "mmhps" / "web" / "examples" / "street1.jpg"
# Every other distribution that mmhps may require.
BLOCKED = "torch mmcv mmdet mmengine cv2 scipy matplotlib tqdm cityscapesscripts packaging onnx"
CODE = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED.split()!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
from mmhps.__main__ import main

main(sys.argv[1:])
"""


def run(*arguments):
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_pictures_and_faults(tmp_path):
    (tmp_path / "in").mkdir()
    Image.open(EXAMPLE).save(tmp_path / "in" / "photo.png")
    (tmp_path / "in" / "broken.jpg").write_text("none")
    ran = run("predict", tmp_path / "in", "--out-dir", tmp_path / "out", "--threads", 1)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: 1 could not be read:\n")
    assert "broken.jpg: cannot be read as a picture" in ran.stderr
    assert (
        ran.stdout == f"{tmp_path / 'out'}: 1 picture in overlays/, panoptic/ and panoptic.json\n"
    )
    with Image.open(tmp_path / "out" / "overlays" / "photo.png") as overlay:
        assert overlay.width == 768 and overlay.height > 384  # and a legend
    content = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    (annotation,) = content["annotations"]
    names = {segment["category"] for segment in annotation["segments_info"]}
    assert {"road", "car"} <= names
    with Image.open(tmp_path / "out" / "panoptic" / "photo.png") as ids:
        assert ids.size == (768, 384)


def test_videos_name_what_they_need(tmp_path):
    (tmp_path / "ride.mp4").touch()
    ran = run("predict", tmp_path / "ride.mp4", "--out-dir", tmp_path / "out")
    assert ran.returncode == 1
    assert "cv2 is missing" in ran.stderr and "pip install opencv-python-headless" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_page_names_what_it_needs():
    blocked = CODE.replace("['torch'", "['gradio', 'torch'")
    ran = subprocess.run([sys.executable, "-c", blocked, "web"], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "gradio is missing" in ran.stderr and 'pip install ".[web]"' in ran.stderr
