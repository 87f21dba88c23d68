"""Training and testing: runner, hooks, checkpoints, optimizer wrapper, terminal output."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)
from mmhps.engine.console import QuietRunner
from mmhps.engine.optim_wrapper import BFloat16OptimWrapper
from mmhps.engine.progress_hook import ProgressHook

__all__ = ["BFloat16OptimWrapper", "ProgressHook", "QuietRunner"]
