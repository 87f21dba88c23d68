"""The fusion against MMDetection's heuristic one, from logits to panoptic maps.

Both start from the boxes, classes and mask logits of the instances and from semantic logits at a
quarter of the image's size. MMDetection pastes masks (`FCNMaskHead`), interpolates its 12 semantic
channels (`PanopticFPNHead`) and merges (`HeuristicFusionHead`); we have 19 channels. Peak memory is
compared as well (MiB in place of ms).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.models.seg_heads import HeuristicFusionHead, PanopticFPNHead
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from mmhps.functional import fused_argmax, paste_windows, resampled, stuff_log_probabilities
from mmhps.models import DifferentiableFusionHead
from mmhps.models.fusion_heads import FusionHead
from mmhps.models.instances import Instances
from mmhps.studies.timing import Row, compare, compare_memory

THINGS, STUFF = 8, 11
OPTIONS = ConfigDict(mask_overlap=0.5, stuff_area_limit=2048)
# (width, height), least ratio at 30 and 100 instances
SIZES = {(1024, 512): 5.0, (2048, 1024): 10.0}
MEMORY_TARGET = 4.0


@dataclass
class Scene:
    """What both fusions start from."""

    size: tuple[int, int]
    boxes: Tensor
    labels: Tensor
    scores: Tensor
    masks: Tensor
    logits: Tensor

    @property
    def meta(self) -> dict:
        """Meta information of an image that the network sees at its own size."""
        shape = {"img_shape", "ori_shape", "batch_input_shape"}
        return dict.fromkeys(shape, self.size) | dict(scale_factor=(1.0, 1.0))


def make_scene(width: int, height: int, count: int, seed: int = 0) -> Scene:
    """A street of smooth semantic regions, with elliptic instances of the sizes of Cityscapes."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    h = height * uniform(-3.5, -0.9, count).exp()  # 3 to 40 % of the height
    w = h * uniform(-1.0, 0.8, count).exp()
    x, y = uniform(0, width, count), height * uniform(0.3, 0.8, count)
    boxes = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=1)
    boxes[:, 0::2].clamp_(0, width)
    boxes[:, 1::2].clamp_(0, height)
    axis = torch.linspace(-1, 1, 28)
    ellipse = 6 * (1 - (axis[:, None] ** 2 + axis**2))
    masks = ellipse + torch.randn(count, THINGS, 28, 28, generator=generator)
    regions = torch.randn(THINGS + STUFF, 12, 24, generator=generator)
    logits = 6 * resampled(regions, (height // 4, width // 4)).dense()
    return Scene(
        (height, width),
        boxes,
        torch.randint(THINGS, (count,), generator=generator),
        uniform(0.6, 1.0, count).sort(descending=True).values,
        masks,
        logits,
    )


class Peer:
    """MMDetection's way from logits to a panoptic map."""

    def __init__(self) -> None:
        self._masks = FCNMaskHead(num_classes=THINGS)
        self._semantics = PanopticFPNHead(
            num_things_classes=THINGS,
            num_stuff_classes=STUFF,
            loss_seg=dict(type="CrossEntropyLoss", avg_non_ignore=True),
        )
        self._fusion = HeuristicFusionHead(THINGS, STUFF, test_cfg=OPTIONS)

    def __call__(self, scene: Scene) -> Tensor:
        """Panoptic ids (H, W)."""
        found = InstanceData(bboxes=scene.boxes.clone(), labels=scene.labels, scores=scene.scores)
        options = ConfigDict(mask_thr_binary=0.5)
        (found,) = self._masks.predict_by_feat((scene.masks,), [found], [scene.meta], options)
        things = scene.logits[:THINGS].amax(0, keepdim=True)
        logits = torch.cat([scene.logits[THINGS:], things])[None]
        self._semantics.forward = lambda x: dict(seg_preds=x)
        (semantics,) = self._semantics.predict(logits, [scene.meta])
        return self._fusion.predict([found], [semantics])[0].sem_seg[0]


class Ours:
    """mmhps' way."""

    def __init__(self) -> None:
        self._fusion = DifferentiableFusionHead(THINGS, STUFF, test_cfg=OPTIONS)

    def __call__(self, scene: Scene) -> Tensor:
        """Panoptic ids (H, W)."""
        chosen = scene.masks[torch.arange(len(scene.labels)), scene.labels]
        found = Instances(
            bboxes=scene.boxes,
            labels=scene.labels,
            scores=scene.scores,
            class_weights=torch.nn.functional.one_hot(scene.labels, THINGS).float(),
            mask_logits=chosen,
        )
        logits = resampled(scene.logits, scene.size)
        return self._fusion.predict([found], [logits], [scene.meta], rescale=False)[0].sem_seg[0]


def equals_reference(scene: Scene) -> bool:
    """Whether the fast arg max is that of the dense softmax wherever that is no tie."""
    chosen = scene.masks[torch.arange(len(scene.labels)), scene.labels]
    layers = paste_windows(chosen, scene.boxes, scene.size)
    logits, offsets = resampled(scene.logits, scene.size), scene.scores.log()
    fast = fused_argmax(logits, THINGS, layers, 4.0, offsets).long()
    head = DifferentiableFusionHead(THINGS, STUFF)
    differs = fast != FusionHead.decide(head, layers, scene.labels, scene.scores, logits)
    if not differs.any():
        return True
    # What differs must be a tie up to rounding: of the two best classes, or with an instance.
    dense = logits.dense()
    best = dense.topk(2, dim=0).values
    tie = best[0] - best[1] < 1e-4
    value = stuff_log_probabilities(dense, THINGS).amax(0)
    for n, (window, canvas) in enumerate(layers):
        gap = (4.0 * canvas + offsets[n] - value[window]).abs()
        tie[window] |= gap < 1e-3
    return bool(tie[differs].all())


@torch.inference_mode()
def run(repeats: int = 15, instances: Sequence[int] = (10, 30, 100)) -> tuple[list[Row], bool]:
    """Compare every size and number of instances; the fast fusion must equal the dense one."""
    ours, peer = Ours(), Peer()
    calls, agree = {}, True
    for (width, height), target in SIZES.items():
        for count in instances:
            scene = make_scene(width, height, count)
            agree &= equals_reference(scene)
            goal = target if count >= 30 else 1.0
            pair = [lambda f=f, s=scene: f(s) for f in (ours, peer)]
            calls[f"{width}x{height}, {count} instances"] = *pair, goal
    rows = [compare(case, *call, repeats) for case, call in calls.items()]
    for case, (mine, theirs, _) in calls.items():
        rows += compare_memory(case, mine, theirs, MEMORY_TARGET)
    return rows, agree
