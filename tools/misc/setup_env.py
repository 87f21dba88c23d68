"""Create .venv with everything that `make test` and `make demo` need.

Needs only Python 3.10 to 3.12; with ``--mmcv compiled`` also its headers and a C++ compiler. What
is done is noted in ``.venv/setup.json``: a call with nothing left to do returns at once, an
interrupted one goes on where it stopped. Everything that pip says goes to ``.venv/setup.log``.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from setup_checks import SetupError, check_compiler, check_python, remedy
from setup_plan import VENV, Step, keys, plan
from setup_progress import run_with_progress

PYTHON = VENV / "bin" / "python"
LOG = VENV / "setup.log"
STATE = VENV / "setup.json"

DEFAULTS = {"torch": "torch==2.13.0", "mmcv": "pure"}
FIRST_TIME = {
    "pure": "The first time takes 1 to 3 minutes.",
    "compiled": "The first time takes 10 to 20 minutes: mmcv is compiled, unless pip has it in its "
    "cache.",
}
# Every compiler process that includes torch's headers takes up to 2 GiB.
BYTES_PER_COMPILER = 2 * 2**30


def read_state() -> dict:
    """What the last call noted: its settings, and ``done``, the keys of finished steps."""
    try:
        return DEFAULTS | {"done": []} | json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return DEFAULTS | {"done": []}


def write_state(settings: dict[str, str], done: list[str]) -> None:
    scratch = STATE.with_suffix(".tmp")
    scratch.write_text(json.dumps(settings | {"done": done}, indent=1), encoding="utf-8")
    scratch.replace(STATE)


def venv_works() -> bool:
    """Whether .venv's interpreter runs and is of this interpreter's version."""
    if Path(sys.prefix) == VENV:
        return True
    code = "import sys; print(sys.version_info[:2])"
    try:
        run = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True)
    except OSError:
        return False
    return run.stdout.strip() == str(sys.version_info[:2])


def create_venv() -> None:
    """Create .venv, replacing one that is broken or of another version."""
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise SetupError(f"{shlex.join(command)} fails:\n{made.stdout}{made.stderr}")


def build_environment() -> dict[str, str]:
    """The variables under which pip runs."""
    env = dict(os.environ, PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    env.pop("PYTHONPATH", None)
    for name in ("CFLAGS", "CXXFLAGS"):  # without debug symbols mmcv compiles in half the time
        env[name] = f"{env.get(name, '')} -g0".strip()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    env.setdefault("MAX_JOBS", str(max(1, min(os.cpu_count() or 1, memory // BYTES_PER_COMPILER))))
    return env


def pip_install(title: str, arguments: tuple[str, ...]) -> None:
    """Run pip in .venv; raise ``SetupError`` with the end of its output when it fails."""
    command = [str(PYTHON), "-m", "pip", "install", "-v", "--progress-bar", "off", *arguments]
    if run_with_progress(title, command, LOG, build_environment()):
        lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines()
        advice = remedy("\n".join(lines[-200:]))
        raise SetupError(
            "\n".join(
                [*lines[-25:], "", f"Installing {title} failed; the whole log: {LOG}", advice]
            )
        )


def failed_check(step: Step) -> str:
    """What the step's check says when it fails, empty when it passes."""
    run = subprocess.run([PYTHON, "-c", step.check], capture_output=True, text=True, cwd=VENV)
    return (run.stderr.strip() or "failed") if run.returncode else ""


def carry_out(step: Step) -> None:
    """Install and check; repair once."""
    if step.pip:
        pip_install(step.title, step.pip)
    reason = failed_check(step)
    if reason and step.repair:
        print(f"  {step.title}: {reason.splitlines()[-1]}\n  Installing afresh.", flush=True)
        pip_install(step.repair[-1], step.repair)
        reason = failed_check(step)
    if reason:
        raise SetupError(f"{step.title}: installed, but it fails:\n{reason}\n{remedy(reason)}")


def set_up(torch: str = "", mmcv: str = "") -> None:
    """Carry out the steps that are not done yet; an empty setting keeps the last one."""
    check_python()
    state = read_state()
    settings = {"torch": torch or state["torch"], "mmcv": mmcv or state["mmcv"]}
    steps = plan(**settings)
    todo = [(s, k) for s, k in zip(steps, keys(steps), strict=True) if k not in state["done"]]
    fresh = not venv_works()
    if not todo and not fresh:
        return
    if settings["mmcv"] == "compiled":
        check_compiler()
    print(f"Setting up .venv (Python {sys.version.split()[0]}, {settings['torch']}). Log: {LOG}")
    print(f"{FIRST_TIME[settings['mmcv']]} Interrupted, the same command goes on from there.")
    sys.stdout.flush()
    if fresh:
        create_venv()
        todo = list(zip(steps, keys(steps), strict=True))
    done = [key for key in keys(steps) if key not in dict(todo).values()]
    write_state(settings, done)
    for step, key in todo:
        carry_out(step)
        done.append(key)
        write_state(settings, done)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--torch",
        default="",
        help=f"what pip installs as torch, extra pip arguments included (default: what .venv was "
        f"made with, at first {DEFAULTS['torch']})",
    )
    parser.add_argument(
        "--mmcv",
        default="",
        type=str.lower,
        help="'compiled': compile mmcv's operators; 'pure': do without (default: what .venv was "
        "made with, at first 'pure')",
    )
    args = parser.parse_args()
    if args.mmcv not in ("", *FIRST_TIME):
        parser.error(f"MMCV must be pure or compiled, got {args.mmcv}")
    try:
        set_up(args.torch, args.mmcv)
    except SetupError as error:
        print(f"\n{error}\nSet-up stopped. The same command goes on from here.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
