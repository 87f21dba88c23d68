"""Record which parts of a detector run in which order, and which tensors each takes from which."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import mmhps
from mmhps.models import HPS
from mmhps.models.instances import paste
from mmhps.studies.benchmarks.networks import make_batch

GROUND_TRUTH = "ground truth"
MODES = ("loss", "predict")
IMAGES = (256, 128, 2)
"""Width, height and number of the images of a recorded run."""


@dataclass
class Step:
    """A part of a detector: a module, or the function that pastes canvases.

    Dictionaries have the keys ``loss`` and ``predict``.

    Attributes:
        name: Attribute of the detector.
        title: Name of the class or function.
        source: Its file in this repository, or the name of another package.
        methods: Names of the methods that the detector calls.
        shapes: Names and shapes of the tensors that they return.
        losses: Names of its losses.
        reads: Names of the steps whose tensors it computes with, and ``ground truth``.
    """

    name: str
    title: str
    source: str
    methods: dict[str, list[str]] = field(default_factory=dict)
    shapes: dict[str, list[str]] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    reads: dict[str, list[str]] = field(default_factory=dict)


def record(config: Config) -> list[Step]:
    """Run a model of random weights on two images of noise, in training and in testing.

    Args:
        config: A whole config; not changed.

    Returns:
        The steps in the order in which training calls them.

    Raises:
        ValueError: The model is not HPS.
    """
    settings = copy.deepcopy(config.model)
    settings.test_cfg.rcnn.score_thr = 0.0  # there are instances whatever the weights are
    steps: dict[str, Step] = {}
    for mode in MODES:
        torch.manual_seed(0)
        model = MODELS.build(settings).train(mode == "loss")
        if not isinstance(model, HPS):
            raise ValueError(
                f"model: expected HPS, got {type(model).__name__}, whose steps are not known. Take "
                f"a config of HPS or HPS + ISI."
            )
        recorder = _Recorder(mode, steps)
        recorder.watch(model)
        data = model.data_preprocessor(make_batch(*IMAGES), training=mode == "loss")
        with torch.set_grad_enabled(mode == "loss"):
            model(**data, mode=mode)
    return list(steps.values())


class _Recorder:
    """Records one run of a model.

    Args:
        mode: ``loss`` or ``predict``.
        steps: By name; added to.
    """

    def __init__(self, mode: str, steps: dict[str, Step]) -> None:
        self.mode, self.steps = mode, steps
        self._origins: dict[int, str] = {}
        self._alive: list[Tensor] = []  # so that no id is given to a second tensor
        self._running = False

    def watch(self, model: HPS) -> None:
        """Replace the methods of a model's parts by ones that are recorded."""
        for name, part in model.named_children():
            step = partial(Step, name, type(part).__name__, _source(type(part)))
            for method, function in _own_methods(part):
                setattr(part, method, self._recorded(step, method, function))
        step = partial(Step, "canvases", paste.__name__, _source(paste))
        model._paste = self._recorded(step, paste.__name__, model._paste)

    def _recorded(self, step: Callable[[], Step], method: str, function: Callable) -> Callable:
        def run(*args: Any, **kwargs: Any) -> Any:
            if self._running:  # a part calls itself or another part
                return function(*args, **kwargs)
            self._running = True
            with _Operands() as operands:
                result = function(*args, **kwargs)
            self._running = False
            made = step()
            self._add(self.steps.setdefault(made.name, made), method, operands.ids, result)
            return result

        return run

    def _add(self, step: Step, method: str, operands: set[int], result: Any) -> None:
        step.methods.setdefault(self.mode, []).append(method)
        read = {self._origins[i] for i in operands & self._origins.keys()} - {step.name}
        known = step.reads.setdefault(self.mode, [])
        known += sorted(read - set(known))
        if isinstance(result, Mapping) and "data_samples" in result:
            self._own(GROUND_TRUTH, result["data_samples"])
            result = {key: value for key, value in result.items() if key != "data_samples"}
        step.losses += [key for key in _losses(result) if key not in step.losses]
        step.shapes.setdefault(self.mode, []).extend(_shapes(result, self._own(step.name, result)))

    def _own(self, name: str, value: Any) -> set[int]:
        """Remember a step as the origin of all tensors that are new, and return their ids."""
        new = [tensor for _, tensor in _named(value) if id(tensor) not in self._origins]
        self._alive += new
        self._origins |= {id(tensor): name for tensor in new}
        return {id(tensor) for tensor in new}


class _Operands(TorchFunctionMode):
    """Collects the ids of all tensors from which others are computed.

    Reading a shape or a device computes no tensor, and neither does handing a tensor on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._alive: list[Tensor] = []

    @property
    def ids(self) -> set[int]:
        """The ids of all operands so far."""
        return set(map(id, self._alive))

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if any(True for _ in _named(result)):
            for argument in (*args, *(kwargs or {}).values()):
                operands = argument if isinstance(argument, list | tuple) else [argument]
                self._alive += [value for value in operands if isinstance(value, Tensor)]
        return result


def _own_methods(part: nn.Module) -> Iterator[tuple[str, Callable]]:
    """The methods that a module does not have from torch or MMEngine."""
    common = set(dir(BaseModule)) - {"forward"}
    for name, _ in inspect.getmembers(type(part), inspect.isfunction):
        if name not in common and not name.startswith("__"):
            yield name, getattr(part, name)


def _source(thing: Callable) -> str:
    path, root = Path(inspect.getfile(thing)), Path(mmhps.__file__).parents[1]
    if path.is_relative_to(root / "mmhps"):
        return path.relative_to(root).as_posix()
    return inspect.getmodule(thing).__name__.partition(".")[0]


def _named(value: Any, name: str = "", first: bool = False) -> Iterator[tuple[str, Tensor]]:
    """All tensors in a value, with the name of the innermost field that holds them.

    Args:
        value: Anything.
        name: Its own name.
        first: Whether lists, which have an entry for each image, give the first one alone.
    """
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, list | tuple):
        for item in value[:1] if first and isinstance(value, list) else value:
            yield from _named(item, name, first)
    elif isinstance(value, Mapping | BaseDataElement):
        for key, item in value.items():
            yield from _named(item, str(key), first)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _named(getattr(value, one.name), one.name, first)
    elif isinstance(getattr(value, "tensor", None), Tensor):  # boxes
        yield name, value.tensor


def _losses(result: Any) -> list[str]:
    """The names of the losses in what a method returns."""
    return [key for part in _parts(result) if _is_losses(part) for key in part if "loss" in key]


def _parts(result: Any) -> tuple:
    return result if isinstance(result, tuple) else (result,)


def _is_losses(part: Any) -> bool:
    return isinstance(part, Mapping) and any("loss" in key for key in part)


def _shapes(result: Any, new: set[int]) -> list[str]:
    """Names and shapes of the new tensors but those of losses, e.g. ``bboxes 9×4``."""
    groups: dict[str, list[str]] = {}
    rest = tuple(part for part in _parts(result) if not _is_losses(part))
    for name, tensor in _named(rest, first=True):
        if id(tensor) in new:
            groups.setdefault(name, []).append("×".join(map(str, tensor.shape)))
    return [
        f"{name} {shapes[0]}{' … ' + shapes[-1] if len(shapes) > 1 else ''}".strip()
        for name, shapes in groups.items()
    ]
