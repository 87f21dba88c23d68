"""Load every image of a data set once, as a run would, and report all faults.

    python tools/analysis_tools/check_dataset.py CONFIG [--split train|val|test]

Prints a line for each fault, with its remedy, and what the data set holds. The exit status is 1 if
there are faults. Images beyond the config's instance cap are checked and counted as well. Of
joined, repeated or mixed data sets each one is checked once.

Some samples show whether the pipeline moves image and labels alike and reads images as the
inferencer does. Warnings tell of rare classes, of small instances, and of images that the other
split of train and val has, too; they do not change the exit status.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress

from mmdet.registry import DATASETS
from mmengine.config import Config

from mmhps import register_all_modules
from mmhps.apis.arguments import add_config_arguments, parse_config_args
from mmhps.datasets import PanopticIdDataset
from mmhps.datasets.advice import pipeline_faults, same_images, warnings
from mmhps.datasets.contents import Contents, format_contents, inspect_all
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
        datasets = _build(config, args.split)
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
    faults = [fault for _, faults in found for fault in faults]
    for dataset in datasets:
        faults += pipeline_faults(dataset, dataset.list_images()[0])
    _print_contents(datasets, [items for items, _ in found])
    other = "val" if args.split == "train" else "train"
    same = same_images(_paths(datasets), _paths(_build(config, other)))
    if same:
        print(
            f"warning: {len(same)} images are in {args.split} and in {other}, e.g. "
            f"{_printable(same[0])}. Their scores say nothing of other images."
        )
    for fault in faults:
        print("fault:", _printable(str(fault)))
    if faults:
        sys.exit(f"error: {len(faults)} images have faults.")
    print("No faults found.")


def _print_contents(
    datasets: Sequence[PanopticIdDataset], found: Sequence[Sequence[Contents]]
) -> None:
    """Print the table, the warnings, and what the instance caps keep."""
    contents = [item for items in found for item in items]
    if contents:
        classes = datasets[0].metainfo["classes"]
        print(format_contents(contents, classes))
        for warning in warnings(contents, classes):
            print("warning:", warning)
    for dataset, items in zip(datasets, found, strict=True):
        cap = (dataset.filter_cfg or {}).get("max_instances")
        if cap is not None and items:
            things = len(dataset.metainfo["thing_classes"])
            kept = sum(item.segments[:things].sum() <= cap for item in items)
            print(f"{kept} of {len(items)} images have at most {cap} instances.")


def _build(config: Config, split: str) -> list[PanopticIdDataset]:
    """The data sets of a split, without their wrappers; none if it has no loader."""
    loader = config.get(f"{split}_dataloader")
    parts = innermost_configs(loader.dataset) if loader else ()
    return [DATASETS.build(dict(part, lazy_init=True)) for part in parts]


def _paths(datasets: Sequence[PanopticIdDataset]) -> list[str]:
    """The images of data sets; of those that cannot be listed none."""
    paths = []
    for dataset in datasets:
        with suppress(OSError, ValueError, AttributeError):
            paths += [info["img_path"] for info in dataset.list_images()[0]]
    return paths


def _printable(text: str) -> str:
    """Names of files may hold bytes that are no text."""
    return text.encode(errors="backslashreplace").decode()


if __name__ == "__main__":
    main()
