"""Print a config with all that it inherits, and with changes made on the command line.

python tools/misc/print_config.py CONFIG [--cfg-options model.backbone.depth=50] [--out whole.py]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmhps import register_all_modules
from mmhps.apis.arguments import add_config_arguments, parse_config_args


def main(argv: Sequence[str] | None = None) -> None:
    """Print the config, and write it if asked to."""
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument("--out", type=Path, help="also write it to this .py, .json or .yml file")
    args, config = parse_config_args(parser, argv)
    if args.out is not None and args.out.suffix not in (".py", ".json", ".yml"):
        parser.error(f"--out must end in .py, .json or .yml, got {args.out}")
    print(config.pretty_text)
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        config.dump(args.out)


if __name__ == "__main__":
    main()
