"""tools/train.py and tools/test.py, with a network and images that take no time."""

import errno
import http.server
import importlib.util
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.fileio import LocalBackend
from mmengine.registry import DefaultScope

from mmhps.engine import launch
from mmhps.engine.resume import newest_whole_checkpoint

TOOLS = Path(__file__).parents[2] / "tools"

TOY = """
import time

import numpy as np
import torch
from mmdet.registry import DATASETS, METRICS, MODELS
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.structures import InstanceData

@DATASETS.register_module()
class ToyDataset(BaseDataset):
    METAINFO = dict(classes=("box",), palette=[(255, 0, 0)])

    def __init__(self, *args, seconds=0, count=4, **kwargs):
        self.seconds, self.count = seconds, count
        super().__init__(*args, **kwargs)

    def load_data_list(self):
        return [dict(img_path=f"{self.data_root}/{i}.png", img_id=i) for i in range(self.count)]

    def prepare_data(self, index):
        time.sleep(self.seconds)
        return super().prepare_data(index)

@MODELS.register_module()
class ToyModel(BaseModel):
    def __init__(self, data_preprocessor=None, init_cfg=None):
        super().__init__(data_preprocessor, init_cfg)
        self.layer = torch.nn.Conv2d(3, 1, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        if mode == "loss":
            return dict(loss=self.layer(inputs).float().pow(2).mean())
        for sample in data_samples:
            sample.pred_instances = InstanceData(
                bboxes=torch.tensor([[1.0, 1, 6, 6]]),
                labels=torch.tensor([0]),
                scores=torch.tensor([0.9]),
            )
        return data_samples

@MODELS.register_module()
class NoisyModel(ToyModel):
    def forward(self, inputs, data_samples=None, mode="tensor"):
        noise = torch.rand(()) + float(np.random.rand())
        return super().forward(inputs * (1 + noise), data_samples, mode)

@METRICS.register_module()
class ToyMetric(BaseMetric):
    default_prefix = "toy"

    def process(self, data_batch, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        images = {r["img_id"] for r in results}
        return dict(
            boxes=sum(len(r["pred_instances"]["labels"]) for r in results), images=len(images)
        )
"""

CONFIG = """
default_scope = "mmdet"
custom_imports = dict(imports=["mmhps", "toy_of_train_test"], allow_failed_imports=False)
model = dict(type="ToyModel", data_preprocessor=dict(type="DetDataPreprocessor"))
pipeline = [dict(type="LoadImageFromFile"), dict(type="PackDetInputs")]
dataset = dict(type="ToyDataset", data_root="ROOT", pipeline=pipeline, test_mode=True)
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dataset, sampler=dict(type="InfiniteSampler")
)
val_dataloader = test_dataloader = dict(
    batch_size=1, num_workers=0, dataset=dataset, sampler=dict(type="DefaultSampler", shuffle=False)
)
val_evaluator = test_evaluator = dict(type="ToyMetric")
train_cfg = dict(type="IterBasedTrainLoop", max_iters=4, val_interval=2)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.001))
param_scheduler = [dict(type="ConstantLR", factor=1.0, by_epoch=False)]
auto_scale_lr = dict(enable=False, base_batch_size=1)
log_processor = dict(by_epoch=False)
visualizer = dict(type="DetLocalVisualizer")
default_hooks = dict(
    logger=dict(type="LoggerHook", interval=1),
    checkpoint=dict(
        type="CheckpointHook", interval=2, by_epoch=False, save_best="toy/boxes", rule="greater"
    ),
    visualization=dict(type="DetVisualizationHook"),
)
"""


