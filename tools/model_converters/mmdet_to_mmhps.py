"""Make a Mask R-CNN or a Panoptic FPN of MMDetection the start of one of our systems.

    python tools/model_converters/mmdet_to_mmhps.py CONFIG CHECKPOINT OUT.pth

CHECKPOINT is a file of MMDetection's model zoo, 2.x or 3.x, e.g. trained on COCO; CONFIG is what
will be trained. OUT.pth goes into ``load_from``; the command for it is printed, after a table of
what became of each weight:

- Layers of the same name and shape are taken over. *Semantic + Instance* gets two copies of the
  backbone and the neck.
- The box and mask heads' rows of a class go to the class of the same name; the background's row
  is kept. A class that the checkpoint does not know (rider, for COCO) starts from scratch.
- Of the semantic head only the 3x3 convolutions are taken over. MMDetection's head normalizes
  groups where the paper's normalizes batches, sums levels where it concatenates them, and has one
  class for all things.
"""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from torch import Tensor

from mmhps import register_all_modules
from mmhps.converters.mmdet_weights import adapt, source_things, state_dict
from mmhps.engine.checkpoints import read_weights, refusing_code
from mmhps.engine.console import quiet
from mmhps.engine.launch import add_config_arguments, parse_config_args, read_config
from mmhps.studies.tables import markdown_table


def target_things(dataset: ConfigDict) -> tuple[str, ...]:
    """The thing classes of a data set, if possible without reading any file."""
    built = DATASETS.build({**dataset, "pipeline": [], "lazy_init": True})
    if not built.metainfo.get("thing_classes"):
        built.full_init()
    return tuple(built.metainfo["thing_classes"])


def initial_weights(config: Config) -> dict[str, Tensor]:
    """The weights of a config's model, those of its RoI head as training would initialize them."""
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    quiet(MMLogger.get_current_instance())  # it logs how each weight starts
    with refusing_code():
        for name, module in model.named_modules():
            if name.endswith("roi_head"):
                module.init_weights()
    return model.state_dict()


def input_settings(text: str) -> dict[str, Any]:
    """How a config, as the text that checkpoints store, feeds images to its backbone.

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
    """A line for each kind of layer, numbers in their names as ``*``, and each fate."""
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


def convert(config: Config, checkpoint: Path, out: Path) -> dict[str, Any]:
    """Write the adapted weights and print what became of each.

    Args:
        config: What will be trained.
        checkpoint: MMDetection's file.
        out: The file to write.

    Returns:
        The settings of the config to change for a training that starts from them.

    Raises:
        FileNotFoundError, ValueError: See :func:`read_weights` and :func:`adapt`.
    """
    content, ours = read_weights(str(checkpoint)), target_things(config.train_dataloader.dataset)
    try:
        state = state_dict(content)
        theirs = source_things(content, state)
        adapted = adapt(state, initial_weights(config), theirs, ours)
    except ValueError as error:
        raise ValueError(f"{checkpoint}: {error}") from error
    print(fate_table(adapted.fate))
    if theirs:
        print(class_lines(theirs, ours))
    meta = content.get("meta") or {}
    found = input_settings(str(meta.get("cfg") or meta.get("config") or ""))
    other = other_settings(config, found)
    if not found:
        print("WARNING: it does not say how its images were normalized: look into its config")
    if other:
        print(
            "WARNING: its images were normalized differently, or its backbone is of another style"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=adapted.state), out)
    return {"load_from": str(out), "model.backbone.init_cfg": None, **other}


def as_options(settings: Mapping[str, Any]) -> str:
    """Settings as ``--cfg-options`` takes them from a shell."""
    words = []
    for key, value in settings.items():
        text = str(value)
        if isinstance(value, (list, tuple)):
            text = text.replace(", ", ",")
        words.append(shlex.quote(f"{key}={text}"))
    return " ".join(words)


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_arguments(parser)
    parser.add_argument("checkpoint", type=Path, help="MMDetection's file, as downloaded")
    parser.add_argument("out", type=Path, help="the file to write")
    args = parse_config_args(parser, argv)
    config = read_config(args)
    init_default_scope(config.get("default_scope", "mmdet"))
    try:
        settings = convert(config, args.checkpoint, args.out)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"mmdet_to_mmhps: {error}")
    options = as_options({**args.cfg_options, **settings})
    print(f"python tools/train.py {args.config} --cfg-options {options}")


if __name__ == "__main__":
    main()
