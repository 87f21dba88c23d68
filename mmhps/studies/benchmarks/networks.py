"""Whole networks against MMDetection's Panoptic FPN of the same backbone.

The peer is MMDetection's own Panoptic FPN (`PanopticFPNHead`, `StandardRoIHead`,
`HeuristicFusionHead`) with R-101 and the settings of `configs/cityscapes/`, on mmcv's compiled
operators; in a second row it gets our NMS and RoIAlign, to show what the rest of the network takes.
Where mmcv has no compiled operators (`make env MMCV=compiled`), there is the second row alone.
Weights are random, so that scores mean nothing: every network keeps its ten best detections, HPS in
training, too.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

from mmhps.apis.model_zoo import zoo_root
from mmhps.compat.mmcv_ops import HOW_TO_COMPILE, compiled_operators, has_compiled_operators
from mmhps.datasets.transforms import PackPanopticInputs
from mmhps.structures.id_formats import THING_CLASSES
from mmhps.studies.benchmarks.scenes import label_map
from mmhps.studies.timing import Row, compare, compare_memory

INSTANCES = 10
DETECTIONS = dict(roi_head=dict(train_instances=dict(type="Detections", score_thr=0.0)))
ROIS = dict(roi_head=dict(train_instances=dict(type="SampledRoIs")))
BLOCKS = dict(semantic_head=dict(type="PriorSemanticHead", extra_channels=0))
# What HPS + ISI's semantic branch costs without ISI, joint training and fusion inside the network.
BRANCH = ("Panoptic FPN with HPS + ISI's branch", "panoptic-fpn", BLOCKS, None)
# Name, system, settings of its parts, ratio to reach; None for what only explains another one.
CASES = {
    "inference": [("HPS", "hps", {}, 1.0), ("HPS + ISI", "hps-isi", {}, 0.95), BRANCH],
    "train": [
        ("HPS", "hps", DETECTIONS, 1 / 1.05),
        ("HPS + ISI", "hps-isi", DETECTIONS, 1 / 1.10),
        ("HPS, sampled RoIs", "hps", ROIS, 1 / 1.05),
        BRANCH,
    ],
}
SIZES = {"inference": (1024, 512, 1), "train": (512, 256, 2)}
MEMORY_TARGET = 1 / 1.15
PEER = ", peer with our operators"


def configure(system: str) -> ConfigDict:
    """The model of a system with R-101, without pretrained weights, that keeps ten detections."""
    cfg = Config.fromfile(zoo_root() / f"configs/cityscapes/{system}_r101_cityscapes.py")
    cfg.model.backbone.init_cfg = None
    cfg.model.test_cfg.rcnn.update(score_thr=0.0, max_per_img=INSTANCES)
    return cfg.model


def peer_config(our_roi_align: bool = False) -> ConfigDict:
    """MMDetection's Panoptic FPN with the backbone and the Mask R-CNN of ours.

    Args:
        our_roi_align: Whether its RoIs are pooled as ours are.
    """
    model = copy.deepcopy(configure("panoptic-fpn"))
    classes = dict(
        num_things_classes=model.semantic_head.num_things_classes,
        num_stuff_classes=model.semantic_head.num_stuff_classes,
    )
    model.semantic_head = dict(
        type="PanopticFPNHead",
        in_channels=256,
        inner_channels=128,
        start_level=0,
        end_level=4,
        norm_cfg=dict(type="GN", num_groups=32, requires_grad=True),
        loss_seg=model.semantic_head.loss_seg,
        **classes,
    )
    model.panoptic_fusion_head = dict(type="HeuristicFusionHead", **classes)
    for extractor in (model.roi_head.bbox_roi_extractor, model.roi_head.mask_roi_extractor):
        extractor.type = "SamplingRoIExtractor" if our_roi_align else "SingleRoIExtractor"
    return model


def make_batch(width: int, height: int, count: int) -> dict:
    """Images of noise with rectangles as instances, on road."""
    rng = np.random.default_rng(0)
    batch: dict[str, list] = dict(inputs=[], data_samples=[])
    for index in range(count):
        scene = label_map(width, height, INSTANCES, seed=index)
        labels = np.array([scene.labels[key] for key in scene.things])
        planes = [(scene.ids == key).astype(np.uint8) for key in scene.things]
        masks = BitmapMasks(planes, height, width)
        semantic = np.full((height, width), 8, np.uint8)
        for label, mask in zip(labels, masks.masks, strict=True):
            semantic[mask == 1] = label
        packed = PackPanopticInputs().transform(
            dict(
                img=rng.integers(0, 255, (height, width, 3), dtype=np.uint8),
                img_id=str(index),
                img_path="",
                ori_shape=(height, width),
                img_shape=(height, width),
                scale_factor=(1.0, 1.0),
                gt_bboxes=masks.get_bboxes(HorizontalBoxes),
                gt_bboxes_labels=labels,
                gt_ignore_flags=np.zeros(len(labels), bool),
                gt_masks=masks,
                gt_seg_map=semantic,
                thing_classes=THING_CLASSES,
            )
        )
        batch["inputs"].append(packed["inputs"])
        batch["data_samples"].append(packed["data_samples"])
    return batch


def make_call(
    model_config: ConfigDict,
    task: str,
    device: str = "cpu",
    size: tuple[int, int, int] | None = None,
) -> Callable[[], None]:
    """A function that predicts, or makes one training step without the optimizer's part.

    Args:
        model_config: Of the network.
        task: 'inference' or 'train'.
        device: Where it runs.
        size: Width, height and number of the images; by default those of the task's benchmark.
    """
    torch.manual_seed(0)
    model = MODELS.build(model_config).to(device)
    batch = make_batch(*(size or SIZES[task]))

    def predict() -> None:
        with torch.inference_mode():
            model.test_step(copy.deepcopy(batch))

    def train() -> None:
        torch.manual_seed(0)  # the same RoIs in every step
        data = model.data_preprocessor(copy.deepcopy(batch), training=True)
        loss, _ = model.parse_losses(model(**data, mode="loss"))
        model.zero_grad()
        loss.backward()

    model.train(task == "train")
    return train if task == "train" else predict


def run(task: str, repeats: int = 5, device: str = "cpu") -> tuple[list[Row], bool]:
    """Compare both HPS systems with the peer.

    Args:
        task: 'inference' or 'train'.
        repeats: Timed calls of each.
        device: Where they run; memory is compared on a CPU only.

    Returns:
        The rows, and True: there are no results to compare.
    """
    init_default_scope("mmdet")
    peers = {PEER: make_call(peer_config(our_roi_align=True), task, device)}
    if has_compiled_operators():
        peers = {"": compiled_operators()(make_call(peer_config(), task, device)), **peers}
    else:
        print(f"mmcv has no compiled operators to compare with. {HOW_TO_COMPILE}")
    calls = {}
    for name, system, settings, target in CASES[task]:
        model = configure(system)
        for part, changes in settings.items():
            model[part].update(changes)
        ours = make_call(model, task, device)
        for addition, peer in peers.items():
            case = f"{name}, {task}{addition}"
            if addition:
                calls[case] = ours, peer, None
            elif target is not None:
                calls[case] = ours, peer, round(target, 3)
    rows = [compare(case, *call, repeats) for case, call in calls.items()]
    if task == "train" and device == "cpu":
        for case, (ours, peer, target) in calls.items():
            rows += compare_memory(case, ours, peer, target and round(MEMORY_TARGET, 3))
    return rows, True
