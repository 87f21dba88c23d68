"""mmhps: holistic end-to-end panoptic segmentation with interrelations, for MMDetection.

Importing the package loads neither torch nor MMDetection. Its modules are registered with
MMDetection's registries by :func:`register_all_modules`, or by a config that has
``custom_imports = dict(imports=["mmhps.modules"])``.
"""

from mmhps.version import __version__

__all__ = ["__version__", "register_all_modules"]


def register_all_modules(init_default_scope: bool = True) -> None:
    """Register all modules of mmhps and MMDetection with MMDetection's registries.

    Args:
        init_default_scope: Whether the registries look for modules in MMDetection's scope from now
            on. Not needed where a ``Runner`` is built from a config, which names the scope.

    Raises:
        ImportError: MMEngine, MMCV or MMDetection is missing, too old or installed twice.
    """
    import mmhps.modules  # noqa: F401

    if init_default_scope:
        from mmengine.registry import init_default_scope as set_scope

        set_scope("mmdet")
