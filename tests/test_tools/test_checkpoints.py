"""tools/train.py and tools/test.py: checkpoints of strangers and of other models."""

import http.server
import os
import re
import threading
from functools import partial
from pathlib import Path

import pytest
import torch
from toys import WEIGHTS, run_tool


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


@pytest.mark.parametrize("tool", ["train", "resume", "test"])
@pytest.mark.parametrize(
    "fault, message",
    [
        (dict(classes=("bin",)), "class 0 is 'bin' in the checkpoint, 'box' in the t"),
        (dict(classes=("box", "bin")), "2 classes in the checkpoint, 1 in the t"),
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


@pytest.mark.parametrize("tool", ["resume", "test"])
def test_checkpoint_without_one_tensor_is_refused(config, tool):
    """Training may start from it; to go on or to score it is something else."""
    weights = {"layer.weight": torch.zeros(1, 3, 1, 1)}
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    meta = dict(dataset_meta=dict(classes=("box",)), iter=2, epoch=0)
    torch.save(dict(state_dict=weights, meta=meta, message_hub=hub), "other.pth")
    arguments = {"resume": ["train", config, "--resume"], "test": ["test", config]}[tool]
    with pytest.raises(ValueError, match=r"lacks tensors of the model: layer\.bias\."):
        run_tool(*arguments, "other.pth")
