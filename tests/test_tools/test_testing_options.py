"""tools/test.py with a shipped network: more metrics, and several views of each image."""

from collections import OrderedDict
from pathlib import Path

import pytest
from mmengine.registry import DefaultScope
from toys import run_tool

from mmhps.converters import mini_cityscapes

ROOT = Path(__file__).parents[2]
SMALL = [
    "test_dataloader.dataset.data_root=data",
    "test_dataloader.num_workers=0",
    "test_dataloader.persistent_workers=False",
]


@pytest.mark.parametrize(
    "system", ["hps-isi", pytest.param("panoptic-fpn", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("views", [[], ["--tta"]])
def test_all_metrics_in_one_evaluation(system, views, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(DefaultScope, "_instance_dict", OrderedDict())
    mini_cityscapes.generate(Path("data"), dict(train=0, val=2), (256, 128), 0, 1)
    (weights,) = (ROOT / "checkpoints").glob(f"{system}_r18_mini-*.pth")
    run_tool(
        "test", ROOT / f"configs/mini/{system}_r18_mini.py", weights, *views,
        "--work-dir", "work", "--metrics", "PQ", "AP", "mIoU", "--cfg-options", *SMALL,
    )  # fmt: skip
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("test: PQ")]
    words = line.split()
    scores = {key: float(value) for key, value in zip(words[1::2], words[2::2], strict=True)}
    assert 20 < scores["PQ"] < 90 and 0.1 < scores["segm_mAP"] < 0.9 and 30 < scores["mIoU"] < 95
