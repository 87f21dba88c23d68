"""Refuse transforms that move the image but not its ground truth.

Those of MMDetection are known by name. One that nobody knows is tried on a picture that shows its
own label map: afterwards it must still show it.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import numpy as np
import torch

from mmhps.datasets.transforms.instances import PanopticIdsToInstances
from mmhps.datasets.transforms.loading import FIRST_SEGMENT, LoadPanopticIds
from mmhps.structures import VOID, Segment

_KNOWN = ("mmcv.", "mmdet.", "mmhps.", "mmengine.")  # packages whose other transforms are right
_GEOMETRIC = ("RandomAffine", "RandomCenterCropPad", "RandomShift")
_MOSAIC = "Use PanopticMosaic with the same arguments, within MultiImageMixDataset and before "
_BLENDED = "Its pixels show two images, which no panoptic map can say: use PanopticMosaic instead."
_REMEDIES = dict.fromkeys(_GEOMETRIC, "Use Resize, RandomCrop, Rotate or CopyPaste instead.")
_REMEDIES |= dict.fromkeys(("Mosaic", "CachedMosaic"), f"{_MOSAIC}PanopticIdsToInstances.")
_REMEDIES |= dict.fromkeys(("MixUp", "CachedMixUp"), _BLENDED)
_REMEDIES |= dict(
    SegRescale="Leave it out: the label map keeps the size of the image.",
    InstaBoost="Use CopyPaste behind PanopticIdsToInstances instead.",
)
_TRIES = 30  # a transform may act on one image of ten only
LEAST_AGREEMENT = 0.4  # least correlation; unmoved pictures have 0.6 and more, moved ones below 0.3
_BLOCKS, _SHAPE = (8, 12), (128, 192)


def check_pipeline(steps: Sequence[object]) -> None:
    """Refuse transforms behind ``LoadPanopticIds`` that do not move the ground truth.

    Args:
        steps: Transforms. Those within others (``RandomChoice``, ...) are checked as well. Without
            ``LoadPanopticIds`` among them there is nothing to move.

    Raises:
        ValueError: There is one; the message has its name and the remedy.
    """
    leaves = list(_leaves(steps))
    kinds = [type(leaf) for leaf in leaves]
    if LoadPanopticIds in kinds:
        start = kinds.index(LoadPanopticIds) + 1
        check_moves(leaves[start:])


def check_wrappers(dataset: object) -> None:
    """As :func:`check_pipeline`, of the pipelines of wrappers such as ``MultiImageMixDataset``."""
    parts = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    for part in [part for part in parts if part is not None]:
        steps = list(_leaves(getattr(dataset, "pipeline", [])))
        check_moves(steps, not any(isinstance(step, PanopticIdsToInstances) for step in steps))
        check_wrappers(part)


def check_moves(steps: Sequence[object], masks: bool = False) -> None:
    """As :func:`check_pipeline`, of steps that all stand behind ``LoadPanopticIds``.

    Args:
        steps: Transforms.
        masks: Whether they stand behind ``PanopticIdsToInstances``, too.
    """
    for step in _leaves(steps):
        name = type(step).__name__
        known = type(step).__module__.startswith(_KNOWN)
        if name == "Albu" and known:
            _check_albu(step, masks)
        elif known and name in _REMEDIES:
            raise ValueError(
                f"pipeline: {name} moves the image but not its label map, so that training goes on "
                f"with wrong ground truth. {_REMEDIES[name]}"
            )
        elif not known and getattr(step, "moves_image", True) and moves_image_only(step, masks):
            raise ValueError(
                f"pipeline: {name} was tried on a picture of its own label map, and moved the "
                f"picture but not the map. Move results['gt_seg_map'] as well (nearest neighbour), "
                f"and behind PanopticIdsToInstances gt_masks and gt_bboxes, too. If it moves "
                f"nothing, set moves_image = False on the class."
            )
        masks |= isinstance(step, PanopticIdsToInstances)


def _leaves(steps: object) -> Iterator[object]:
    """All transforms in their order; those that one holds stand before it."""
    if isinstance(steps, dict):
        steps = list(steps.values())
    if isinstance(steps, list | tuple):
        for step in steps:
            yield from _leaves(step)
    elif hasattr(steps, "__dict__"):
        yield from _leaves([value for value in vars(steps).values() if _holds(value)])
        yield steps


def _holds(value: object) -> bool:
    """Whether an attribute is a transform or a list of them; Albu's are not of this kind."""
    if isinstance(value, list | tuple):
        return any(_holds(item) for item in value)
    if isinstance(value, dict):
        return any(_holds(item) for item in value.values())
    return hasattr(value, "transform") and callable(value)