def run_tool(name, *argv):
    spec = importlib.util.spec_from_file_location(f"tool_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main([str(argument) for argument in argv])


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A folder with the module above and five images, on the path."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy_of_train_test.py").write_text(TOY)
    for i in range(5):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((8, 8, 3), 50 * i, np.uint8))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def config(toy, tmp_path, monkeypatch, request):
    """The config, in the folder in which the tools are then run.

    Its name is the test's: mmengine tells runs apart by the config's name and the second.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    # The runner sets the default scope of the process; later tests must not find it.
    monkeypatch.setattr(DefaultScope, "_instance_dict", OrderedDict())
    name = request.node.name.replace("[", "_").replace("]", "")
    path = tmp_path / f"{name}.py"
    path.write_text(CONFIG.replace("ROOT", str(toy)))
    return path


WEIGHTS = {"layer.weight": torch.zeros(1, 3, 1, 1), "layer.bias": torch.zeros(1)}


@pytest.fixture
def checkpoint(config):
    """A checkpoint of the toy network."""
    torch.save(dict(state_dict=WEIGHTS), "toy.pth")
    return "toy.pth"


def logged():
    """The text of the log files of all runs."""
    return "".join(path.read_text() for path in sorted(Path().rglob("*.log")))


def test_training_shows_metrics_and_where_things_lie(config, capsys):
    run_tool("train", config, "--work-dir", "work")
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:2] == [
        "val at iteration 2: boxes 4  images 4",
        "val at iteration 4: boxes 4  images 4",
    ]
    assert lines[2] == "checkpoint: work/iter_4.pth"
    assert lines[3] == "best: work/best_toy_boxes_iter_2.pth"
    assert lines[4].startswith("log: work/") and Path(lines[4][5:]).is_file()
    assert len(lines) == 5
    assert err == ""
    assert logged().count("Iter(train)") == 4


def test_verbose_training_prints_the_log(config, capsys):
    run_tool("train", config, "--verbose", "--cfg-options", "train_cfg.max_iters=1")
    assert "Iter(train) [1/1]" in capsys.readouterr().out


@pytest.mark.parametrize("from_file", [True, False])
def test_resumed_training_goes_on(config, from_file):
    run_tool("train", config)
    folder = Path("work_dirs", config.stem)
    resume = ["--resume", folder / "iter_2.pth"] if from_file else ["--resume"]
    config.write_text(config.read_text().replace("max_iters=4", "max_iters=6"))
    renamed = config.rename("resumed_" + config.name)
    run_tool("train", renamed, "--work-dir", folder, *resume)
    checkpoint = torch.load(folder / "iter_6.pth", weights_only=False)
    assert checkpoint["meta"]["iter"] == 6
    # Iterations 1 to 4 of the first run; 3 to 6 or 5 and 6 of the second.
    assert logged().count("Iter(train)") == 4 + (4 if from_file else 2)


def test_amp_trains_in_bfloat16_without_a_gpu(config, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    run_tool("train", config, "--amp")
    assert "BFloat16OptimWrapper" in Path("work_dirs", config.stem, config.name).read_text()
    assert Path("work_dirs", config.stem, "iter_4.pth").is_file()


def test_learning_rate_is_scaled_by_the_batch_size(config):
    run_tool("train", config, "--auto-scale-lr", "--cfg-options", "train_cfg.max_iters=1")
    assert "Scaling the original LR by 2.0" in logged()


def test_scaling_needs_the_base_batch_size(config, capsys):
    config.write_text(config.read_text().replace("auto_scale_lr", "something_else"))
    with pytest.raises(SystemExit, match="2"):
        run_tool("train", config, "--auto-scale-lr")
    assert "--auto-scale-lr needs auto_scale_lr.base_batch_size" in capsys.readouterr().err


def test_missing_checkpoints_are_usage_errors(config, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_tool("train", config, "--resume", "nothing.pth")
    with pytest.raises(SystemExit, match="2"):
        run_tool("test", config, "nothing.pth")
    err = capsys.readouterr().err
    assert "there is no checkpoint nothing.pth to resume from" in err
    assert err.count("there is no checkpoint nothing.pth") == 2


def test_testing_prints_the_metrics(config, checkpoint, capsys):
    run_tool("test", config, checkpoint)
    out, err = capsys.readouterr()
    assert "test: boxes 4  images 4\n" in out
    assert out.splitlines()[-1].startswith(f"log: work_dirs/{config.stem}/")
    assert err == ""


def test_testing_writes_pictures_and_predictions(config, checkpoint, capsys):
    run_tool("test", config, checkpoint, "--show-dir", "drawn", "--out", "predicted.pkl")
    lines = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines()[-3:])
    assert sorted(os.listdir(lines["pictures"])) == ["0.png", "1.png", "2.png", "3.png"]
    with open(lines["predictions"], "rb") as file:
        assert [result["img_id"] for result in pickle.load(file)] == [0, 1, 2, 3]


class MakesFolder:
    """Unpickling it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("made",)


