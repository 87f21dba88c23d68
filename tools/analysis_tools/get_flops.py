"""Count the parameters and the operations of a model, in all and of each of its parts.

    python tools/analysis_tools/get_flops.py CONFIG [--shape 1024 2048]

Counted as MMEngine does: a multiplication with its addition is one operation, and convolutions,
matrix products, normalizations and interpolations count; RoIAlign, NMS and the fusion do not.
The heads' operations grow with the number of instances. The weights are random, and every model
keeps as many instances as its config allows, so that the result is that of a crowded image.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from functools import partial

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.analysis import FlopAnalyzer, parameter_count
from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope

from mmhps import register_all_modules
from mmhps.engine.launch import add_config_arguments, parse_config_args, read_config


def count(model_config: ConfigDict, shape: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Count the operations of one image, and the parameters.

    Args:
        model_config: The ``model`` of a config; not changed.
        shape: Height and width of the image, pixels, as the network sees it.

    Returns:
        Operations and parameters of each part by its name, at last of the whole as ``total``.
    """
    torch.manual_seed(0)
    config = model_config.copy()
    config.test_cfg = {**config.test_cfg, "rcnn": {**config.test_cfg.rcnn, "score_thr": 0.0}}
    model = revert_sync_batchnorm(MODELS.build(config)).eval()
    meta = dict(img_shape=shape, ori_shape=shape, batch_input_shape=shape, scale_factor=(1.0, 1.0))
    model.forward = partial(model._forward, batch_data_samples=[DetDataSample(metainfo=meta)])
    analyzer = FlopAnalyzer(model, torch.randn(1, 3, *shape))
    analyzer.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    operations, parameters = analyzer.by_module(), parameter_count(model)
    parts = {name: name for name, _ in model.named_children() if parameters.get(name)}
    return {
        title: (int(operations[name]), parameters[name])
        for title, name in {**parts, "total": ""}.items()
    }


def image_shape(config: Config) -> tuple[int, int]:
    """The height and width to which the test pipeline resizes, pixels.

    Raises:
        ValueError: It does not resize.
    """
    for transform in config.test_dataloader.dataset.pipeline:
        if "scale" in transform:
            width, height = transform["scale"]
            return height, width
    raise ValueError("the test pipeline does not resize to a scale: give --shape HEIGHT WIDTH")


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument(
        "--shape",
        nargs=2,
        type=int,
        metavar=("HEIGHT", "WIDTH"),
        help="default: the scale of the test pipeline",
    )
    args = parse_config_args(parser, argv)
    config = read_config(args)
    try:
        height, width = args.shape or image_shape(config)
    except ValueError as error:
        parser.error(f"{args.config}: {error}")
    init_default_scope(config.get("default_scope", "mmdet"))
    logging.getLogger("mmengine").setLevel(logging.ERROR)
    print(f"one image of {width}x{height} pixels")
    print(f"{'part':22} {'GFLOPs':>9} {'M params':>9}")
    for name, (operations, parameters) in count(config.model, (height, width)).items():
        print(f"{name:22} {operations / 1e9:9.2f} {parameters / 1e6:9.2f}")


if __name__ == "__main__":
    main()
