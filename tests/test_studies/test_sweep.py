"""Which runs a sweep makes."""

from pathlib import Path

import pytest

from mmhps.studies import sweep

CONFIG = Path(__file__).parents[2] / "configs" / "kitti" / "hps_lite0_kitti.py"


@pytest.fixture
def runs(monkeypatch):
    """What would be trained: the config and the seed of each run."""
    made = []
    monkeypatch.setattr(
        sweep, "train_and_score", lambda cfg, folder, heading, seed: made.append((cfg, seed))
    )
    return made


def test_without_folds_the_splits_are_those_of_the_config(runs, tmp_path):
    sweep.run_missing([CONFIG], [0, 7], tmp_path, {})
    assert [seed for _, seed in runs] == [0, 7]
    assert all("fold" not in cfg.train_dataloader.dataset for cfg, _ in runs)
    assert runs[0][0].val_dataloader.dataset.data_prefix.img == "leftImg8bit/val"


def test_seed_k_holds_out_block_k_of_all_images(runs, tmp_path):
    sweep.run_missing([CONFIG], [1, 7], tmp_path, {}, folds=5)
    for (cfg, _), number in zip(runs, (1, 2), strict=True):
        for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
            dataset = cfg[name].dataset
            assert dataset.fold == dict(number=number, of=5, splits=["train", "val"])
            assert dataset.data_prefix == dict(img="leftImg8bit", seg="gtFine")
        # The data set tells by its mode which part of a fold is meant.
        assert not cfg.train_dataloader.dataset.get("test_mode", False)
        assert cfg.val_dataloader.dataset.test_mode
