"""Which checkpoint an interrupted training goes on from."""

import os

import pytest
import torch

from mmhps.engine.resume import is_complete, newest_complete_checkpoint


@pytest.fixture
def save(tmp_path):
    """Return a function that writes a checkpoint, each one later than those before."""
    times = iter(range(1, 100))

    def write(name, keep=1.0):
        path = tmp_path / name
        torch.save(dict(state_dict=dict(weight=torch.arange(1000.0))), path)
        content = path.read_bytes()
        path.write_bytes(content[: int(keep * len(content))])
        os.utime(path, (0, next(times)))
        return path

    return write


def test_no_checkpoint(tmp_path):
    assert newest_complete_checkpoint(tmp_path) is None
    assert newest_complete_checkpoint(tmp_path / "nowhere") is None


def test_newest_one_is_taken(save, tmp_path):
    save("iter_9.pth")
    newest = save("iter_10.pth")
    save("best_PQ_iter_10.pth")  # has no state of the optimizer
    assert newest_complete_checkpoint(tmp_path) == str(newest)


@pytest.mark.parametrize("keep", [0, 0.1, 0.5, 0.99])
def test_damaged_ones_are_left_out(save, tmp_path, keep, caplog):
    whole = save("epoch_1.pth")
    cut = save("epoch_2.pth", keep)
    (tmp_path / "last_checkpoint").write_text(str(cut))
    assert newest_complete_checkpoint(tmp_path) == str(whole)


def test_a_changed_byte_is_seen(save):
    path = save("iter_1.pth")
    content = bytearray(path.read_bytes())
    content[content.index(torch.arange(1000.0).numpy().tobytes()) + 5] ^= 1
    assert is_complete(path)
    path.write_bytes(content)
    assert not is_complete(path)


@pytest.mark.parametrize("text", ["", "gone.pth", "."])
def test_pointer_to_nothing_is_left_out(save, tmp_path, text):
    whole = save("iter_2.pth")
    (tmp_path / "last_checkpoint").write_text(text)
    assert newest_complete_checkpoint(tmp_path) == str(whole)


def test_checkpoint_in_another_folder(save, tmp_path):
    (tmp_path / "out").mkdir()
    path = save("out/named.pth")
    (tmp_path / "last_checkpoint").write_text(str(path))
    assert newest_complete_checkpoint(tmp_path) == str(path)


def test_only_damaged_ones_are_an_error(save, tmp_path):
    save("iter_1.pth", 0.5)
    with pytest.raises(ValueError, match=r"all checkpoints are damaged \(.*iter_1\.pth\). Remove"):
        newest_complete_checkpoint(tmp_path)
