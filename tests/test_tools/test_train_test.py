"""tools/train.py and tools/test.py: what they do and print."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from toys import logged, run_tool

from mmhps.engine.runner import check_work_dir


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


def test_pictures_of_equal_names_are_all_drawn(config, checkpoint, toy, tmp_path):
    """Two folders with images of equal names and ids, and pictures of an earlier run."""
    both = 'dict(type="ConcatDataset", datasets=[dataset, dict(dataset)])'
    config.write_text(f"{config.read_text()}\ntest_dataloader.update(dataset={both})\n")
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    (drawn / "3.png").write_text("somebody else's")
    run_tool("test", config, checkpoint, "--show-dir", drawn)
    expected = {f"{i}{end}.png" for i in range(4) for end in ("", "_2")} | {"3_3.png"}
    assert set(os.listdir(drawn)) == expected
    assert (drawn / "3.png").read_text() == "somebody else's"
    assert all((drawn / name).stat().st_size > 30 for name in expected - {"3.png"})


def test_show_without_a_display_says_so(config, checkpoint, monkeypatch, capsys):
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "agg")
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(SystemExit, match="2"):
        run_tool("test", config, checkpoint, "--show")
    expected = (
        "--show: no window can be opened here (matplotlib's backend is agg, DISPLAY is not set)"
    )
    assert expected in " ".join(capsys.readouterr().err.split())


def test_predictions_need_a_pickle_file(config, checkpoint, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_tool("test", config, checkpoint, "--out", "predicted.json")
    assert "--out must end in .pkl or .pickle, got predicted.json" in capsys.readouterr().err


def test_missing_checkpoints_are_usage_errors(config, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_tool("train", config, "--resume", "nothing.pth")
    with pytest.raises(SystemExit, match="2"):
        run_tool("test", config, "nothing.pth")
    err = capsys.readouterr().err
    assert "there is no checkpoint nothing.pth to resume from" in err
    assert err.count("there is no checkpoint nothing.pth") == 2


@pytest.mark.parametrize("tool", ["train", "test"])
def test_help_does_not_name_gpus(tool, capsys):
    # mim adds an argument that MMEngine's tools do not know when --gpus is in train.py's help.
    with pytest.raises(SystemExit, match="0"):
        run_tool(tool, "--help")
    assert "--gpus" not in capsys.readouterr().out


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
    assert not list(Path("work").glob("*.pth"))
    # Each image of the batch of two is named.
    assert str(e.value).count(str(toy)) == 2


def test_work_dir_that_exists_but_takes_no_file_is_an_error():
    with pytest.raises(OSError, match="/proc/self: logs and checkpoints cannot be written there"):
        check_work_dir("/proc/self")  # not even by root
