"""tools/train.py and tools/test.py in several processes."""

from pathlib import Path

import pytest
import torch
from toys import final_weights, logged, run_tool, run_two_processes

from mmhps.engine import launch


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
    if threads == [0]:
        pytest.skip("this torch does not name gloo's threads")
    assert gloo_threads() == 0 < threads[0]


@pytest.mark.slow
def test_two_processes_train_together_on_a_cpu(config):
    out = run_two_processes("train", config)
    # Each of the four images is predicted by one of the processes, and the main one speaks.
    assert out.count("val at iteration 4: boxes 4  images 4") == 1
    assert "GPU number: 2" in logged()


@pytest.mark.slow
def test_two_processes_resume_as_they_would_have_gone_on(noisy):
    work = ["--work-dir", "work", "--cfg-options", "randomness.seed=3"]
    run_two_processes("train", noisy, *work)
    unbroken = final_weights(Path("work"))
    Path("work", "iter_6.pth").unlink()
    Path("work", "last_checkpoint").write_text("work/iter_4.pth")
    run_two_processes("train", noisy, *work, "--resume")
    for key, value in final_weights(Path("work")).items():
        assert torch.equal(value, unbroken[key]), key


@pytest.mark.slow
def test_two_processes_score_an_odd_number_of_images_once_each(config, checkpoint):
    odd = ["--cfg-options", "test_dataloader.dataset.count=5"]
    out = run_two_processes("test", config, checkpoint, *odd)
    assert out.count("test: boxes 5  images 5\n") == 1


@pytest.mark.slow
def test_two_processes_draw_a_picture_for_each_image(config, checkpoint, tmp_path):
    config.write_text(config.read_text().replace("DetLocalVisualizer", "PanopticLocalVisualizer"))
    odd = ["--cfg-options", "test_dataloader.dataset.count=5"]
    run_two_processes("test", config, checkpoint, "--show-dir", tmp_path / "drawn", *odd)
    drawn = sorted((tmp_path / "drawn").iterdir())
    assert [path.name for path in drawn] == [f"{i}.png" for i in range(5)]
    assert all(path.stat().st_size > 30 for path in drawn)
