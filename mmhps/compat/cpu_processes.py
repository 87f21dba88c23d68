"""Train and test in several processes without a GPU, where MMEngine and torch fail.

Faults: MMEngine 0.10 selects a GPU for each process of torchrun and wraps the model for it, even
where none exists; torch's gloo aborts the interpreter if one of its threads outlives it. Can be
removed when both work without.
"""

from __future__ import annotations

import gc

import torch.distributed
from mmengine.config import Config
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def join_cpu_processes(cfg: Config) -> None:
    """Join the processes of torchrun where there is no GPU.

    mmengine would select a GPU for each process and wrap the model for it; it leaves both alone
    when the processes are joined already and the wrapper is named.
    """
    torch.distributed.init_process_group("gloo")
    wrapper = cfg.get("model_wrapper_cfg") or dict(
        type="MMDistributedDataParallel",
        broadcast_buffers=False,
        find_unused_parameters=cfg.get("find_unused_parameters", False),
    )
    cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)


def leave_processes(runner: Runner | None) -> None:
    """Leave the group of processes, and end the threads by which gloo communicates.

    They end with the last reference to the group. A thread that still has a tensor to release when
    the interpreter shuts down aborts the process ("terminate called without an active exception").
    The model's wrapper is removed first, because it refers to the group: the group's destructor
    waits for the threads, and only ``destroy_process_group`` releases the interpreter's lock, which
    they need, while it waits.
    """
    if runner is not None and is_model_wrapper(runner.model):
        runner.model = runner.model.module
    gc.collect()
    torch.distributed.destroy_process_group()
