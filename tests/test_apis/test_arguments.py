"""The command line that the tools share."""

import argparse
import re
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

from mmhps.apis import arguments


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    arguments.add_shared_arguments(parser)
    return parser


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "name_of_config.py"
    path.write_text("a = dict(b=1)\n")
    return str(path)


def load(parser, *argv):
    return arguments.load_config(arguments.parse_args(parser, list(argv)))


def test_missing_config_is_a_usage_error(parser, capsys):
    with pytest.raises(SystemExit, match="2"):
        arguments.parse_args(parser, ["nothing.py"])
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


def test_reading_a_config_leaves_the_terminal_to_mmhps(config, request, capsys):
    logger = MMLogger.get_instance(request.node.name)
    parser = argparse.ArgumentParser()
    arguments.add_config_arguments(parser)
    arguments.parse_config_args(parser, [config])
    logger.info("of another package")
    logger.warning("a warning")
    assert capsys.readouterr().out == "WARNING: a warning\n"


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
    arguments.parse_args(parser, [config, f"{spelling}=3"])
    assert arguments.os.environ["LOCAL_RANK"] == "3"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("a.c=[{'type':'Resize','scale':(8,4)}]", [dict(type="Resize", scale=(8, 4))]),
        ('a.c=[{"x": None}, {"y": [1, {"z": 2.5}]}]', [dict(x=None), dict(y=[1, dict(z=2.5)])]),
        ("a.c={'x':True}", dict(x=True)),
        ("a.c=[(1,2),x]", [(1, 2), "x"]),
        ("a.c=", ""),
    ],
)
def test_values_of_options(parser, config, option, value):
    assert load(parser, config, "--cfg-options", option).a.c == value


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("a.b=[{type:Resize}]", "a.b=.*|cannot be read as Python"),
        ("a.b=[dict(type='Resize')]", "cannot be read as Python.*no dict"),
        ("a.b=[{'x':1}", "cannot be read as Python"),
        ("a.b=[(1,2),(3", "a.b=.*expected KEY=VALUE, with every bracket closed"),
        ("a.b", "--cfg-options a.b: expected KEY=VALUE"),
    ],
)
def test_unreadable_options_are_usage_errors(parser, config, option, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        load(parser, config, "--cfg-options", option)
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize("option", ["a.b.c=1", "steps.9.x=1", "steps.0.x.y=1", "steps.x=1"])
def test_options_that_do_not_fit_are_usage_errors(parser, config, option, capsys):
    Path(config).write_text("a = dict(b=1)\nsteps = [dict(x=1)]\n")
    with pytest.raises(SystemExit, match="2"):
        load(parser, config, "--cfg-options", option)
    assert f"--cfg-options {option[:-2]}: does not fit the config" in capsys.readouterr().err
