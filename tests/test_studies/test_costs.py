"""What systems cost: the same images, alternately, warm-up excluded."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmhps.converters.mini_cityscapes import generate
from mmhps.studies import costs

ROOT = Path(__file__).parents[2]
NAMES = ("panoptic-fpn", "hps-isi")


@pytest.mark.slow
def test_two_systems(tmp_path, monkeypatch):
    generate(tmp_path, dict(train=4, val=1), size=(256, 128), seed=0, workers=1)
    monkeypatch.setenv("MINI_CITYSCAPES_ROOT", str(tmp_path))
    calls = []

    def elapsed(call):
        call()
        calls.append(call.__name__)
        return float(len(calls))

    monkeypatch.setattr(costs, "elapsed_ms", elapsed)
    systems = []
    for name in NAMES:
        (checkpoint,) = (ROOT / "checkpoints").glob(f"{name}_r18_mini-*.pth")
        config = Config.fromfile(ROOT / f"configs/mini/{name}_r18_mini.py")
        systems.append((config, str(checkpoint)))
    found = costs.measure_costs(systems, repeats=1, batches=1)
    assert calls == ["step", "predict", "fuse"] * 4
    # The first six calls are the warm-up.
    times = [[found[name][key] for key in ("step", "prediction", "fusion")] for name in NAMES]
    assert times == [[7, 8, 9], [10, 11, 12]]
    assert found["hps-isi"]["parameters"] > found["panoptic-fpn"]["parameters"] > 4
    assert found["hps-isi"]["operations"] > found["panoptic-fpn"]["operations"] > 2


def test_systems_of_the_same_name():
    cfg = Config.fromfile(ROOT / "configs/mini/hps_r18_mini.py")
    with pytest.raises(ValueError, match="systems: expected different names, got hps, hps"):
        costs.measure_costs([(cfg, "a.pth"), (cfg, "b.pth")])
