"""Let ``mmcv.ops``, and with it MMDetection, work without mmcv's compiled operators.

Fault: ``mmcv.ops`` fails at import without the compiled module ``mmcv._ext``, which PyPI has no
wheels of; and on a CPU, the compiled NMS and RoIAlign are slow and take float32 only. So a module
of that name is provided where it is missing. It has the two operators that Mask R-CNN and the
systems of this package call; any other one raises when it is called. Where the compiled module
exists, the two are replaced in it:

- on a CPU by those of :mod:`mmhps.ops`,
- on a GPU by torchvision's if mmcv was compiled without CUDA and torchvision imports, else by those
  of :mod:`mmhps.ops`; mmcv's own stay if they were compiled with CUDA.

This can be removed when PyPI has wheels of mmcv whose operators are as fast on a CPU.
"""

from __future__ import annotations

import functools
import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

import torch
from torch import Tensor

from mmhps.ops import greedy_nms, roi_align

NAME = "mmcv._ext"
HOW_TO_COMPILE = (
    "To have mmcv's compiled operators, which need a C++ compiler (and nvcc for a GPU), run `make "
    "env MMCV=compiled` in a clone of mmhps, or in an environment with torch:\n"
    '  pip install "setuptools>=80,<80.9" wheel packaging ninja psutil\n'
    "  pip install --force-reinstall --no-deps --no-cache-dir --no-build-isolation onedl-mmcv"
)

_compiled: dict[str, Callable] = {}
"""mmcv's own versions of the replaced operators, by name; empty if they are not compiled."""


def provide_mmcv_ops() -> None:
    """Make NMS and RoIAlign of ``mmcv.ops`` work; a second call does nothing.

    Warns:
        RuntimeWarning: There are compiled operators, but they do not load.
    """
    ext = _load()
    for name, ours in _OURS.items():
        theirs = vars(ext).get(name)
        if theirs is not ours:
            if theirs is not None:
                _compiled[name] = theirs
            setattr(ext, name, ours)


def has_compiled_operators() -> bool:
    """Whether mmcv has its compiled operators, after :func:`provide_mmcv_ops`."""
    return bool(_compiled)


@contextmanager
def compiled_operators() -> Iterator[None]:
    """Give mmcv its own compiled operators back, to compare with them.

    Raises:
        RuntimeError: mmcv has none.
    """
    if not has_compiled_operators():
        raise RuntimeError(f"mmcv is installed without compiled operators. {HOW_TO_COMPILE}")
    ext = sys.modules[NAME]
    vars(ext).update(_compiled)
    try:
        yield
    finally:
        vars(ext).update(_OURS)


class _NotCompiled(ModuleType):
    """Has a function of every name, which raises when it is called."""

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("__"):
            raise AttributeError(name)
        return functools.partial(_refuse, name)


def _refuse(name: str, *args: Any, **kwargs: Any) -> NoReturn:
    raise NotImplementedError(
        f"mmcv's operator {name} exists in compiled form only, and mmcv is installed without "
        f"compiled operators. {HOW_TO_COMPILE}"
    )


class _Finder(MetaPathFinder, Loader):
    """Finds that module under the name of the compiled one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == NAME else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _NotCompiled(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(dict.fromkeys(_VERSIONS, lambda: "not available"))


_VERSIONS = ("get_compiler_version", "get_compiling_cuda_version")


def _load() -> ModuleType:
    try:
        return importlib.import_module(NAME)
    except ImportError as error:
        if not (isinstance(error, ModuleNotFoundError) and error.name == NAME):
            warnings.warn(
                f"mmcv's compiled operators do not load ({error}), probably because they were "
                f"compiled for another torch; slower ones are used where a GPU computes. "
                f"{HOW_TO_COMPILE}",
                RuntimeWarning,
                stacklevel=3,
            )
    sys.meta_path.insert(0, _Finder())
    return importlib.import_module(NAME)


def _compiled_for(tensor: Tensor) -> bool:
    """Whether mmcv's own operators are the best ones on a tensor's device."""
    if tensor.device.type == "cpu" or not _compiled:
        return False
    return sys.modules[NAME].get_compiling_cuda_version() != "not available"


def _torchvision_for(tensor: Tensor) -> ModuleType | None:
    """``torchvision.ops`` where it is the best choice on a tensor's device."""
    return _torchvision_ops() if tensor.is_cuda else None


@functools.cache
def _torchvision_ops() -> ModuleType | None:
    """``torchvision.ops`` if it imports; beside a torch of another build it raises."""
    try:
        return importlib.import_module("torchvision.ops")
    except (ImportError, OSError, RuntimeError):
        return None


def _nms(bboxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Stands for ``mmcv._ext.nms``."""
    if _compiled_for(bboxes):
        return _compiled["nms"](bboxes, scores, iou_threshold=iou_threshold, offset=offset)
    if offset == 0 and (torchvision := _torchvision_for(bboxes)):
        # Ranks in place of scores and a threshold of float32, so that ties are decided as by mmcv.
        order = scores.sort(0, descending=True)[1]
        ranks = torch.arange(len(order), 0, -1, device=order.device, dtype=torch.float32)
        threshold = torch.tensor(iou_threshold).item()
        return order[torchvision.nms(bboxes.float()[order], ranks, threshold)]
    return greedy_nms(bboxes, scores, iou_threshold, offset)


def _pool(input: Tensor, rois: Tensor, options: dict[str, Any]) -> Tensor:
    """RoIAlign of averages with gradients; the options are those of ``roi_align_forward``."""
    if options["pool_mode"] != 1:
        _refuse("roi_align_of_maxima")
    input = input.to(torch.promote_types(input.dtype, torch.float32))
    size = options["aligned_height"], options["aligned_width"]
    scale, ratio = options["spatial_scale"], options["sampling_ratio"]
    if torchvision := _torchvision_for(input):
        return torchvision.roi_align(
            input, rois.to(input.dtype), size, scale, ratio or -1, options["aligned"]
        )
    return roi_align(input, rois, size, scale, ratio, options["aligned"])


def _pools_itself(tensor: Tensor, options: dict[str, Any]) -> bool:
    """Whether RoIAlign is left to mmcv: where it is the best, and for maxima, if it is compiled."""
    return _compiled_for(tensor) or (bool(_compiled) and options["pool_mode"] == 0)


def _roi_align_forward(
    input: Tensor, rois: Tensor, output: Tensor, *argmax: Tensor, **options: Any
) -> None:
    """Stands for ``mmcv._ext.roi_align_forward``: writes to ``output``."""
    if _pools_itself(input, options):
        _compiled["roi_align_forward"](input, rois, output, *argmax, **options)
    else:
        output.copy_(_pool(input, rois, options))


def _roi_align_backward(
    grad_output: Tensor, rois: Tensor, *argmax_and_grad: Tensor, **options: Any
) -> None:
    """Stands for ``mmcv._ext.roi_align_backward``: writes to the last tensor."""
    if _pools_itself(grad_output, options):
        _compiled["roi_align_backward"](grad_output, rois, *argmax_and_grad, **options)
        return
    grad_input = argmax_and_grad[-1]
    with torch.enable_grad():  # it is linear: its gradient is the same everywhere
        zeros = torch.zeros_like(grad_input, requires_grad=True)
        pooled = _pool(zeros, rois, options)
    grad_input.copy_(torch.autograd.grad(pooled, zeros, grad_output)[0])


_OURS: dict[str, Callable] = {
    "nms": _nms,
    "roi_align_forward": _roi_align_forward,
    "roi_align_backward": _roi_align_backward,
}
