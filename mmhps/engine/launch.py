"""Run a config: the runner of training and testing, and what it reports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
import torch.distributed
from mmdet.registry import RUNNERS
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmhps.compat.cpu_processes import join_cpu_processes, leave_processes
from mmhps.compat.messages import hide_third_party_warnings
from mmhps.engine.cache_hook import CacheHook
from mmhps.engine.checkpoints import refusing_code
from mmhps.engine.console import QuietRunner
from mmhps.engine.guards import ClassCheckHook, FiniteLossHook, RepeatableHook
from mmhps.engine.progress_hook import ProgressHook
from mmhps.engine.runner import AtomicCheckpointRunner, check_work_dir
from mmhps.engine.written_files import WrittenFilesHook
from mmhps.models import resolve_classes


@contextmanager
def running(cfg: Config, verbose: bool = False, trust_checkpoint: bool = False) -> Iterator[Runner]:
    """Build the runner; join the processes of a distributed run first, and leave them at the end.

    Args:
        cfg: The complete config. A ``runner_type`` in it is respected, and keeps its own output.
        verbose: Whether to print the whole log instead of progress, warnings and results.
        trust_checkpoint: Whether code that a checkpoint may hold is run; else such a file is
            refused, see :func:`mmhps.engine.checkpoints.refusing_code`.

    Yields:
        The runner.
    """
    hide_third_party_warnings()
    if cfg.get("launcher") == "pytorch" and not torch.cuda.is_available():
        join_cpu_processes(cfg)
    runner = None
    try:
        with nullcontext() if trust_checkpoint else refusing_code():
            runner = build_runner(cfg, verbose)
            yield runner
    finally:
        if torch.distributed.is_initialized():
            leave_processes(runner)


def build_runner(cfg: Config, verbose: bool) -> Runner:
    """Build the runner of a config; see :func:`running`."""
    check_work_dir(cfg.work_dir)
    resolve_classes(cfg)
    if "runner_type" in cfg:
        return RUNNERS.build(cfg)
    runner = (AtomicCheckpointRunner if verbose else QuietRunner).from_cfg(cfg)
    hooks = [FiniteLossHook(), RepeatableHook(), ClassCheckHook(), WrittenFilesHook(), CacheHook()]
    for hook in hooks if verbose else [*hooks, ProgressHook()]:
        runner.register_hook(hook)
    return runner


def report(runner: Runner, **paths: str | None) -> None:
    """Print the paths of results and, last, of the log; in the main process only."""
    if is_main_process():
        for name, path in {**paths, "log": runner.logger.log_file}.items():
            if path:
                print(f"{name.replace('_', ' ')}: {os.path.relpath(path)}", flush=True)
