"""How costs grow with instances and pixels: of the fusion, of its loss, and of whole networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from torch import Tensor
from tqdm import tqdm

from mmhps.apis.model_zoo import zoo_root
from mmhps.models import DifferentiableFusionHead, InitialSegmentation
from mmhps.models.instances import Instances, paste
from mmhps.structures import encode
from mmhps.studies.benchmarks import networks
from mmhps.studies.benchmarks.fusion import STUFF, THINGS, Ours, Peer, make_scene
from mmhps.studies.timing import alternately, peak_memory

SIZE, COUNT = (1024, 512), 30
COUNTS = (1, 3, 10, 30, 100, 300)
SIZES = ((512, 256), (1024, 512), (1448, 724), (2048, 1024), (2896, 1448), (4096, 2048))
NETWORK_SIZES = ((448, 224), *SIZES[1:])
OURS, PEER = "mmhps", "MMDetection"
UNITS = {"ms": "time, ms", "mib": "peak memory, MiB"}

Calls = Mapping[str, Callable[[], object]]
"""What is measured, by the name in the legend."""


@dataclass(frozen=True)
class Series:
    """A column of the figure."""

    title: str
    unit: str  # of x
    points: Sequence[tuple[float, Callable[[], Calls]]]  # x, and what makes the calls there


def all_series() -> dict[str, Series]:
    """What is measured, by the name in the stored values."""
    counts = f"{SIZE[0]}x{SIZE[1]}"

    def over_counts(make: Callable[..., Calls]) -> list:
        return [(count, partial(make, *SIZE, count)) for count in COUNTS]

    def over_sizes(make: Callable[..., Calls], sizes: Sequence[tuple[int, int]]) -> list:
        return [(w * h / 1e6, partial(make, w, h, COUNT)) for w, h in sizes]

    return {
        "fusion, instances": Series(f"fusion at {counts}", "instances", over_counts(fusions)),
        "fusion, megapixels": Series(
            f"fusion, {COUNT} instances", "megapixels", over_sizes(fusions, SIZES)
        ),
        "loss, instances": Series(
            f"training at {counts}: canvases,\nISI and panoptic loss",
            "instances",
            over_counts(losses),
        ),
        "network, megapixels": Series(
            f"whole network (R-18),\n{COUNT} instances",
            "megapixels",
            over_sizes(whole_networks, NETWORK_SIZES),
        ),
    }


def fusions(width: int, height: int, count: int) -> Calls:
    """Both fusions of a scene."""
    scene = make_scene(width, height, count)
    return {
        name: torch.inference_mode()(partial(fusion, scene))
        for name, fusion in ((OURS, Ours()), (PEER, Peer()))
    }


def losses(width: int, height: int, count: int) -> Calls:
    """What HPS + ISI computes of the instances in training, there and back."""
    scene = make_scene(width, height, count)
    boxes, labels = scene.boxes, scene.labels
    masks = scene.masks[torch.arange(count), labels].requires_grad_()
    logits = scene.logits[None].clone().requires_grad_()
    instances = Instances(
        bboxes=boxes,
        labels=labels,
        scores=scene.scores.requires_grad_(),
        class_weights=torch.nn.functional.one_hot(labels, THINGS).float(),
        mask_logits=masks,
        gt_inds=torch.arange(count),
    )
    ids = torch.full((1, height, width), THINGS)
    for n, (left, top, right, bottom) in enumerate(boxes.round().int().tolist()):
        ids[:, top:bottom, left:right] = encode(labels[n], n + 1)
    sample = DetDataSample(metainfo=dict(batch_input_shape=(height, width)))
    sample.gt_panoptic_seg = PixelData(sem_seg=ids.int())
    sample.gt_instances = InstanceData(bboxes=boxes, labels=labels)
    fusion, prior = DifferentiableFusionHead(THINGS, STUFF), InitialSegmentation()

    def step() -> tuple[Tensor, ...]:
        canvases = paste(instances, (height // 4, width // 4), 4.0)
        shown = prior.image(instances, canvases)
        loss = fusion.loss([instances], [canvases], logits, [sample])["loss_panoptic"]
        return torch.autograd.grad(loss + shown.mean(), (masks, logits))

    return {OURS: step}


def whole_networks(width: int, height: int, count: int) -> Calls:
    """Prediction by HPS + ISI and by MMDetection's Panoptic FPN, on our operators."""
    init_default_scope("mmdet")
    size = (width, height, 1)
    return {
        OURS: networks.make_call(narrow("hps-isi", count), "inference", size=size),
        PEER: networks.make_call(narrow("panoptic-fpn", count), "inference", size=size),
    }


def narrow(system: str, count: int) -> ConfigDict:
    """The model of a system with R-18, without pretrained weights, that keeps ``count`` objects."""
    model = Config.fromfile(zoo_root() / f"configs/mini/{system}_r18_mini.py").model
    for part in (model, *(value for value in model.values() if isinstance(value, ConfigDict))):
        part.pop("init_cfg", None)
    model.test_cfg.rcnn.update(score_thr=0.0, max_per_img=count)
    return model


def measure(repeats: int) -> dict[str, list[dict]]:
    """The cost of each series at each x: times by name under ``ms``, then memory under ``mib``."""
    series = all_series()
    jobs = [(name, x, make) for name, one in series.items() for x, make in one.points]
    result: dict[str, list[dict]] = {name: [] for name in series}
    for name, x, make in tqdm(jobs, desc="time"):
        result[name].append(dict(x=x, ms=alternately(make(), repeats)))
    # After all times: from then on, the process returns freed memory at once.
    points = [point for name in series for point in result[name]]
    for point, (_, _, make) in zip(tqdm(points, desc="memory"), jobs, strict=True):
        point["mib"] = {name: peak_memory(call) for name, call in make().items()}
    return result


def draw(result: Mapping[str, Sequence[Mapping]]) -> Figure:
    """A column for each series, a row for each unit, all axes logarithmic."""
    series = all_series()
    figure = Figure(figsize=(3.6 * len(series), 6), layout="constrained")
    axes = figure.subplots(2, len(series), sharex="col", squeeze=False)
    for column, (key, one) in enumerate(series.items()):
        axes[0, column].set_title(one.title, fontsize="medium")
        axes[1, column].set_xlabel(one.unit)
        for row, unit in enumerate(UNITS):
            for name in result[key][0][unit]:
                points = [(point["x"], point[unit][name]) for point in result[key]]
                axes[row, column].loglog(*zip(*points, strict=True), marker="o", label=name)
            axes[row, column].grid(alpha=0.3)
    for row, label in enumerate(UNITS.values()):
        axes[row, 0].set_ylabel(label)
    axes[0, 0].legend()
    return figure
