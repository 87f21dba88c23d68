"""mim with mmhps installed from its wheel: search, download, run, train and test."""

import os
import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from mmhps.apis import model_zoo

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
MODELS = model_zoo.read_models(ROOT)
FILES = {name: model_zoo.weights_file(model) for name, model in MODELS.items()}
NAME = "hps-isi_r18_mini"
WITHOUT_WEIGHTS = next(name for name, file in FILES.items() if not file)
LAUNCHERS = pytest.mark.parametrize(
    "launcher", [("--gpus", "0"), ("--launcher", "pytorch", "--gpus", "1")], ids=["none", "pytorch"]
)


@pytest.fixture(scope="module")
def address():
    """Where a server on this machine has the files of checkpoints/."""
    handler = partial(SimpleHTTPRequestHandler, directory=ROOT / "checkpoints")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def package(tmp_path_factory, wheel, address):
    """The installed package, in a folder of its own; its weights are at the address."""
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", site, wheel]
    subprocess.run(command, check=True, capture_output=True)
    for path in model_zoo.metafiles(site / "mmhps" / ".mim"):
        path.write_text(path.read_text().replace(model_zoo.WEIGHTS_ADDRESS, address))
    return site / "mmhps"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder in which mim runs."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def python(package, folder):
    """Return a function that runs Python with that package, without GPUs: what it prints."""
    env = dict(
        os.environ,
        PYTHONPATH=str(package.parent),  # comes before what is installed, editable or not
        CUDA_VISIBLE_DEVICES="",
        NO_PROXY="127.0.0.1",
        OMP_NUM_THREADS="1",
    )

    def run(*arguments):
        command = [sys.executable, *arguments]
        run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    return run


@pytest.fixture(scope="module")
def mim(python):
    """Return a function that runs mim: what it prints."""
    return partial(python, "-m", "mim")


@pytest.fixture(scope="module")
def scenes(mim, package):
    """Four generated scenes to train with and two to score, where the mini configs look."""
    counts = ("--train", "4", "--val", "2", "--workers", "1")
    printed = mim("run", "mmhps", "mini_cityscapes", "data/mini_cityscapes", *counts)
    assert f"{package}/.mim/tools/dataset_converters/mini_cityscapes.py" in printed
    assert "6 images drawn, 6 in all" in printed


@pytest.fixture(scope="module")
def downloaded(mim, folder):
    """The folder with the weights and the config of a model, and the config of one without."""
    mim("download", "mmhps", "--config", NAME, WITHOUT_WEIGHTS, "--dest", "downloaded")
    return folder / "downloaded"


def test_package_is_that_of_the_wheel(python, package):
    code = "import importlib.util as u; print(u.find_spec('mmhps').origin)"
    assert python("-c", code) == f"{package}/__init__.py\n"


def test_search_lists_every_model(mim):
    listed = re.findall(r"^config id: (.+)$", mim("search", "mmhps"), re.MULTILINE)
    assert sorted(listed) == sorted(MODELS)


def test_download_is_what_was_published(downloaded):
    names = {path.name for path in downloaded.iterdir()}
    assert names == {f"{NAME}.py", FILES[NAME], f"{WITHOUT_WEIGHTS}.py"}
    published = ROOT / "checkpoints" / FILES[NAME]
    assert (downloaded / FILES[NAME]).read_bytes() == published.read_bytes()


@LAUNCHERS
def test_train(mim, package, folder, scenes, launcher):
    work_dir = f"work{len(launcher)}"
    options = ("train_cfg.max_iters=1", "train_dataloader.batch_size=2")
    printed = mim(
        "train", "mmhps", f"{NAME}.py", *launcher, "--work-dir", work_dir, "--cfg-options", *options
    )
    assert f"{package}/.mim/tools/train.py" in printed
    assert f"checkpoint: {work_dir}/iter_1.pth\n" in printed
    assert (folder / work_dir / "iter_1.pth").is_file()
    (log,) = (folder / work_dir).rglob("*.log")
    (loaded,) = re.findall(r"load backbone\. in model from: (\S+)", log.read_text())
    weights = package / ".mim" / "checkpoints" / FILES["pretrain_r18_mini"]
    assert Path(loaded).resolve() == weights


@LAUNCHERS
def test_test(mim, package, folder, scenes, downloaded, launcher):
    config, checkpoint = f"downloaded/{NAME}.py", f"downloaded/{FILES[NAME]}"
    printed = mim("test", "mmhps", config, "--checkpoint", checkpoint, *launcher)
    assert f"{package}/.mim/tools/test.py" in printed
    assert float(re.search(r"^test: PQ (\S+)", printed, re.MULTILINE)[1]) > 20
    assert (folder / "work_dirs" / NAME).is_dir()
