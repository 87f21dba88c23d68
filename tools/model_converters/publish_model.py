"""Make a checkpoint ready to be shared: weights and what describes them, nothing else.

python tools/model_converters/publish_model.py CHECKPOINT NAME.pth [--half] [--keep backbone neck]

writes NAME-XXXXXXXX.pth, where X are the first digits of the file's sha256. The file loads with
``torch.load(..., weights_only=True)``.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any

import torch

from mmhps.version import __version__
from mmhps.visualization.trained_models import load_checkpoint


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="what a training wrote")
    parser.add_argument("out", type=Path, help="NAME.pth; the hash is added to the name")
    parser.add_argument("--half", action="store_true", help="store weights in half precision")
    parser.add_argument(
        "--keep",
        nargs="+",
        metavar="PART",
        help="keep these parts of the network only, e.g. backbone neck",
    )
    return parser.parse_args(argv)


def slim(
    checkpoint: dict[str, Any], half: bool = False, keep: list[str] | None = None
) -> dict[str, Any]:
    """The weights of a checkpoint, and its meta information in plain types.

    Args:
        checkpoint: As MMEngine's runner stores it.
        half: Turn floating-point weights into half precision.
        keep: Parts of the network to keep; all if None.

    Returns:
        ``state_dict``, and ``meta`` with ``cfg`` (text), ``dataset_meta``, ``iter``, ``epoch``,
        ``seed`` and ``mmhps_version``, as far as the checkpoint has them.

    Raises:
        ValueError: A part holds no weight, or a weight is not finite in its new precision.
    """
    weights = checkpoint["state_dict"]
    for part in keep or ():
        if not any(name.startswith(f"{part}.") for name in weights):
            parts = sorted({name.partition(".")[0] for name in weights})
            raise ValueError(f"there is no part {part!r}; the parts are {', '.join(parts)}")
    state = {}
    for name, weight in weights.items():
        if keep and name.partition(".")[0] not in keep:
            continue
        weight = weight.detach().cpu()
        weight = weight.half() if half and weight.is_floating_point() else weight.clone()
        if not weight.isfinite().all():
            raise ValueError(f"{name} holds values that are not finite in {weight.dtype}")
        state[name] = weight
    meta = checkpoint.get("meta", {})
    plain = {key: meta[key] for key in ("cfg", "iter", "epoch", "seed") if key in meta}
    if "dataset_meta" in meta:
        plain["dataset_meta"] = {
            key: [list(v) if isinstance(v, tuple) else v for v in value]
            for key, value in meta["dataset_meta"].items()
            if isinstance(value, (list, tuple))
        }
    return dict(meta=dict(plain, mmhps_version=__version__), state_dict=state)


def publish(source: Path, out: Path, half: bool = False, keep: list[str] | None = None) -> Path:
    """Write the slim checkpoint under a name with its hash, and return that name."""
    checkpoint = load_checkpoint(str(source))
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_suffix(".tmp")
    torch.save(slim(checkpoint, half, keep), scratch)
    digits = hashlib.sha256(scratch.read_bytes()).hexdigest()[:8]
    return scratch.replace(out.with_name(f"{out.stem}-{digits}.pth"))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    try:
        path = publish(args.checkpoint, args.out, args.half, args.keep)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"publish_model: {error}")
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
