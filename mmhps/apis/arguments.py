"""The command line that the tools share: a config, changes to it, and where results go."""

from __future__ import annotations

import argparse
import ast
import difflib
import inspect
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmhps.apis.model_zoo import zoo_root
from mmhps.engine.checkpoints import TRUST_HELP
from mmhps.engine.console import quiet

LISTED = 3
"""Suggestions that a message lists."""

# What MMEngine reads from a config besides the arguments of its runner.
_MORE_SETTINGS = (
    "compile",
    "find_unused_parameters",
    "model_wrapper_cfg",
    "runner_type",
    "sync_bn",
)


class OptionAction(DictAction):
    """MMEngine's ``KEY=VALUE``, and besides Python's dictionaries: ``KEY=[{'type':'Resize'}]``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Sequence[str],
        option_string: str | None = None,
    ) -> None:
        """Add the values to those that are there; one that cannot be read is a usage error."""
        for value in values:
            try:
                super().__call__(parser, namespace, [value], option_string)
            except argparse.ArgumentTypeError as error:
                parser.error(f"{option_string} {error}")
            except (AssertionError, ValueError):
                parser.error(
                    f"{option_string} {value}: expected KEY=VALUE, with every bracket closed, and "
                    f"in quotes if it has spaces"
                )

    @staticmethod
    def _parse_iterable(val: str) -> Any:
        """Read a value; see MMEngine's for those without dictionaries."""
        if not re.search(r"[{}]|\bdict\(", val):
            return DictAction._parse_iterable(val)
        try:
            return ast.literal_eval(val)
        except (SyntaxError, ValueError) as error:
            raise argparse.ArgumentTypeError(
                f"{val}: cannot be read as Python ({error.args[0]}). Write dictionaries as "
                f"\"{{'type':'Resize','scale':(64,32)}}\", with all text in quotes, and no dict()"
            ) from error


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config and changes to it; names and meanings are MMDetection's."""
    parser.add_argument("config", help="path of the config")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=OptionAction,
        default={},
        metavar="KEY=VALUE",
        help="settings of the config to override, e.g. train_dataloader.batch_size=4; "
        "lists as key=\"[a,b]\", without spaces; dictionaries as key=\"[{'type':'Resize'}]\"",
    )


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what training and testing share; names and meanings are MMDetection's."""
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
) -> tuple[argparse.Namespace, Config]:
    """Parse the arguments and read the config, whose default scope is set.

    A missing config or an impossible setting ends in a usage error. From then on, the terminal
    shows only warnings and the lines of mmhps.
    """
    args = _checked(parser, argv)
    quiet(MMLogger.get_current_instance())
    config = _read(args)
    init_default_scope(config.get("default_scope", "mmdet"))
    return args, config


def _checked(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    args = parser.parse_args(argv)
    if not Path(args.config).is_file():
        folder = zoo_root() / "configs"
        parser.error(f"there is no config {args.config}; those of mmhps are in {folder}")
    if args.cfg_options:
        cfg = Config.fromfile(args.config)
        if message := _misspelt(cfg, args.cfg_options) or _unfit(cfg, args.cfg_options):
            parser.error(message)
    return args


def _read(args: argparse.Namespace, **changes: Any) -> Config:
    """Read the config, with ``changes`` and then those of the command line."""
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict({**changes, **args.cfg_options})
    return cfg


def _misspelt(cfg: Config, options: Iterable[str]) -> str | None:
    """Return a message if an option sets what neither the config nor MMEngine knows."""
    known = {*cfg, *inspect.signature(Runner.__init__).parameters, *_MORE_SETTINGS}
    for option in options:
        name = option.partition(".")[0]
        if name not in known:
            places = [path for path in _paths(cfg) if path.rpartition(".")[2] == name]
            similar = places or difflib.get_close_matches(name, known)
            hint = f" Did you mean {', '.join(similar[:LISTED])}?" if similar else ""
            return f"--cfg-options {option}: there is no setting {name}.{hint}"
    return None


def _unfit(cfg: Config, options: Mapping[str, Any]) -> str | None:
    """Return a message if the options cannot be merged into the config; changes it."""
    for option, value in options.items():
        try:
            cfg.merge_from_dict({option: value})
        except (AssertionError, AttributeError, IndexError, KeyError, TypeError) as error:
            reason = " ".join(map(str, error.args))
            return (
                f"--cfg-options {option}: does not fit the config ({reason}). Name settings that "
                f"are there, and elements of lists by numbers from 0, e.g. train_pipeline.2.scale"
            )
    return None


def _paths(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The keys of nested dictionaries, joined by dots."""
    for key, value in settings.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{key}.")


def parse_args(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    """Parse and check the shared arguments; a missing config ends in a usage error."""
    args = _checked(parser, argv)
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    return args


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and merge the shared arguments into it."""
    if not args.verbose:
        quiet(MMLogger.get_current_instance())  # the runner's does not exist yet
    cfg = _read(args, launcher=args.launcher)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get("work_dir") is None:
        cfg.work_dir = os.path.join("work_dirs", Path(args.config).stem)
    return cfg
