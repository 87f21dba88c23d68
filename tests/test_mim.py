"""mmhps as pip installs it, without a compiler and in a new environment; mim there."""

import os
import re
import subprocess
import venv
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import pytest

from mmhps.apis import model_zoo

# One process, or each would make an environment.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("environment")]

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
def environment(tmp_path_factory, wheel):
    """A new environment into which pip has installed the wheel, with this torch: its Python."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    torch = f"torch=={version('torch').partition('+')[0]}"
    command = [python, "-m", "pip", "install", "--quiet", torch, f"{wheel}[mim]"]
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(
        command,
        cwd=folder,
        # Without the cache, which may hold compiled wheels of mmcv.
        env=dict(variables, CC="false", CXX="false", PIP_NO_CACHE_DIR="1"),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return python


@pytest.fixture(scope="module")
def package(environment, address):
    """The installed package; its weights are at the address."""
    (package,) = environment.parents[1].glob("lib/python*/site-packages/mmhps")
    for path in model_zoo.metafiles(package / ".mim"):
        path.write_text(path.read_text().replace(model_zoo.WEIGHTS_ADDRESS, address))
    return package


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder in which mim runs."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def python(environment, folder):
    """Return a function that runs that environment's Python, without GPUs: what it prints."""
    env = dict(
        os.environ,
        PATH=f"{environment.parent}:{os.environ['PATH']}",
        CUDA_VISIBLE_DEVICES="",
        NO_PROXY="127.0.0.1",
        OMP_NUM_THREADS="1",
    )
    env.pop("PYTHONPATH", None)

    def run(*arguments):
        command = [str(environment), *arguments]
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
def downloaded(mim, package, folder):
    """The folder with the weights and the config of a model, and the config of one without."""
    mim("download", "mmhps", "--config", NAME, WITHOUT_WEIGHTS, "--dest", "downloaded")
    return folder / "downloaded"


def test_package_is_that_of_the_wheel_and_nothing_is_compiled(python, package):
    code = (
        "import mmhps; mmhps.register_all_modules(); from mmhps.compat import mmcv_ops; "
        "print(mmhps.__file__, mmcv_ops.has_compiled_operators())"
    )
    assert python("-c", code) == f"{package}/__init__.py False\n"


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


def test_predict(mim, folder, scenes):
    pictures = "data/mini_cityscapes/leftImg8bit/val/*/*.png"
    mim("run", "mmhps", "image_demo", pictures, "--out-dir", "shown")
    assert len(list((folder / "shown" / "overlays").rglob("*.png"))) == 2
