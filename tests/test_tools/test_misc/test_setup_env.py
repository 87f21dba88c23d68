"""The set-up: what it does when, with pip and the checks replaced by records."""

import importlib
import json
import sys
from pathlib import Path

import pytest

MISC = Path(__file__).parents[3] / "tools" / "misc"


@pytest.fixture
def setup_env(monkeypatch, tmp_path):
    """The module, its .venv in an empty folder; ``calls`` lists what it would have installed."""
    monkeypatch.syspath_prepend(str(MISC))
    module = importlib.import_module("setup_env")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "STATE", venv / "setup.json")
    monkeypatch.setattr(module, "venv_works", venv.exists)
    monkeypatch.setattr(module, "create_venv", lambda: venv.mkdir())
    monkeypatch.setattr(module, "check_compiler", lambda: None)
    module.calls = []
    monkeypatch.setattr(module, "pip_install", lambda title, args: module.calls.append(args))
    monkeypatch.setattr(module, "failed_check", lambda step: "")
    yield module
    del sys.modules["setup_env"]


def torch_of(setup_env):
    """The arguments of the calls that install torch."""
    return [args for args in setup_env.calls if args[0].startswith("torch")]


def test_first_call_installs_everything_in_order(setup_env, capsys):
    setup_env.set_up("")
    torch, mmcv, package = setup_env.calls
    assert torch == ("torch==2.13.0",)
    assert mmcv[-1].startswith("onedl-mmcv==")
    assert package == ("-e", f"{MISC.parents[1]}[train,mim,dev,pretrained,deploy]")
    assert "The first time takes 1 to 3 minutes" in capsys.readouterr().out


def test_no_compiler_is_asked_for_unless_mmcv_is_compiled(setup_env, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(setup_env, "check_compiler", lambda: asked.append(True))
    setup_env.set_up()
    assert not asked
    setup_env.set_up(mmcv="compiled")
    assert asked
    assert "mmcv is compiled" in capsys.readouterr().out


def test_compiled_mmcv_is_kept_until_the_other_is_asked_for(setup_env):
    def built():
        calls = [args for args in setup_env.calls if args[-1].startswith("onedl-mmcv==")]
        setup_env.calls.clear()
        return ["--no-build-isolation" in args for args in calls]

    setup_env.set_up(mmcv="compiled")
    assert built() == [True]
    setup_env.set_up(torch="torch==2.12.0")
    assert built() == [True]
    setup_env.set_up(mmcv="pure")
    assert built() == [False]


def test_wrong_mmcv_setting(setup_env, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["setup_env.py", "--mmcv", "fast"])
    with pytest.raises(SystemExit):
        setup_env.main()
    assert "MMCV must be pure or compiled, got fast" in capsys.readouterr().err


def test_second_call_does_nothing(setup_env, capsys):
    setup_env.set_up("")
    setup_env.calls.clear()
    capsys.readouterr()
    setup_env.set_up("")
    assert setup_env.calls == []
    assert capsys.readouterr().out == ""


def test_interrupted_set_up_goes_on_where_it_stopped(setup_env, monkeypatch):
    def stop(title, args):
        if title == "MMDetection and tools":
            raise KeyboardInterrupt
        setup_env.calls.append(args)

    with monkeypatch.context() as patch:
        patch.setattr(setup_env, "pip_install", stop)
        with pytest.raises(KeyboardInterrupt):
            setup_env.set_up("torch==2.12.0")
    assert len(setup_env.calls) == 2
    setup_env.calls.clear()
    setup_env.set_up("")
    assert [args[0] for args in setup_env.calls] == ["-e"]
    assert json.loads(setup_env.STATE.read_text())["torch"] == "torch==2.12.0"


def test_torch_setting_is_kept_until_it_is_given_again(setup_env):
    setup_env.set_up("torch==2.12.0 --index-url somewhere")
    setup_env.set_up("")
    setup_env.set_up("torch==2.13.0")
    assert torch_of(setup_env) == [
        ("torch==2.12.0", "--index-url", "somewhere"),
        ("torch==2.13.0",),
    ]


@pytest.mark.parametrize(
    "reason", ["ImportError: undefined symbol: x", "No module named 'mmcv._ext'"]
)
def test_mmcv_from_the_cache_that_does_not_fit_is_built_afresh(
    setup_env, monkeypatch, capsys, reason
):
    """Compiled against another torch, or without operators."""
    failures = {"mmcv's operators": [reason]}
    check = lambda step: (failures.get(step.title) or [""]).pop()  # noqa: E731
    monkeypatch.setattr(setup_env, "failed_check", check)
    setup_env.set_up(mmcv="compiled")
    afresh = setup_env.calls[-1]
    assert afresh[-1].startswith("onedl-mmcv==")
    assert {"--no-cache-dir", "--force-reinstall", "--no-deps"} < set(afresh)
    assert f"{reason}\n  Installing afresh." in capsys.readouterr().out


def test_repair_in_vain_says_why(setup_env, monkeypatch):
    monkeypatch.setattr(setup_env, "failed_check", lambda step: "NO NVCC: a GPU" * bool(step.check))
    with pytest.raises(setup_env.SetupError, match=r"(?s)PyTorch: installed.*NO NVCC.*CUDA_HOME"):
        setup_env.set_up(mmcv="compiled")


def test_missing_compiler_stops_before_anything_is_made(setup_env, monkeypatch, capsys):
    def missing():
        raise setup_env.SetupError("No C++ compiler")

    monkeypatch.setattr(setup_env, "check_compiler", missing)
    monkeypatch.setattr(sys, "argv", ["setup_env.py", "--mmcv", "compiled"])
    assert setup_env.main() == 1
    assert "No C++ compiler" in capsys.readouterr().err
    assert not setup_env.VENV.exists()


def test_broken_state_file_counts_as_nothing_done(setup_env):
    setup_env.set_up("")
    setup_env.STATE.write_text("{")
    setup_env.calls.clear()
    setup_env.set_up("")
    assert len(setup_env.calls) == 3


def test_build_has_no_debug_symbols_and_as_many_jobs_as_memory_allows(setup_env, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O2")
    monkeypatch.delenv("MAX_JOBS", raising=False)
    monkeypatch.setattr(setup_env.os, "cpu_count", lambda: 64)
    sizes = {"SC_PHYS_PAGES": 7 * 2**18, "SC_PAGE_SIZE": 4096}  # 7 GiB
    monkeypatch.setattr(setup_env.os, "sysconf", sizes.get)
    env = setup_env.build_environment()
    assert (env["CXXFLAGS"], env["MAX_JOBS"]) == ("-O2 -g0", "3")


def test_pip_failure_shows_the_end_of_the_log_and_a_remedy(setup_env, monkeypatch, tmp_path):
    module = importlib.reload(setup_env)
    monkeypatch.setattr(module, "LOG", tmp_path / "setup.log")
    (tmp_path / "setup.log").write_text("first\n" * 30 + "ERROR: No space left on device\n")
    monkeypatch.setattr(module, "run_with_progress", lambda *args: 1)
    with pytest.raises(module.SetupError, match=r"(?s)No space left.*setup\.log.*The disk is full"):
        module.pip_install("PyTorch", ("torch",))
