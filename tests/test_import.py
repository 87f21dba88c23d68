"""``import mmhps`` is light; the registration registers everything and prints nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.registry import DefaultScope

import mmhps
from mmhps import register_all_modules

LIGHT = """
import sys
barred = ("torch", "mmengine", "mmcv", "mmdet", "cv2", "cityscapesscripts")
sys.modules.update(dict.fromkeys(barred))
import mmhps
"""

# Drawing and converting data sets need neither torch nor MMDetection.
DATA = """
import sys
sys.modules.update(dict.fromkeys(("torch", "mmengine", "mmcv", "mmdet")))
import mmhps.street_scenes, mmhps.converters.camvid, mmhps.converters.mini_cityscapes
"""

REGISTRATIONS = (
    "from mmengine.config import Config; Config.fromfile('configs/_base_/default_runtime.py')",
    pytest.param(
        "from mmhps import register_all_modules; register_all_modules()", marks=pytest.mark.slow
    ),
    pytest.param("import mmhps.modules", marks=pytest.mark.slow),
)
REGISTERED = """
from mmdet.registry import DATASETS, HOOKS, METRICS, MODELS, OPTIM_WRAPPERS, TRANSFORMS
for registry, name in [
    (DATASETS, "CityscapesPanopticDataset"),
    (HOOKS, "ProgressHook"),
    (METRICS, "CityscapesPanopticMetric"),
    (MODELS, "HPS"),
    (OPTIM_WRAPPERS, "BFloat16OptimWrapper"),
    (TRANSFORMS, "LoadPanopticIds"),
]:
    assert name in registry.module_dict, name
"""


def test_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", mmhps.__version__)


def run(code):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    return done.returncode, done.stdout, done.stderr


def test_import_needs_no_heavy_package():
    assert run(LIGHT) == (0, "", "")


def test_making_data_needs_no_torch():
    assert run(DATA) == (0, "", "")


@pytest.mark.parametrize("registration", REGISTRATIONS)
def test_registration_registers_and_prints_nothing(registration):
    assert run(f"{registration}\n{REGISTERED}") == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("package", ["apis", "datasets", "engine", "models", "visualization"])
def test_each_package_imports_quietly_alone(package):
    assert run(f"import mmhps.{package}") == (0, "", "")


def test_scope_is_set_if_asked_for():
    register_all_modules(init_default_scope=False)
    assert DefaultScope.get_current_instance() is None
    register_all_modules()
    assert DefaultScope.get_current_instance().scope_name == "mmdet"
