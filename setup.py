"""Builds the mmhps package; the wheel also carries what mim needs (mmhps/.mim)."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_SOURCES = ("checkpoints", "configs", "tools", "model-index.yml")
EXTRAS = {
    "train": ["requirements.txt"],
    "runtime": ["requirements/runtime.txt"],
    "web": ["requirements/runtime.txt", "requirements/web.txt"],
    "deploy": ["requirements.txt", "requirements/runtime.txt", "requirements/deploy.txt"],
    "mim": ["requirements.txt", "requirements/mim.txt"],
    "pretrained": ["requirements/pretrained.txt"],
    "torchvision": ["requirements/torchvision.txt"],
    "dev": ["requirements/dev.txt"],
}


class BuildWithMim(build_py):
    """Copies ``MIM_SOURCES`` to ``mmhps/.mim`` of the wheel, where mim looks for them.

    They live once, at the root of the repository. An editable install gets no copy: it would be
    out of date with the next edit, and mim demands a non-editable install anyway.
    """

    def run(self) -> None:
        # A build folder may hold modules since deleted.
        shutil.rmtree(Path(self.build_lib, "mmhps"), ignore_errors=True)
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "mmhps", ".mim")
        target.mkdir(parents=True)
        for name in MIM_SOURCES:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
                )
            else:
                shutil.copy2(source, target / name)


def version() -> str:
    text = (ROOT / "mmhps" / "version.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE).group(1)


def requirements(name: str) -> list[str]:
    """The requirements of a file, without comments and blank lines."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in (raw.split("#")[0].strip() for raw in lines) if line]


setup(
    name="mmhps",
    version=version(),
    description="HPS, holistic end-to-end panoptic segmentation with interrelations, "
    "for MMDetection",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=find_packages(include=["mmhps", "mmhps.*"]),
    python_requires=">=3.10,<3.13",
    install_requires=requirements("requirements/base.txt"),
    extras_require={
        name: [line for file in files for line in requirements(file)]
        for name, files in EXTRAS.items()
    },
    package_data={"mmhps.web": ["examples/*.jpg"]},
    entry_points={"console_scripts": ["mmhps = mmhps.__main__:main"]},
    cmdclass={"build_py": BuildWithMim},
    zip_safe=False,
)
