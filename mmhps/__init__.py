"""mmhps: holistic end-to-end panoptic segmentation with interrelations, for MMDetection.

Importing the package registers all its parts with MMDetection's registries, so that a config needs
only ``custom_imports = dict(imports=["mmhps"])``.
"""

from importlib import import_module

from mmhps.dependencies import check_dependencies, without_notices
from mmhps.version import __version__

__all__ = ["__version__"]

# The subpackages that register something.
REGISTERING = ("datasets", "engine", "evaluation", "models", "visualization")

# Where MMDetection prints its notices; its registries would import these later in any case.
NOTICING = ("mmdet.datasets", "mmdet.evaluation")

check_dependencies()
with without_notices():
    for _name in (*NOTICING, *(f"{__name__}.{name}" for name in REGISTERING)):
        import_module(_name)
