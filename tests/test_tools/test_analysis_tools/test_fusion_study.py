"""One network under several fusions: what is reported, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).parents[3]
NAME = "street_000000_000019"


@pytest.fixture
def trained(tmp_path, tiny_config, build_model):
    """A function from a config's name to the paths of a config and a checkpoint of one image."""
    image, ids = np.zeros((64, 64, 3), np.uint8), np.full((64, 64), 7, np.uint16)
    ids[10:40, 10:40] = 26001
    for kind, suffix, array in (
        ("leftImg8bit", "leftImg8bit", image),
        ("gtFine", "gtFine_instanceIds", ids),
    ):
        folder = tmp_path / kind / "val" / "street"
        folder.mkdir(parents=True)
        Image.fromarray(array).save(folder / f"{NAME}_{suffix}.png")

    def write(name):
        cfg = tiny_config(name)
        cfg.test_dataloader.dataset.data_root = str(tmp_path)
        cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
        cfg.dump(tmp_path / "config.py")
        weights = build_model(name).state_dict()
        torch.save(dict(state_dict=weights), tmp_path / "weights.pth")
        return str(tmp_path / "config.py"), str(tmp_path / "weights.pth")

    return write


def test_every_fusion_is_scored(command, trained, tmp_path, capsys):
    out = tmp_path / "out" / "study.json"
    fusions = [str(ROOT / f"configs/ablations/fusion-{name}.py") for name in ("heuristic", "x1")]
    arguments = [*trained("mini/hps_r18_mini.py"), *fusions]
    command.main([*arguments, "--device", "cpu", "--out", str(out)])
    results = json.loads(out.read_text())
    assert list(results) == ["as configured", "heuristic merge", "mask logits x 1"]
    table = capsys.readouterr().out
    assert all(f"| {name} " in table for name in results)
    for row in results.values():
        assert 0 <= row["PQ"] <= 100
        # Its 900 of 4096 pixels are a large instance.
        assert row["large found %"] in (0, 100)
        assert row["as stuff %"] + row["as void %"] <= 100


def test_other_models_are_refused(command, trained):
    with pytest.raises(SystemExit, match="the model is a PanopticFPN, but its parts are needed"):
        command.main([*trained("mini/panoptic-fpn_r18_mini.py"), "--device", "cpu"])


def test_missing_checkpoint(command, trained):
    config, _ = trained("mini/hps_r18_mini.py")
    with pytest.raises(SystemExit, match=r"none\.pth: checkpoint not found"):
        command.main([config, "none.pth", "--device", "cpu"])
