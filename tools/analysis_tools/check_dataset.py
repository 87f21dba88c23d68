"""Load every image of a data set once, as a run would, and report all faults.

    python tools/analysis_tools/check_dataset.py CONFIG [--split train|val|test]

Prints a line for each fault, with its remedy, and what the data set holds. The exit status is 1 if
there are faults. Images beyond the config's instance cap are checked and counted as well. Of
joined, repeated or mixed data sets each one is checked once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mmdet.registry import DATASETS

from mmhps import register_all_modules
from mmhps.apis.arguments import add_config_arguments, parse_config_args
from mmhps.datasets import PanopticIdDataset
from mmhps.datasets.contents import format_contents, inspect_all
from mmhps.datasets.wrapping import innermost_configs
from mmhps.engine.guards import check_classes


def main(argv: Sequence[str] | None = None) -> None:
    """Inspect the data set, print the table and the faults."""
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument(
        "--split",
        choices=("train", "val", "test"),
        default="train",
        help="which of the config's data loaders (default: %(default)s)",
    )
    args, config = parse_config_args(parser, argv)
    try:
        loader = config.get(f"{args.split}_dataloader")
        datasets = [
            DATASETS.build(dict(part, lazy_init=True))
            for part in (innermost_configs(loader.dataset) if loader else ())
        ]
        if not datasets or not all(isinstance(data, PanopticIdDataset) for data in datasets):
            raise ValueError(
                f"{args.config}: {args.split}_dataloader has no data set of mmhps. Choose another "
                f"--split, or use CityscapesPanopticDataset or CocoPanopticIdDataset."
            )
        found = [inspect_all(dataset) for dataset in datasets]
        classes = {f"part {i}": data.metainfo["classes"] for i, data in enumerate(datasets, 1)}
        check_classes(classes, "Correct the metainfo of the data sets.")
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    contents = [item for items, _ in found for item in items]
    faults = [fault for _, faults in found for fault in faults]
    if contents:
        print(format_contents(contents, datasets[0].metainfo["classes"]))
    for dataset, (items, _) in zip(datasets, found, strict=True):
        cap = (dataset.filter_cfg or {}).get("max_instances")
        if cap is not None and items:
            things = len(dataset.metainfo["thing_classes"])
            kept = sum(item.segments[:things].sum() <= cap for item in items)
            print(f"{kept} of {len(items)} images have at most {cap} instances.")
    for fault in faults:
        # Names of files may hold bytes that are no text.
        print("fault:", str(fault).encode(errors="backslashreplace").decode())
    if faults:
        sys.exit(f"error: {len(faults)} images have faults.")
    print("No faults found.")


if __name__ == "__main__":
    main()
