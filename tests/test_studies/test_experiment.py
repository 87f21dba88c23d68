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
