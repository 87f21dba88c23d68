"""Print a config with all that it inherits, and with changes made on the command line.

python tools/misc/print_config.py CONFIG [--cfg-options model.backbone.depth=50] [--out whole.py]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import mmhps  # noqa: F401  (first: it keeps MMDetection's notices quiet)

# isort: split
from mmengine.config import Config, DictAction


def main(argv: Sequence[str] | None = None) -> None:
    """Print the config, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    parser.add_argument("--out", type=Path, help="also write it to this .py, .json or .yml file")
    args = parser.parse_args(argv)
    if not args.config.is_file():
        parser.error(f"there is no config {args.config}")
    if args.out is not None and args.out.suffix not in (".py", ".json", ".yml"):
        parser.error(f"--out must end in .py, .json or .yml, got {args.out}")
    config = Config.fromfile(args.config)
    config.merge_from_dict(args.cfg_options)
    print(config.pretty_text)
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        config.dump(args.out)


if __name__ == "__main__":
    main()
