"""Results of runs: what is stored, and what is refused."""

import json

import pytest
from mmengine.config import Config

from mmhps.studies import experiment


def config(**options):
    return Config(dict(model=dict(type="HPS"), **options))


def stored_config(cfg, work_dir, seed):
    cfg.work_dir, cfg.randomness = str(work_dir), dict(seed=seed)
    return cfg.pretty_text


def test_finished_run_is_not_repeated(tmp_path):
    stored = dict(config=stored_config(config(), tmp_path, 3), metrics=dict(PQ=1.0))
    (tmp_path / "result.json").write_text(json.dumps(stored))
    assert experiment.train_and_score(config(), tmp_path, "title", seed=3) == stored


def test_folder_of_a_run_keeps_the_config_that_was_trained(tmp_path, monkeypatch):
    """The heuristic merge is scored in a folder of its own: a runner writes its config there."""
    counts = dict(num_things_classes=8, num_stuff_classes=11)
    cfg = config()
    cfg.model.panoptic_fusion_head = dict(type="DifferentiableFusionHead", **counts)
    folders = {}

    def score(cfg, checkpoint, title):
        folders[cfg.model.panoptic_fusion_head.type] = cfg.work_dir
        return dict(PQ=1.0)

    timings = dict(minutes=1.0, seconds_per_step=1.0)
    monkeypatch.setattr(experiment, "_train", lambda cfg, folder: (str(folder / "x.pth"), timings))
    monkeypatch.setattr(experiment, "score", score)
    experiment.train_and_score(cfg, tmp_path, "title", seed=0)
    assert folders == {
        "DifferentiableFusionHead": str(tmp_path),
        "HeuristicMergeHead": str(tmp_path / "heuristic_merge"),
    }


@pytest.mark.parametrize("record", ["result.json", "running.json"])
def test_run_of_another_config_is_refused(tmp_path, record):
    stored = dict(config=stored_config(config(), tmp_path, 3))
    (tmp_path / record).write_text(json.dumps(stored))
    with pytest.raises(ValueError, match=f"{record} is of a run with another config or seed"):
        experiment.train_and_score(config(), tmp_path, "title", seed=4)


def test_heuristic_merge_replaces_any_other_fusion():
    counts = dict(num_things_classes=8, num_stuff_classes=11)
    merge = dict(type="HeuristicMergeHead", **counts)
    own = dict(type="DifferentiableFusionHead", mask_scale=1.0, **counts)
    cfg = Config(dict(model=dict(panoptic_fusion_head=own)))
    assert experiment.with_heuristic_merge(cfg).model.panoptic_fusion_head == merge
    assert cfg.model.panoptic_fusion_head == own
    cfg.model.panoptic_fusion_head = merge
    assert experiment.with_heuristic_merge(cfg) is None
