"""tools/train.py: interrupted, and resumed."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmengine.fileio import LocalBackend
from toys import TOOLS, environment, final_weights, logged, run_tool

from mmhps.engine.resume import newest_complete_checkpoint


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


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param([], id="", marks=pytest.mark.slow),
        pytest.param(["--cfg-options", "randomness.seed=3"], id="seed", marks=pytest.mark.slow),
    ],
)
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


@pytest.mark.slow
def test_full_disk_keeps_the_former_checkpoint(config, monkeypatch):
    def put(self, content, path):
        if Path(path).name.startswith("iter_4"):
            Path(path).write_bytes(content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        Path(path).write_bytes(content)

    monkeypatch.setattr(LocalBackend, "put", put)
    with pytest.raises(OSError, match=r"iter_4\.pth: the checkpoint could not .*No space left"):
        run_tool("train", config, "--work-dir", "work")
    assert newest_complete_checkpoint("work") == "work/iter_2.pth"
    assert sorted(path.name for path in Path("work").glob("iter*")) == ["iter_2.pth"]


@pytest.mark.slow
def test_killed_training_goes_on(noisy):
    """kill -9 in the middle of an epoch, and the same weights at the end."""
    seed = ["--cfg-options", "randomness.seed=3"]
    run_tool("train", noisy, "--work-dir", "unbroken", *seed)
    command = [sys.executable, str(TOOLS / "train.py"), str(noisy), "--work-dir", "killed"]
    slow = "train_dataloader.dataset.seconds=0.5"
    process = subprocess.Popen(
        [*command, *seed, slow], env=environment(), stdout=subprocess.DEVNULL
    )
    try:
        while not Path("killed", "iter_2.pth").is_file() and process.poll() is None:
            time.sleep(0.05)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not Path("killed", "iter_6.pth").exists()
    renamed = noisy.rename("again_" + noisy.name)
    before = logged().count("Iter(train)")
    run_tool("train", renamed, "--work-dir", "killed", "--resume", *seed)
    assert logged().count("Iter(train)") - before in (2, 4)  # not 6
    unbroken = final_weights(Path("unbroken"))
    for key, value in final_weights(Path("killed")).items():
        assert torch.equal(value, unbroken[key]), key
