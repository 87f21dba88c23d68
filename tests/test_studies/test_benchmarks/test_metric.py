"""The benchmark of the metric compares the same numbers."""

import pytest

from mmhps.studies.benchmarks import metric


@pytest.fixture
def pairs():
    return [metric.make_pair(160, 80, 20, seed) for seed in range(2)]


def test_ours_and_the_official_numbers_agree(pairs, tmp_path):
    rows = [metric.in_memory(pairs[0], 1), metric.from_files(pairs, tmp_path, 1)]
    assert all(agree for _, agree in rows)


def test_a_difference_is_noticed(pairs, tmp_path, monkeypatch):
    quality = metric.panoptic_quality

    def worse(stats, things):
        result = quality(stats, things)
        result["All"]["pq"] += 0.01
        return result

    monkeypatch.setattr(metric, "panoptic_quality", worse)
    assert not metric.in_memory(pairs[0], 1)[1]
