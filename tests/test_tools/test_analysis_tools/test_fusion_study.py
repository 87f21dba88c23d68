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


def arguments(config, checkpoint):
    return [checkpoint, "--config", config, "--device", "cpu"]


FUSIONS = [str(ROOT / f"configs/ablations/fusion-{name}.py") for name in ("heuristic", "x1")]
NAMES = ["as configured", "heuristic merge", "mask logits x 1"]


def test_every_fusion_is_scored(command, trained, tmp_path, capsys):
    out = tmp_path / "out" / "study.json"
    call = arguments(*trained("mini/hps_r18_mini.py"))
    command.main([*call, "--out", str(out), "--fusions", *FUSIONS])
    results = json.loads(out.read_text())["fusions"]
    assert list(results) == NAMES
    table = capsys.readouterr().out
    assert all(f"| {name} " in table for name in results)
    for networks in results.values():
        (row,) = networks.values()
        assert 0 <= row["PQ"] <= 100
        # Its 900 of 4096 pixels are a large instance.
        assert row["large found %"] in (0, 100)
        assert row["as stuff %"] + row["as void %"] <= 100


@pytest.mark.parametrize("name", ["hps-isi", "panoptic-fpn"])
def test_runs_bring_their_config(command, trained, tmp_path, capsys, name):
    """The own fusion of Panoptic FPN is the heuristic merge."""
    config, checkpoint = trained(f"mini/{name}_r18_mini.py")
    run = tmp_path / f"{name}-seed0"
    run.mkdir()
    result = dict(config=Path(config).read_text(), checkpoint=f"../{Path(checkpoint).name}")
    (run / "result.json").write_text(json.dumps(result))
    out = tmp_path / "study.json"
    command.main([str(run), "--device", "cpu", "--out", str(out), "--fusions", FUSIONS[0]])
    results = json.loads(out.read_text())["fusions"]
    assert [list(networks) for networks in results.values()] == [[run.name], [run.name]]
    own, merge = (networks[run.name] for networks in results.values())
    assert (own == merge) == (name == "panoptic-fpn")


def test_folder_without_a_finished_run(command, tmp_path):
    with pytest.raises(SystemExit, match=r"no result\.json. Name the folder of a finished run"):
        command.main([str(tmp_path), "--device", "cpu"])


def test_checkpoint_without_its_config(command, trained):
    _, checkpoint = trained("mini/hps_r18_mini.py")
    with pytest.raises(SystemExit, match="is no folder of a run. Name the checkpoint's config"):
        command.main([checkpoint, "--device", "cpu"])


def test_two_networks_are_refused(command, trained):
    call = arguments(*trained("mini/semantic-plus-instance_r18_mini.py"))
    with pytest.raises(SystemExit, match="the model is a SemanticPlusInstance. Name a network of"):
        command.main(call)


def test_missing_checkpoint(command, trained):
    config, _ = trained("mini/hps_r18_mini.py")
    with pytest.raises(SystemExit, match=r"none\.pth: checkpoint not found"):
        command.main(arguments(config, "none.pth"))