@pytest.fixture
def evil(config):
    """A file that makes a folder when it is read."""
    torch.save(dict(state_dict=WEIGHTS, meta={}, extra=MakesFolder()), "evil.pth")
    return "evil.pth"


@pytest.fixture
def address(monkeypatch, tmp_path):
    """The address at which this machine gives out the folder's files."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


PRETRAINED = ["model.init_cfg.type=Pretrained", "model.init_cfg.checkpoint=evil.pth"]


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--cfg-options", "load_from=evil.pth"],
        ["train", "--resume", "evil.pth"],
        ["train", "--verbose", "--resume", "evil.pth"],
        ["train", "--resume"],
        ["train", "--cfg-options", *PRETRAINED],
        ["train", "--cfg-options", *PRETRAINED, "model.init_cfg.prefix=layer"],
        ["test", "evil.pth"],
    ],
    ids=" ".join,
)
def test_checkpoint_with_code_is_refused(config, evil, command):
    (config.parent / "work").mkdir()
    (config.parent / "work" / "last_checkpoint").write_text(evil)
    tool, *argv = command
    with pytest.raises(ValueError, match=r"evil\.pth: cannot be read.*add --trust-checkpoint"):
        run_tool(tool, config, *argv, "--work-dir", "work")
    assert not Path("made").exists()


def test_downloaded_checkpoint_with_code_is_refused(config, evil, address):
    with pytest.raises(ValueError, match=r"http://.*/evil\.pth: cannot be read"):
        run_tool("test", config, f"{address}/evil.pth")
    assert not Path("made").exists()


def test_trusted_checkpoint_is_read(config, evil, capsys):
    run_tool("test", config, evil, "--trust-checkpoint")
    assert Path("made").is_dir()
    assert "test: boxes 4  images 4\n" in capsys.readouterr().out


def test_predictions_need_a_pickle_file(config, checkpoint, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_tool("test", config, checkpoint, "--out", "predicted.json")
    assert "--out must end in .pkl or .pickle, got predicted.json" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["train", "test"])
def test_help_does_not_name_gpus(tool, capsys):
    # mim adds an argument that MMEngine's tools do not know when --gpus is in train.py's help.
    with pytest.raises(SystemExit, match="0"):
        run_tool(tool, "--help")
    assert "--gpus" not in capsys.readouterr().out


def final_weights(folder):
    return torch.load(folder / "iter_6.pth", weights_only=False)["state_dict"]


@pytest.fixture
def noisy(config, toy):
    """A config of six steps, each of which draws random numbers, with a checkpoint every two."""
    text = config.read_text().replace('"ToyModel"', '"NoisyModel"')
    config.write_text(text.replace("max_iters=4", "max_iters=6").replace("lr=0.001", "lr=1e-6"))
    return config


@pytest.mark.parametrize("seed", [[], ["--cfg-options", "randomness.seed=3"]], ids=["", "seed"])
def test_training_goes_on_from_the_last_whole_checkpoint(noisy, monkeypatch, capsys, seed):
    """Killed while it wrote: with and without a seed it ends bit-equal to an unbroken run."""
    run_tool("train", noisy, "--work-dir", "broken", *seed)
    unbroken = final_weights(Path("broken"))
    folder = Path("broken")
    (folder / "iter_6.pth").unlink()
    whole = (folder / "iter_4.pth").read_bytes()
    (folder / "iter_4.pth").write_bytes(whole[: len(whole) // 2])
    (folder / "last_checkpoint").write_text(str(folder / "iter_4.pth"))
    renamed = noisy.rename("again_" + noisy.name)
    run_tool("train", renamed, "--work-dir", "broken", "--resume")
    again = final_weights(folder)
    assert "broken/iter_4.pth is damaged" in capsys.readouterr().out
    assert again.keys() == unbroken.keys()
    for key, value in unbroken.items():
        assert torch.equal(value, again[key]), key


def test_resuming_without_a_checkpoint_starts_anew(config, capsys):
    run_tool("train", config, "--work-dir", "work", "--resume")
    assert "work: no checkpoint yet, training starts at the beginning" in capsys.readouterr().out
    assert Path("work", "iter_4.pth").is_file()


def test_full_disk_keeps_the_former_checkpoint(config, monkeypatch):
    def put(self, content, path):
        if Path(path).name.startswith("iter_4"):
            Path(path).write_bytes(content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        Path(path).write_bytes(content)

    monkeypatch.setattr(LocalBackend, "put", put)
    with pytest.raises(OSError, match=r"iter_4\.pth: the checkpoint could not .*No space left"):
        run_tool("train", config, "--work-dir", "work")
    assert newest_whole_checkpoint("work") == "work/iter_2.pth"
    assert sorted(path.name for path in Path("work").glob("iter*")) == ["iter_2.pth"]


@pytest.mark.parametrize("tool", ["train", "test"])
def test_work_dir_that_cannot_be_written_is_an_error(config, checkpoint, tool):
    Path("file").touch()
    arguments = [checkpoint] if tool == "test" else []
    with pytest.raises(OSError, match="file/work: logs and checkpoints cannot be written there"):
        run_tool(tool, config, *arguments, "--work-dir", "file/work")


def test_loss_that_is_not_finite_stops_training(config, toy):
    huge = ["--cfg-options", "optim_wrapper.optimizer.lr=1e38"]
    with pytest.raises(
        ValueError, match=r"iteration \d: not finite: loss; images: .*/\d\.png"
    ) as e:
        run_tool("train", config, "--work-dir", "work", *huge)
    # Each image of the batch of two is named.
    assert str(e.value).count(str(toy)) == 2


@pytest.mark.parametrize("tool", ["train", "resume", "test"])
@pytest.mark.parametrize(
    "fault, message",
    [
        (dict(classes=("bin",)), "class 0 is 'bin' in the checkpoint, 'box' in the data"),
        (dict(classes=("box", "bin")), "2 classes in the checkpoint, 1 in the data"),
        (dict(shape=(2, 3, 1, 1)), "layer.weight (2, 3, 1, 1) in place of (1, 3, 1, 1)"),
        (dict(name="level"), "the checkpoint lacks tensors of the model: layer.weight"),
    ],
    ids=["order", "count", "shape", "names"],
)
def test_checkpoint_of_another_model_is_refused(config, tool, fault, message):
    name = fault.get("name", "layer")
    weights = {
        f"{name}.weight": torch.zeros(fault.get("shape", (1, 3, 1, 1))),
        f"{name}.bias": torch.zeros(1),
    }
    meta = dict(dataset_meta=dict(classes=fault.get("classes", ("box",))), iter=2, epoch=0)
    torch.save(dict(state_dict=weights, meta=meta, message_hub={}), "other.pth")
    with pytest.raises(ValueError, match=re.escape(message)):
        if tool == "test":
            run_tool("test", config, "other.pth")
        elif tool == "resume":
            run_tool("train", config, "--resume", "other.pth")
        else:
            run_tool("train", config, "--cfg-options", "load_from=other.pth")


@pytest.mark.slow
def test_killed_training_goes_on(noisy, toy):
    """kill -9 in the middle of an epoch, and the same weights at the end."""
    seed = ["--cfg-options", "randomness.seed=3"]
    run_tool("train", noisy, "--work-dir", "unbroken", *seed)
    env = dict(os.environ, PYTHONPATH=f"{toy}:{TOOLS.parent}", CUDA_VISIBLE_DEVICES="")
    command = [sys.executable, str(TOOLS / "train.py"), str(noisy), "--work-dir", "killed"]
    slow = "train_dataloader.dataset.seconds=0.5"
    process = subprocess.Popen([*command, *seed, slow], env=env, stdout=subprocess.DEVNULL)
    try:
        while not Path("killed", "iter_2.pth").is_file() and process.poll() is None:
            time.sleep(0.05)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not Path("killed", "iter_6.pth").exists()
    renamed = noisy.rename("again_" + noisy.name)
    run_tool("train", renamed, "--work-dir", "killed", "--resume", *seed)
    unbroken = final_weights(Path("unbroken"))
    for key, value in final_weights(Path("killed")).items():
        assert torch.equal(value, unbroken[key]), key


def gloo_threads():
    """How many threads of this process wait for gloo's messages."""
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    return names.count("pt_gloo_runloop")


