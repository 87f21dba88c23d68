"""What MMDetection's users add to a run: best checkpoints, early stopping, averages, backends."""

from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path

import pytest
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.registry import DefaultScope
from toys import logged, run_tool

from mmhps.converters import mini_cityscapes

ROOT = Path(__file__).parents[2]
CONFIG = f"""
_base_ = "{ROOT}/configs/mini/hps-isi_r18_mini.py"
train_cfg = dict(max_iters=4, val_interval=1)
one = dict(batch_size=1, num_workers=0, persistent_workers=False)
train_dataloader = dict(**one, dataset=dict(data_root="data"))
val_dataloader = dict(**one, dataset=dict(data_root="data"))
test_dataloader = val_dataloader
param_scheduler = []
default_hooks = dict(checkpoint=dict(interval=10, save_best="auto"))
custom_hooks = [
    dict(type="EMAHook"),
    # an improvement that no percentage can have
    dict(type="EarlyStoppingHook", monitor="cityscapes_panoptic/PQ", patience=1, min_delta=101),
]
vis_backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
visualizer = dict(vis_backends=vis_backends{"" if find_spec("tensorboard") else "[:1]"})
"""


def test_best_checkpoint_early_stopping_averages_and_backends(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(DefaultScope, "_instance_dict", OrderedDict())
    mini_cityscapes.generate(Path("data"), dict(train=2, val=1), (64, 32), 0, 1)
    Path("run.py").write_text(CONFIG)
    run_tool("train", "run.py", "--work-dir", "work")
    assert "best: work/best_cityscapes_panoptic_PQ_iter_" in capsys.readouterr().out
    assert "the monitored metric did not improve in the last 1 records" in logged()
    assert logged().count("Iter(val)") == 2


@pytest.mark.parametrize("key", ["cityscapes_panoptic/PQ_th", "val/SQ", "coco/segm_mAP", "x/mIoU"])
def test_more_is_better(key):
    assert CheckpointHook(interval=1, save_best=key).rules == ["greater"]
    assert EarlyStoppingHook(monitor=key).rule == "greater"
