"""Importing this file registers all modules of mmhps with MMDetection's registries.

Configs name it in ``custom_imports``; in Python call :func:`mmhps.register_all_modules`.
"""

from mmhps import datasets, engine, evaluation, models, visualization

__all__ = ["datasets", "engine", "evaluation", "models", "visualization"]
