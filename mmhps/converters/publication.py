"""Prepare checkpoints for publication: keep weights and their description, nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmhps.apis.model_zoo import read_models
from mmhps.apis.trained_models import load_model
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.models import resolve_classes
from mmhps.studies.experiment import RESULT, versions
from mmhps.studies.metafiles import enter_weights, stored_run

_ABSOLUTE = re.compile(r"""(['"])/(?:[^'"\n]*/)?([^'"/\n]+)/?\1""")


def slim(
    checkpoint: dict[str, Any], half: bool = False, keep: list[str] | None = None
) -> dict[str, Any]:
    """The weights of a checkpoint, and its meta information in plain types.

    Args:
        checkpoint: As MMEngine's runner stores it.
        half: Turn floating-point weights into half precision.
        keep: Parts of the network to keep, as ``backbone`` or ``semantic_head.classifier``; all if
            None.

    Returns:
        ``state_dict``, and ``meta`` with ``cfg`` (text), ``dataset_meta``, ``iter``, ``epoch`` and
        ``seed``, as far as the checkpoint has them.

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
        if keep and not name.startswith(tuple(f"{part}." for part in keep)):
            continue
        weight = weight.detach().cpu()
        weight = weight.half() if half and weight.is_floating_point() else weight.clone()
        if not weight.isfinite().all():
            raise ValueError(f"{name} holds values that are not finite in {weight.dtype}")
        state[name] = weight
    meta = checkpoint.get("meta", {})
    plain = {key: meta[key] for key in ("iter", "epoch", "seed") if key in meta}
    if "cfg" in meta:
        plain["cfg"] = without_folders(meta["cfg"])
    if "dataset_meta" in meta:
        plain["dataset_meta"] = {
            key: [list(v) if isinstance(v, tuple) else v for v in value]
            for key, value in meta["dataset_meta"].items()
            if isinstance(value, (list, tuple))
        }
    return dict(meta=plain, state_dict=state)


def without_folders(text: str) -> str:
    """Reduce absolute paths in the text of a config to file names: elsewhere they mean nothing."""
    return _ABSOLUTE.sub(r"\1\2\1", text)


def measured(checkpoint: Path) -> dict[str, Any]:
    """``metrics`` (percent) of a checkpoint and ``versions`` of the packages that trained it.

    They are those of the result.json beside it, which tools/analysis_tools/table1.py writes.
    Without it, there are no metrics, and the versions are the present ones.
    """
    path = checkpoint.with_name(RESULT)
    if path.is_file():
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["checkpoint"] == checkpoint.name:
            return {key: result[key] for key in ("metrics", "versions")}
    return dict(versions=versions())


def zoo_config(
    model: Mapping[str, Any],
    checkpoint: dict[str, Any],
    meta: Mapping[str, Any],
    source: Path,
    root: Path,
) -> str:
    """The text of the config of a listed model, checked against a checkpoint.

    Args:
        model: Entry of the model in its metafile.
        checkpoint: The whole checkpoint.
        meta: What will be published of it.
        source: Its path.
        root: See :func:`publish`.

    Raises:
        ValueError: The weights do not fit the config, or the metrics are not the stored ones that
            the metafile lists for the seed.
    """
    cfg = Config.fromfile(root / model["Config"])
    init_default_scope("mmdet")
    resolve_classes(cfg)
    load_model(cfg.model, checkpoint, str(source))
    seeded = {**model, "Metadata": dict(Seed=meta.get("seed"))}
    run = stored_run(seeded, root / "docs/results")
    if run and run["metrics"] != meta.get("metrics"):
        raise ValueError(
            f"{source}: docs/results lists PQ {run['metrics']['PQ']} for {model['Name']}, seed "
            f"{meta.get('seed')}, but {source.with_name(RESULT)} has "
            f"{meta.get('metrics', {}).get('PQ', 'no result of this checkpoint')}. Publish the "
            "checkpoint of that run, or store its results first (table1.py --summary)."
        )
    return without_folders(cfg.pretty_text)


def publish(
    source: Path,
    out: Path,
    root: Path,
    half: bool = False,
    keep: list[str] | None = None,
    trust: bool = False,
) -> tuple[Path, Path | None]:
    """Write the slim checkpoint under a name with its hash.

    A listed model gets the config of its file in place of the checkpoint's, which may hold changes
    of the command line, and the file is entered into its metafile.

    Args:
        source: What a training wrote.
        out: NAME.pth; the hash is added to the name.
        root: Folder with configs/, docs/ and the index of the models.
        half: See :func:`slim`.
        keep: See :func:`slim`.
        trust: Whether code that the checkpoint may hold is run.

    Returns:
        The file, and the metafile that names it; None if NAME is no listed model.

    Raises:
        FileNotFoundError, ValueError: See :func:`load_checkpoint`, :func:`slim` and
            :func:`zoo_config`.
    """
    checkpoint = load_checkpoint(str(source), trust)
    slimmed = slim(checkpoint, half, keep)
    meta = slimmed["meta"]
    meta |= measured(source)
    model = read_models(root).get(out.stem)
    if model:
        meta["cfg"] = zoo_config(model, checkpoint, meta, source, root)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_suffix(".tmp")
    torch.save(slimmed, scratch)
    digits = hashlib.sha256(scratch.read_bytes()).hexdigest()[:8]
    path = scratch.replace(out.with_name(f"{out.stem}-{digits}.pth"))
    if model:
        return path, enter_weights(root, out.stem, path.name, meta.get("seed"))
    return path, None
