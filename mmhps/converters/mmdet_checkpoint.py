"""Convert checkpoints of MMDetection into initial weights of our systems."""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.logging import MMLogger
from torch import Tensor

from mmhps.converters.mmdet_weights import adapt, source_things, state_dict
from mmhps.engine.checkpoints import read_weights, refusing_code
from mmhps.engine.console import quiet
from mmhps.markdown import markdown_table
from mmhps.models.class_counts import classes_of, resolve_classes


def initial_weights(config: Config) -> dict[str, Tensor]:
    """The weights of a config's model, those of its RoI head as training would initialize them."""
    torch.manual_seed(0)
    resolve_classes(config)
    model = MODELS.build(config.model)
    quiet(MMLogger.get_current_instance())  # it logs how each weight starts
    with refusing_code():
        for name, module in model.named_modules():
            if name.endswith("roi_head"):
                module.init_weights()
    return model.state_dict()


def input_settings(text: str) -> dict[str, Any]:
    """Find how a config, as the text that checkpoints store, preprocesses images.

    The text is parsed, not run.

    Returns:
        Settings by their name in a config of ours; none if it does not say.
    """
    found: dict[str, Any] = {}
    try:
        dicts = list(_literal_dicts(ast.parse(text)))
    except SyntaxError:
        return found
    for values in dicts:
        if {"mean", "std"} <= values.keys():
            prefix = "model.data_preprocessor."
            found[prefix + "mean"], found[prefix + "std"] = values["mean"], values["std"]
            found[prefix + "bgr_to_rgb"] = values.get("bgr_to_rgb", values.get("to_rgb", False))
        if values.get("style") in ("caffe", "pytorch"):
            found["model.backbone.style"] = values["style"]
    return found


def _literal_dicts(tree: ast.AST) -> Iterator[dict[str, Any]]:
    """The constant entries of every ``dict(...)`` and ``{...}`` in a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            keys = [getattr(key, "value", None) for key in node.keys]
            pairs = list(zip(keys, node.values, strict=True))
        else:
            continue
        values = {}
        for key, value in pairs:
            try:
                values[key] = ast.literal_eval(value)
            except ValueError:  # a name or a call
                continue
        yield values


def other_settings(config: Config, found: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a checkpoint's input settings that differ from the config's."""
    defaults = dict(bgr_to_rgb=False, style="pytorch")
    other = {}
    for key, value in found.items():
        _, part, name = key.split(".")
        ours = config.model[part].get(name, defaults.get(name))
        # a list of the config may be a tuple in the checkpoint, or integers
        same = list(ours) == list(value) if isinstance(value, (list, tuple)) else ours == value
        if not same:
            other[key] = value
    return other


def fate_table(fate: Mapping[str, str]) -> str:
    """List each kind of layer (numbers in names as ``*``) with what became of its weights."""
    layers = Counter((re.sub(r"\d+", "*", n.rpartition(".")[0]), f) for n, f in fate.items())
    rows = [[layer, str(number), what] for (layer, what), number in layers.items()]
    return markdown_table(["layers", "weights", "what became of them"], rows)


def class_lines(source: Sequence[str], target: Sequence[str]) -> str:
    """Which classes start from rows of the checkpoint, and which do not."""
    known = [name for name in target if name in source]
    new = [name for name in target if name not in source]
    return (
        f"classes with rows of the checkpoint: {', '.join(known) or 'none'}\n"
        f"classes that start from scratch: {', '.join(new) or 'none'}"
    )


def convert(config: Config, checkpoint: Path, out: Path) -> tuple[dict[str, Any], str]:
    """Write the adapted weights.

    Args:
        config: What will be trained.
        checkpoint: MMDetection's file.
        out: The file to write.

    Returns:
        What to change in the config for a training that starts from the file; and a report of what
        became of each weight and class, with warnings, to be printed.

    Raises:
        FileNotFoundError, ValueError: See :func:`read_weights` and :func:`adapt`.
    """
    content = read_weights(str(checkpoint))
    ours = classes_of(config.train_dataloader.dataset)["thing_classes"]
    try:
        state = state_dict(content)
        theirs = source_things(content, state)
        adapted = adapt(state, initial_weights(config), theirs, ours)
    except ValueError as error:
        raise ValueError(f"{checkpoint}: {error}") from error
    report = [fate_table(adapted.fate)]
    if theirs:
        report.append(class_lines(theirs, ours))
    meta = content.get("meta") or {}
    found = input_settings(str(meta.get("cfg") or meta.get("config") or ""))
    other = other_settings(config, found)
    if not found:
        report.append(
            "WARNING: it does not say how its images were normalized: look into its config"
        )
    if other:
        report.append(
            "WARNING: its images were normalized differently, or its backbone is of another style"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=adapted.state), out)
    settings = {"load_from": str(out), "model.backbone.init_cfg": None, **other}
    return settings, "\n".join(report)


def as_options(settings: Mapping[str, Any]) -> str:
    """Settings as ``--cfg-options`` takes them from a shell."""
    words = []
    for key, value in settings.items():
        text = str(value)
        if isinstance(value, (list, tuple)):
            text = text.replace(", ", ",")
        words.append(shlex.quote(f"{key}={text}"))
    return " ".join(words)
