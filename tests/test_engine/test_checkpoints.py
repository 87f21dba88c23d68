"""Reading checkpoints without running code that they hold; see also the tests of each command."""

import os

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from mmhps.engine.checkpoints import load_checkpoint, refusing_code


class RunsCode:
    """Unpickling it would call a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


CODE = pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.mkdir, ("made",)),
        (getattr, (dict, "fromkeys")),
        (getattr, (np.ndarray, "tofile")),  # of a class that may be named
        (eval, ("1 + 1",)),
    ],
)


def test_training_checkpoint_with_its_log(tmp_path):
    buffer = HistoryBuffer([1.5, 2.5], [1, 1])
    buffer.update(np.float64(3.5))
    saved = dict(
        state_dict=dict(weight=torch.ones(2)),
        meta=dict(dataset_meta=dict(classes=("a", "b"), palette=[(1, 2, 3)]), epoch=3),
        message_hub=dict(log_scalars=dict(loss=buffer), runtime_info=dict(lr=np.float64(0.1))),
    )
    torch.save(saved, tmp_path / "epoch_3.pth")
    loaded = load_checkpoint(str(tmp_path / "epoch_3.pth"))
    assert loaded["state_dict"]["weight"].tolist() == [1, 1]
    assert loaded["meta"] == saved["meta"]
    assert loaded["message_hub"]["log_scalars"]["loss"].max() == 3.5


@CODE
def test_code_is_refused(tmp_path, monkeypatch, function, arguments):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict={}, extra=RunsCode(function, *arguments)), "evil.pth")
    with pytest.raises(ValueError, match=r"evil\.pth: cannot be read as weights"):
        load_checkpoint("evil.pth")
    assert not (tmp_path / "made").exists()


def test_missing_damaged_and_foreign_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.pth: checkpoint not found"):
        load_checkpoint(str(tmp_path / "none.pth"))
    (tmp_path / "text.pth").write_text("no checkpoint")
    with pytest.raises(ValueError, match=r"text\.pth: cannot be read as weights"):
        load_checkpoint(str(tmp_path / "text.pth"))
    (tmp_path / "empty.pth").touch()
    with pytest.raises(ValueError, match=r"empty\.pth: cannot be read as weights \(\w+"):
        load_checkpoint(str(tmp_path / "empty.pth"))
    torch.save({}, tmp_path / "dict.pth")
    with pytest.raises(ValueError, match='expected a dictionary with a "state_dict".* got dict'):
        load_checkpoint(str(tmp_path / "dict.pth"))
    torch.save(torch.ones(1), tmp_path / "tensor.pth")
    with pytest.raises(ValueError, match='expected a dictionary with a "state_dict".* got Tensor'):
        load_checkpoint(str(tmp_path / "tensor.pth"))


def test_code_of_a_trusted_file_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict={}, extra=RunsCode(os.mkdir, "made")), "mine.pth")
    assert load_checkpoint("mine.pth", trust=True)["state_dict"] == {}
    assert (tmp_path / "made").is_dir()


def test_message_names_what_is_refused_and_the_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict={}, extra=RunsCode(os.mkdir, "made")), "evil.pth")
    remedy = r"\(posix\.mkdir\).*--trust-checkpoint to tools/train\.py.*publish_model\.py evil\.pth"
    with pytest.raises(ValueError, match=remedy):
        load_checkpoint("evil.pth")


@CODE
def test_mmengine_is_as_strict_for_a_while(tmp_path, monkeypatch, function, arguments):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", raising=False)
    torch.save(dict(state_dict={}, extra=RunsCode(function, *arguments)), "evil.pth")
    with refusing_code():
        with pytest.raises(ValueError, match=r"evil\.pth: cannot be read"):
            CheckpointLoader.load_checkpoint("evil.pth", map_location="cpu")
        with pytest.raises(FileNotFoundError):
            CheckpointLoader.load_checkpoint("none.pth")
        # Beside this list, torch would take one of two functions named getattr, at random.
        assert getattr not in checkpoint.get_torch_safe_globals()
    assert not (tmp_path / "made").exists()
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_missing_weights_of_a_config_have_a_remedy(tmp_path):
    with refusing_code(), pytest.raises(FileNotFoundError, match="none.pth: weights not found. Tr"):
        CheckpointLoader.load_checkpoint(str(tmp_path / "none.pth"))
