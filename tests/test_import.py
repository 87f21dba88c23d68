"""What ``import mmhps`` does: it registers everything and prints nothing."""

import re
import subprocess
import sys

import mmhps

REGISTERED = """
import mmhps
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


def test_import_registers_and_prints_nothing():
    run = subprocess.run([sys.executable, "-c", REGISTERED], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
