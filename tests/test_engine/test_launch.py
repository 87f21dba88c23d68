"""What the command-line tools share."""

import argparse
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmhps.engine import launch


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    launch.add_shared_arguments(parser)
    return parser


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "name_of_config.py"
    path.write_text("a = dict(b=1)\n")
    return str(path)


def load(parser, *argv):
    return launch.load_config(launch.parse_args(parser, list(argv)))


def test_missing_config_is_a_usage_error(parser, capsys):
    with pytest.raises(SystemExit, match="2"):
        launch.parse_args(parser, ["nothing.py"])
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert "there is no config nothing.py" in line
    assert Path(line.split()[-1], "mini", "hps-isi_r18_mini.py").is_file()


def test_defaults(parser, config):
    cfg = load(parser, config)
    assert (cfg.launcher, cfg.work_dir) == ("none", "work_dirs/name_of_config")


def test_work_dir_of_the_config_and_of_the_command(parser, config, tmp_path):
    (tmp_path / "name_of_config.py").write_text("work_dir = 'from/config'\n")
    assert load(parser, config).work_dir == "from/config"
    assert load(parser, config, "--work-dir", "from/command").work_dir == "from/command"


def test_options_override_the_config(parser, config):
    cfg = load(parser, config, "--cfg-options", "a.b=2", "a.c=[1,2]")
    assert cfg.a == dict(b=2, c=[1, 2])


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("c=2", "c: there is no setting c."),
        ("b=2", "b: there is no setting b. Did you mean a.b?"),
        ("train_cgf.x=2", "train_cgf.x: there is no setting train_cgf. Did you mean train_cfg"),
    ],
)
def test_misspelt_options_are_usage_errors(parser, config, capsys, option, hint):
    with pytest.raises(SystemExit, match="2"):
        load(parser, config, "--cfg-options", option)
    assert f"--cfg-options {hint}" in capsys.readouterr().err


def test_options_that_the_config_does_not_have_may_be_mmengines(parser, config):
    options = ["load_from=x.pth", "randomness.seed=3", "find_unused_parameters=True"]
    cfg = load(parser, config, "--cfg-options", *options)
    assert (cfg.load_from, cfg.randomness) == ("x.pth", dict(seed=3))


@pytest.mark.parametrize("spelling", ["--local-rank", "--local_rank"])
def test_local_rank_is_passed_on(parser, config, monkeypatch, spelling):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    launch.parse_args(parser, [config, f"{spelling}=3"])
    assert launch.os.environ["LOCAL_RANK"] == "3"


def test_cpu_processes_need_no_device(parser, config, monkeypatch):
    joined = []
    monkeypatch.setattr(launch.torch.distributed, "init_process_group", joined.append)
    cfg = load(parser, config, "--launcher", "pytorch")
    launch.join_cpu_processes(cfg)
    assert joined == ["gloo"]
    assert cfg.model_wrapper_cfg == dict(
        type="MMDistributedDataParallel",
        broadcast_buffers=False,
        find_unused_parameters=False,
        device_ids=None,
    )


def test_wrapper_of_the_config_is_kept(parser, config, monkeypatch):
    monkeypatch.setattr(launch.torch.distributed, "init_process_group", lambda backend: None)
    cfg = load(parser, config, "--cfg-options", "model_wrapper_cfg.type=Mine")
    launch.join_cpu_processes(cfg)
    assert cfg.model_wrapper_cfg == dict(type="Mine", device_ids=None)


def test_report_leaves_out_what_there_is_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runner = SimpleNamespace(logger=SimpleNamespace(log_file=str(tmp_path / "run" / "log")))
    launch.report(runner, checkpoint=str(tmp_path / "a.pth"), best=None)
    assert capsys.readouterr().out == "checkpoint: a.pth\nlog: run/log\n"
