"""The benchmark of the metric compares the same numbers."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("analysis_tools/benchmark_metric.py")


@pytest.fixture
def pairs(command):
    rng = np.random.default_rng(0)
    return [command.make_pair(160, 80, 9, rng) for _ in range(2)]


def test_ours_and_the_official_numbers_agree(command, pairs, tmp_path):
    rows = [command.in_memory(pairs[0], 1), command.from_files(pairs, tmp_path, 1)]
    assert all(agree for _, agree in rows)


def test_a_difference_is_noticed(command, pairs, tmp_path, monkeypatch):
    quality = command.panoptic_quality

    def worse(stats, things):
        result = quality(stats, things)
        result["All"]["pq"] += 0.01
        return result

    monkeypatch.setattr(command, "panoptic_quality", worse)
    assert not command.in_memory(pairs[0], 1)[1]
