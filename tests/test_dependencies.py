"""The checks for MMEngine, MMCV and MMDetection."""

import sys
from importlib import metadata

import pytest

from mmhps import dependencies


@pytest.fixture
def installed(monkeypatch):
    """Return a function that pretends that exactly these distributions are installed."""

    def pretend(**versions):
        versions = {name.replace("_", "-"): version for name, version in versions.items()}

        def version(name):
            if name not in versions:
                raise metadata.PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr(dependencies.metadata, "version", version)
        monkeypatch.setattr(dependencies.importlib.util, "find_spec", lambda name: None)

    return pretend


def test_nothing_installed(installed):
    installed()
    with pytest.raises(
        ImportError, match=r"(?s)mmengine is missing.*mmcv is.*mmdet is.*pip install '\.\[train\]'"
    ):
        dependencies.check_dependencies()


def test_one_missing(installed):
    installed(onedl_mmengine="0.10.12", onedl_mmcv="2.3.6")
    message = r"used:\nmmdet is missing \(distribution onedl-mmdetection or mmdet\)"
    with pytest.raises(ImportError, match=message):
        dependencies.check_dependencies()


def test_too_old(installed):
    installed(mmengine="0.10.7", mmcv="2.1.0", mmdet="3.1.0")
    with pytest.raises(ImportError, match=r"used:\nmmdet 3\.1\.0 is too old: mmhps needs 3\.3\.0"):
        dependencies.check_dependencies()


def test_version_is_compared_as_a_number(installed):
    installed(mmengine="0.9.0", mmcv="2.10.0", mmdet="3.3.0")
    with pytest.raises(
        ImportError,
        match=r"used:\nmmengine 0\.9\.0 is too old: .*\nIn a clone",
    ):
        dependencies.check_dependencies()


def test_both_distributions(installed):
    installed(
        onedl_mmengine="0.10.12", onedl_mmcv="2.3.6", onedl_mmdetection="3.5.1", mmdet="3.3.0"
    )
    message = r"onedl-mmdetection 3\.5\.1 and mmdet 3\.3\.0 are installed side by side"
    with pytest.raises(ImportError, match=message):
        dependencies.check_dependencies()


@pytest.mark.parametrize(
    "versions",
    [
        dict(onedl_mmengine="0.10.12", onedl_mmcv="2.3.6", onedl_mmdetection="3.5.1"),
        dict(mmengine="0.10.7", mmcv="2.1.0", mmdet="3.3.0"),
        dict(mmengine="0.10.7", mmcv_lite="2.1.0", mmdet="3.3.0"),
    ],
)
def test_one_complete_distribution(installed, versions):
    installed(**versions)
    dependencies.check_dependencies()


def test_module_without_distribution(installed, monkeypatch):
    installed()
    monkeypatch.setattr(dependencies.importlib.util, "find_spec", lambda name: object())
    dependencies.check_dependencies()


def test_opencv_that_does_not_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match=r"(?s)OpenCV does not load.*opencv-python-headless"):
        dependencies.check_dependencies()
