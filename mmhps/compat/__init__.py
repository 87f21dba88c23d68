"""Everything that works around MMEngine, MMCV, MMDetection or torch, and nothing else.

Each file names the fault and the condition under which it can be removed. Importing this package
makes the three usable: it checks that they are there, provides mmcv's operators where they are not
compiled, and imports MMDetection without its notices.
Each package of mmhps that builds on them imports it first.
"""

from importlib import import_module

from mmhps.dependencies import check_dependencies

from .notices import without_notices

__all__: list[str] = []

check_dependencies()
import_module(".mmcv_ops", __name__).provide_mmcv_ops()  # imports mmcv, so not before the check
with without_notices():
    for _name in ("mmdet.datasets", "mmdet.evaluation", "mmdet.models"):
        import_module(_name)
import_module(".dataset_wrappers", __name__).complete_wrappers()