def _check_albu(step: object, masks: bool) -> None:
    keymap = dict(img="image", gt_seg_map="mask")
    if _changes_colours_only(step.aug):
        return
    if masks:
        raise ValueError(
            f"pipeline: Albu moves images behind PanopticIdsToInstances, where the pixels that it "
            f"fills would belong to class 0. Put it between LoadPanopticIds and "
            f"PanopticIdsToInstances, with keymap={keymap!r}."
        )
    if keymap.items() - step.keymap_to_albu.items():
        raise ValueError(
            f"pipeline: Albu moves the image but not gt_seg_map. Write keymap={keymap!r}."
        )


def _changes_colours_only(transform: object) -> bool:
    """Whether all of albumentations' transforms in this one leave every pixel in its place."""
    held = getattr(transform, "transforms", None)
    if held is not None:
        return all(_changes_colours_only(item) for item in held)
    return any(kind.__name__ == "ImageOnlyTransform" for kind in type(transform).__mro__)


def moves_image_only(step: object, masks: bool = False) -> bool:
    """Whether a transform takes the image away from its label map (or masks) in some of 30 tries.

    Args:
        step: The transform. If it needs more than pictures and their labels, it is taken for right.
        masks: Whether it stands behind ``PanopticIdsToInstances``.
    """
    with _own_random_numbers(), suppress(Exception):
        for number in range(_TRIES):
            results = step(_sample(step, number, masks))
            if results is None:
                continue
            shown = results["img"]
            found = results["gt_seg_map"]
            void = found == VOID if masks else found < FIRST_SEGMENT
            maps = [found % 2]
            if masks:
                maps.append(results["gt_masks"].to_ndarray().any(axis=0))
            for bright in maps:
                if bright.shape != shown.shape[:2]:
                    return True
                if agreement(shown[~void], bright[~void]) < LEAST_AGREEMENT:
                    return True
    return False


def _sample(step: object, number: int, masks: bool) -> dict:
    """A picture for a transform, with those that it joins if it is one that joins pictures."""
    finish = PanopticIdsToInstances() if masks else dict  # dict() copies
    results = finish(picture_of_labels(number))
    if hasattr(step, "get_indexes"):
        others = [finish(picture_of_labels(_TRIES + number + k)) for k in range(_TRIES)]
        chosen = step.get_indexes(others)
        chosen = chosen if isinstance(chosen, Sequence) else [chosen]
        results["mix_results"] = [others[index] for index in chosen]
    return results


def picture_of_labels(seed: int, shape: tuple[int, int] = _SHAPE) -> dict:
    """A sample of bright and dark blocks, as behind ``LoadPanopticIds``.

    What is bright is a thing with the odd label 1, the rest stuff with the even label 2.
    """
    bright = np.random.default_rng(seed).permutation(np.arange(np.prod(_BLOCKS)) % 2)
    rows, columns = (
        np.arange(side) * blocks // side for side, blocks in zip(shape, _BLOCKS, strict=True)
    )
    bright = bright.reshape(_BLOCKS)[rows[:, None], columns]
    return dict(
        img=np.repeat(np.where(bright, 190, 60).astype(np.uint8)[..., None], 3, axis=2),
        img_id="labels",
        img_path="labels",
        img_shape=shape,
        ori_shape=shape,
        height=shape[0],
        width=shape[1],
        scale_factor=(1.0, 1.0),
        gt_seg_map=(FIRST_SEGMENT + bright).astype(np.uint16),
        segments=[Segment(1, 2), Segment(2, 1)],
        classes=("other", "thing", "stuff"),
        thing_classes=("other", "thing"),
    )


def agreement(image: np.ndarray, bright: np.ndarray) -> float:
    """How well an image shows what is bright: the correlation without its sign, 1 if unknown.

    Args:
        image: Its pixels, (P, 3).
        bright: (P,), any numbers.
    """
    channels = [channel for channel in image.T.astype(np.float64) if channel.size and channel.std()]
    if not channels or not bright.std():
        return 1.0
    return max(abs(float(np.corrcoef(channel, bright)[0, 1])) for channel in channels)


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """Leave the random numbers of the run as they are."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(0)
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
