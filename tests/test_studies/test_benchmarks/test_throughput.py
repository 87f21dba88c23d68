import pytest

from mmhps.converters.mini_cityscapes import generate
from mmhps.engine import BFloat16OptimWrapper
from mmhps.studies.benchmarks import throughput


@pytest.mark.slow
def test_both_train_on_the_same_images(monkeypatch, tmp_path):
    generate(tmp_path, dict(train=4, val=1), size=(256, 128), seed=0, workers=1)
    monkeypatch.setattr(throughput, "STEPS", 1)
    monkeypatch.setenv("MINI_CITYSCAPES_ROOT", str(tmp_path))
    (row,), agree = throughput.run(repeats=1)
    assert agree and row.target == 1.5 and row.case == "HPS + ISI, 1 steps"


def test_fast_settings(tmp_path):
    fast, slow = throughput.configure(str(tmp_path)), throughput.configure(None)
    assert fast.optim_wrapper.type == BFloat16OptimWrapper.__name__
    assert fast.train_dataloader.dataset.cache.folder == str(tmp_path)
    assert slow.optim_wrapper.type == "OptimWrapper"
    assert "cache" not in slow.train_dataloader.dataset
