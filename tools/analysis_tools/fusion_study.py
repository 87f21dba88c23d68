"""Score trained networks with several fusions, and say what each gets wrong.

    python tools/analysis_tools/fusion_study.py work_dirs/table1/mini/hps-isi-seed* \
        --fusions configs/ablations/fusion-*.py
    python tools/analysis_tools/fusion_study.py checkpoints/hps-isi_lite0_streets-*.pth \
        --config configs/streets/hps-isi_lite0_streets.py --fusions configs/ablations/fusion-*.py

Each network runs once over the test data of its config; of the other configs, only the fusion is
taken. Differences are those to the network's own fusion, paired by network.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.device import get_device

from mmhps import register_all_modules
from mmhps.engine.console import short_errors
from mmhps.studies.fusions import OWN, read_network, score_fusions
from mmhps.studies.tables import fusions_table
from mmhps.studies.timing import write_results


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "networks",
        nargs="+",
        type=Path,
        help="folders of finished runs of HPS or Panoptic FPN, or checkpoints of --config",
    )
    parser.add_argument("--config", help="of the networks that are checkpoints")
    parser.add_argument(
        "--fusions", nargs="*", default=[], metavar="CONFIG", help="configs of other fusions"
    )
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="for the networks"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    results: dict[str, dict[str, dict[str, float]]] = {}
    with short_errors():
        others = {
            cfg.get("title", Path(cfg.filename).stem): cfg
            for cfg in map(Config.fromfile, args.fusions)
        }
        for path in args.networks:
            own, checkpoint = read_network(path, args.config)
            own.merge_from_dict(args.cfg_options)
            print(path, flush=True)
            values = score_fusions({OWN: own, **others}, checkpoint, args.device)
            # Checkpoints of several runs may have the same name.
            name = path.name if path.is_dir() else f"{path.parent.name}/{path.name}"
            for fusion, row in values.items():
                results.setdefault(fusion, {})[name] = row
    study = dict(fusions=results)
    print(fusions_table(study))
    if args.out:
        write_results(study, args.out)


if __name__ == "__main__":
    main()