def test_no_thread_outlives_the_group_of_processes(config, monkeypatch):
    """A thread that the interpreter's shutdown meets aborts the process in some runs."""
    where = dict(MASTER_ADDR="127.0.0.1", MASTER_PORT="0", RANK="0", WORLD_SIZE="1")
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    threads = []
    monkeypatch.setattr(launch, "report", lambda *args, **kwargs: threads.append(gloo_threads()))
    run_tool("train", config, "--launcher", "pytorch")
    assert threads[0] > 0
    assert gloo_threads() == 0


def run_two_processes(toy, tool, *arguments):
    """What torchrun prints."""
    torchrun = "torch.distributed.run --standalone --local-addr=127.0.0.1 --nproc-per-node=2"
    command = [*torchrun.split(), str(TOOLS / f"{tool}.py"), *map(str, arguments)]
    root = str(TOOLS.parent)
    env = dict(os.environ, PYTHONPATH=f"{toy}:{root}", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")
    run = subprocess.run(
        [sys.executable, "-m", *command, "--launcher", "pytorch"],
        capture_output=True,
        text=True,
        env=env,
    )
    assert run.returncode == 0, run.stderr
    assert "Warning" not in run.stderr
    return run.stdout


@pytest.mark.slow
def test_two_processes_train_together_on_a_cpu(config, toy):
    out = run_two_processes(toy, "train", config)
    # Each of the four images is predicted by one of the processes, and the main one speaks.
    assert out.count("val at iteration 4: boxes 4  images 4") == 1
    assert "GPU number: 2" in logged()


@pytest.mark.slow
def test_two_processes_resume_as_they_would_have_gone_on(noisy, toy):
    work = ["--work-dir", "work", "--cfg-options", "randomness.seed=3"]
    run_two_processes(toy, "train", noisy, *work)
    unbroken = final_weights(Path("work"))
    Path("work", "iter_6.pth").unlink()
    Path("work", "last_checkpoint").write_text("work/iter_4.pth")
    run_two_processes(toy, "train", noisy, *work, "--resume")
    for key, value in final_weights(Path("work")).items():
        assert torch.equal(value, unbroken[key]), key


@pytest.mark.slow
def test_two_processes_score_an_odd_number_of_images_once_each(config, checkpoint, toy):
    odd = ["--cfg-options", "test_dataloader.dataset.count=5"]
    out = run_two_processes(toy, "test", config, checkpoint, *odd)
    assert out.count("test: boxes 5  images 5\n") == 1
