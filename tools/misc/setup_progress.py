"""Run a long command with its output in a log file and one line of progress on the terminal."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

# What ninja says before each file that it compiles, within the output of `pip install -v`.
COMPILING = re.compile(r"^\s*\[(\d+)/(\d+)\] ")
DOWNLOADING = re.compile(r"^\s*Downloading (\S+?)-\d\S* \((.+)\)")
BUILDING = re.compile(r"^\s*Building wheel for (\S+)")
INSTALLING = re.compile(r"^\s*Installing collected packages")
SECONDS_BETWEEN_LINES = 60


def clock(seconds: float) -> str:
    """Minutes and seconds, as 7:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress:
    """What a running pip is doing, read from its output.

    Attributes:
        detail: The state in words, empty at the start.
    """

    def __init__(self, now: float) -> None:
        self.detail = ""
        self._start = now

    def read(self, line: str) -> None:
        """Read one line of pip's output."""
        if found := COMPILING.match(line):
            self.detail = f"compiling file {found[1]} of {found[2]}"
        elif found := DOWNLOADING.match(line):
            self.detail = f"downloading {found[1]} ({found[2]})"
        elif found := BUILDING.match(line):
            self.detail = f"building {found[1]}"
        elif INSTALLING.match(line):
            self.detail = "copying files"

    def text(self, now: float) -> str:
        """One line: time since the start, and what is going on."""
        return f"{clock(now - self._start)}  {self.detail}".rstrip()


class Terminal:
    """Shows the latest state: on one line of a terminal, else as a line a minute."""

    def __init__(self, title: str, now: float) -> None:
        self._title = title
        self._live = sys.stdout.isatty()
        self._last = now
        self._print("…")

    def show(self, text: str, now: float) -> None:
        """Show ``text`` if it is time to."""
        if self._live or now - self._last >= SECONDS_BETWEEN_LINES:
            self._print(text)
            self._last = now

    def close(self, text: str) -> None:
        """Show ``text`` as the last line."""
        self._print(text)
        if self._live:
            print()

    def _print(self, text: str) -> None:
        line = f"  {self._title}  {text}"
        if self._live:  # a line that wraps could not be overwritten
            line = f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}"
        print(line, end="" if self._live else "\n", flush=True)


def run_with_progress(title: str, command: list[str], log: Path, env: dict[str, str]) -> int:
    """Run a pip command.

    Args:
        title: What is being done, for the progress line.
        command: The command with its arguments.
        log: The file to which its output is appended.
        env: Its environment variables.

    Returns:
        The command's exit status.
    """
    start = time.monotonic()
    progress, terminal = Progress(start), Terminal(title, start)
    with (
        log.open("a", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        file.write(f"\n$ {' '.join(command)}\n")
        rest = ""
        # The line moves on every second even while pip says nothing.
        while chunk := _read(process.stdout.fileno(), seconds=1.0):
            *lines, rest = (rest + chunk.strip("\0")).split("\n")
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            now = time.monotonic()
            for line in lines:
                progress.read(line)
            terminal.show(progress.text(now), now)
        file.write(f"{rest}\n")
    state = "done" if process.returncode == 0 else "FAILED"
    terminal.close(f"{clock(time.monotonic() - start)}  {state}")
    return process.returncode


def _read(descriptor: int, seconds: float) -> str:
    """What has come within ``seconds``: NUL if nothing did, empty at the end of the output."""
    ready, _, _ = select.select([descriptor], [], [], seconds)
    return os.read(descriptor, 65536).decode(errors="replace") if ready else "\0"
