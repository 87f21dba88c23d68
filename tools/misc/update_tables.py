"""Write stored results into README.md and docs/*.md, and into the metafiles of the configs.

    python tools/misc/update_tables.py [--check]

A metafile gets the address of the weights as well. A table stands between
`<!-- table: KIND NAME -->` and `<!-- end of table -->`; KIND is one of `results`, `differences`,
`baseline`, `costs`, `fusions`, `pooled`, `benchmark` and `onnx`, and NAME that of
docs/results/NAME.json; or it is `models`, and NAME that of configs/NAME/metafile.yml.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from mmengine.fileio import load

from mmhps.apis.model_zoo import metafiles
from mmhps.studies.metafiles import models_table, updated_metafile
from mmhps.studies.systems import SYSTEMS, titles_of
from mmhps.studies.tables import (
    baseline_table,
    benchmark_table,
    costs_table,
    differences_table,
    fusions_table,
    onnx_table,
    pooled_table,
    results_table,
)

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results"
TITLES = SYSTEMS | titles_of((ROOT / "configs/ablations").glob("*.py"))
KINDS = {
    "results": partial(results_table, titles=TITLES),
    "differences": partial(differences_table, titles=TITLES),
    "baseline": partial(baseline_table, titles=TITLES),
    "costs": partial(costs_table, titles=TITLES),
    "fusions": fusions_table,
    "pooled": partial(pooled_table, titles=TITLES),
    "benchmark": benchmark_table,
    "models": models_table,
    "onnx": onnx_table,
}
TABLE = re.compile(r"(<!-- table: (\w+) ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def with_tables(text: str, folder: Path) -> str:
    """Rewrite every marked table in a text.

    Raises:
        ValueError: A kind of table is unknown.
        OSError: There are no such results.
    """

    def table(match: re.Match[str]) -> str:
        start, kind, name, end = match.groups()
        if kind not in KINDS:
            raise ValueError(f"table: {kind!r} is none of {sorted(KINDS)}")
        if kind == "models":
            content = load(ROOT / f"configs/{name}/metafile.yml")["Models"]
        else:
            content = load(folder / f"{name}.json")
        return f"{start}\n{KINDS[kind](content)}\n\n{end}"

    return TABLE.sub(table, text)


def updates() -> Iterator[tuple[Path, str]]:
    """Each file and what it should hold; the tables of models read the metafiles before them."""
    for path in metafiles(ROOT):
        yield path, updated_metafile(path, RESULTS)
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield path, with_tables(path.read_text(encoding="utf-8"), RESULTS)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it would")
    args = parser.parse_args(argv)
    stale = []
    for path, fresh in updates():
        if path.read_text(encoding="utf-8") != fresh:
            stale.append(path.relative_to(ROOT).as_posix())
            if not args.check:
                path.write_text(fresh, encoding="utf-8")
    names = ", ".join(stale)
    if stale and args.check:
        sys.exit(f"not as in docs/results: {names}. Run {Path(__file__).name}.")
    print(f"changed: {names}" if stale else "all is up to date")


if __name__ == "__main__":
    main()
