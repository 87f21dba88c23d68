"""Write stored results into README.md and docs/*.md, and into the metafiles of the configs.

    python tools/misc/update_tables.py [--check]

A metafile gets the address of the weights as well. A table stands between
`<!-- table: KIND NAME -->` and `<!-- end of table -->`; KIND is one of `results`, `differences`,
`fusions` and `benchmark`, and NAME that of docs/results/NAME.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from mmhps.engine.model_zoo import metafiles, updated_metafile
from mmhps.engine.report import (
    benchmark_table,
    differences_table,
    fusions_table,
    results_table,
)

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "results": results_table,
    "differences": differences_table,
    "fusions": fusions_table,
    "benchmark": benchmark_table,
}
TABLE = re.compile(r"(<!-- table: (\w+) ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def with_tables(text: str, folder: Path) -> str:
    """The text with every table between its marks made anew.

    Raises:
        ValueError: A kind of table is unknown.
        OSError: There are no such results.
    """

    def table(match: re.Match[str]) -> str:
        start, kind, name, end = match.groups()
        if kind not in KINDS:
            raise ValueError(f"table: {kind!r} is none of {sorted(KINDS)}")
        results = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return f"{start}\n{KINDS[kind](results)}\n\n{end}"

    return TABLE.sub(table, text)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it would")
    args = parser.parse_args(argv)
    results = ROOT / "docs/results"
    pages = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    fresh = {path: updated_metafile(path, results) for path in metafiles(ROOT)}
    fresh |= {path: with_tables(path.read_text(encoding="utf-8"), results) for path in pages}
    stale = [path for path, text in fresh.items() if path.read_text(encoding="utf-8") != text]
    names = ", ".join(path.relative_to(ROOT).as_posix() for path in stale)
    if stale and args.check:
        sys.exit(f"not as in docs/results: {names}. Run {Path(__file__).name}.")
    for path in stale:
        path.write_text(fresh[path], encoding="utf-8")
    print(f"changed: {names}" if stale else "all is up to date")


if __name__ == "__main__":
    main()
