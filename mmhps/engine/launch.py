"""What the commands share: the config on the command line, and the runner of train and test."""

from __future__ import annotations

import argparse
import difflib
import gc
import inspect
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from mmdet.registry import RUNNERS
from mmengine.config import Config, DictAction
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmhps.apis.model_zoo import zoo_root
from mmhps.engine.checkpoints import TRUST_HELP, refusing_code
from mmhps.engine.console import QuietRunner, hide_strangers_warnings, quiet
from mmhps.engine.guards import LISTED, ClassCheckHook, FiniteLossHook, RepeatableHook
from mmhps.engine.progress_hook import ProgressHook
from mmhps.engine.runner import WholeRunner, check_work_dir

# What MMEngine reads from a config besides the arguments of its runner.
_MORE_SETTINGS = (
    "compile",
    "find_unused_parameters",
    "model_wrapper_cfg",
    "runner_type",
    "sync_bn",
)


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """The config and changes to it; names and meanings are MMDetection's."""
    parser.add_argument("config", help="path of the config")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        default={},
        metavar="KEY=VALUE",
        help="settings of the config to override, e.g. train_dataloader.batch_size=4; "
        'lists as key="[a,b]", without spaces',
    )


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that training and testing share; names and meanings are MMDetection's."""
    add_config_arguments(parser)
    parser.add_argument(
        "--work-dir", help="where logs and results go (default: work_dirs/NAME-OF-THE-CONFIG)"
    )
    parser.add_argument(
        "--launcher",
        choices=("none", "pytorch", "slurm", "mpi"),
        default="none",
        help="what started the processes of a distributed run; pytorch (torchrun) also works "
        "without GPUs",
    )
    parser.add_argument(
        "--local_rank", "--local-rank", type=int, default=0, help="set by launchers"
    )
    parser.add_argument("--trust-checkpoint", action="store_true", help=TRUST_HELP)
    parser.add_argument(
        "--verbose", action="store_true", help="print the whole log in place of a progress bar"
    )


def parse_config_args(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None
) -> argparse.Namespace:
    """Parses the arguments; a missing config or a misspelt setting ends in a usage error."""
    args = parser.parse_args(argv)
    if not Path(args.config).is_file():
        folder = zoo_root() / "configs"
        parser.error(f"there is no config {args.config}; those of mmhps are in {folder}")
    if args.cfg_options and (message := _misspelt(Config.fromfile(args.config), args.cfg_options)):
        parser.error(message)
    return args


def read_config(args: argparse.Namespace, **changes: Any) -> Config:
    """The config with changes and, over them, those of the command line."""
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict({**changes, **args.cfg_options})
    return cfg


def _misspelt(cfg: Config, options: Iterable[str]) -> str | None:
    """A message, if an option sets what neither the config nor MMEngine knows."""
    known = {*cfg, *inspect.signature(Runner.__init__).parameters, *_MORE_SETTINGS}
    for option in options:
        name = option.partition(".")[0]
        if name not in known:
            places = [path for path in _paths(cfg) if path.rpartition(".")[2] == name]
            similar = places or difflib.get_close_matches(name, known)
            hint = f" Did you mean {', '.join(similar[:LISTED])}?" if similar else ""
            return f"--cfg-options {option}: there is no setting {name}.{hint}"
    return None


def _paths(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The keys of nested dictionaries, joined by dots."""
    for key, value in settings.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{key}.")


def parse_args(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    """Parses and checks the shared arguments; a missing config ends in a usage error."""
    args = parse_config_args(parser, argv)
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    return args


def load_config(args: argparse.Namespace) -> Config:
    """The config with the shared arguments merged into it."""
    if not args.verbose:
        quiet(MMLogger.get_current_instance())  # the runner's does not exist yet
    cfg = read_config(args, launcher=args.launcher)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get("work_dir") is None:
        cfg.work_dir = os.path.join("work_dirs", Path(args.config).stem)
    return cfg


@contextmanager
def running(cfg: Config, verbose: bool = False, trust_checkpoint: bool = False) -> Iterator[Runner]:
    """Builds the runner, with processes joined before and parted after it.

    Args:
        cfg: The complete config. A ``runner_type`` in it is obeyed and keeps its own output.
        verbose: Whether the whole log is printed; else there is progress and what matters.
        trust_checkpoint: Whether code that a checkpoint may hold is run; else such a file is
            refused, see :func:`mmhps.engine.checkpoints.refusing_code`.

    Yields:
        The runner.
    """
    hide_strangers_warnings()
    if cfg.get("launcher") == "pytorch" and not torch.cuda.is_available():
        join_cpu_processes(cfg)
    runner = None
    try:
        with nullcontext() if trust_checkpoint else refusing_code():
            runner = build_runner(cfg, verbose)
            yield runner
    finally:
        if torch.distributed.is_initialized():
            part_processes(runner)


def build_runner(cfg: Config, verbose: bool) -> Runner:
    """The runner of a config; see :func:`running`."""
    check_work_dir(cfg.work_dir)
    if "runner_type" in cfg:
        return RUNNERS.build(cfg)
    runner = (WholeRunner if verbose else QuietRunner).from_cfg(cfg)
    hooks = [FiniteLossHook(), RepeatableHook(), ClassCheckHook()]
    for hook in hooks if verbose else [*hooks, ProgressHook()]:
        runner.register_hook(hook)
    return runner


def join_cpu_processes(cfg: Config) -> None:
    """Joins the processes of torchrun where there is no GPU.

    mmengine would select a GPU for each process and wrap the model for it; it leaves both alone
    when the processes are joined already and the wrapper is named.
    """
    torch.distributed.init_process_group("gloo")
    wrapper = cfg.get("model_wrapper_cfg") or dict(
        type="MMDistributedDataParallel",
        broadcast_buffers=False,
        find_unused_parameters=cfg.get("find_unused_parameters", False),
    )
    cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)


def part_processes(runner: Runner | None) -> None:
    """Leaves the group of processes, and ends the threads by which gloo communicates.

    They end with the last reference to the group. A thread that still has a tensor to release when
    the interpreter shuts down aborts the process ("terminate called without an active exception").
    The model's wrapper goes first: the group's destructor waits for the threads, and only from
    ``destroy_process_group`` it lets them have the interpreter's lock meanwhile.
    """
    if runner is not None and is_model_wrapper(runner.model):
        runner.model = runner.model.module
    gc.collect()
    torch.distributed.destroy_process_group()


def report(runner: Runner, **paths: str | None) -> None:
    """Prints where things lie, the log last; only the main process does."""
    if is_main_process():
        for name, path in {**paths, "log": runner.logger.log_file}.items():
            if path:
                print(f"{name.replace('_', ' ')}: {os.path.relpath(path)}", flush=True)
