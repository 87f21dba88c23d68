"""Tables of results, from numbers worked out by hand."""

import re

import pytest

from mmhps.studies import tables
from mmhps.studies.systems import SYSTEMS


def metrics(**values):
    return {**dict.fromkeys(tables.VALUES, 0.0), **values}


@pytest.fixture
def results():
    return {
        "panoptic-fpn": {
            "0": dict(metrics=metrics(PQ=40.0, PQ_th=30.0)),
            "1": dict(metrics=metrics(PQ=42.0, PQ_th=31.0)),
            "2": dict(metrics=metrics(PQ=41.0)),
        },
        "hps": {
            "0": dict(metrics=metrics(PQ=42.0, PQ_th=33.0), heuristic=metrics(PQ=41.5)),
            "1": dict(metrics=metrics(PQ=43.0, PQ_th=32.0), heuristic=metrics(PQ=42.5)),
        },
    }


def rows_of(text):
    return [re.sub(r" +", " ", line).strip("| ").split(" | ") for line in text.splitlines()]


def test_mean_and_deviation():
    assert tables.mean_std([40.0]) == "40.0"
    assert tables.mean_std([40.0, 42.0, 41.0]) == "41.0 ± 1.0"


def test_results_table(results):
    rows = rows_of(tables.results_table(results, SYSTEMS))
    assert rows[0] == ["system", "seeds", *tables.HEADER]
    assert [row[:3] for row in rows[2:]] == [
        ["Panoptic FPN", "3", "41.0 ± 1.0"],
        ["HPS", "2", "42.5 ± 0.7"],
        ["HPS, heuristic merge", "2", "42.0 ± 0.7"],
    ]
    assert rows[3][5] == "32.5 ± 0.7"


def test_baseline_table(results):
    """Of three systems, the better one first; of one seed there is no error."""
    results["hps-isi"] = {"2": dict(metrics=metrics(PQ=44.0, PQ_st=2.0))}
    rows = rows_of(tables.baseline_table(results, SYSTEMS))
    assert rows[2][:5] == ["HPS + ISI", "1", "+3.00", "+0.00", "+2.00"]
    # 2 and 1: mean 1.5, standard error 0.5; 3 and 1: 2 and 1.
    assert rows[3][:5] == ["HPS", "2", "+1.50 ± 0.50", "+2.00 ± 1.00", "+0.00 ± 0.00"]
    assert rows[3][5] == "+0.50 ± 0.00" and len(rows) == 4
    # The same where the baseline is an ablation of Panoptic FPN.
    results["photos-panoptic-fpn"] = results.pop("panoptic-fpn")
    assert rows_of(tables.baseline_table(results, SYSTEMS)) == rows


def test_costs_table():
    cost = dict(parameters=4.0, operations=2.5, step=200.0, prediction=50.0, fusion=1.25)
    costs = {"hps": cost, "hps-isi": dict(cost, step=250.0)}
    rows = rows_of(tables.costs_table(costs, SYSTEMS))
    assert rows[2] == ["HPS", "4.00", "2.50", "1.2", "50.0", "1.00"]
    assert rows[3] == ["HPS + ISI", "4.00", "2.50", "1.2", "50.0", "1.25"]


def test_single_classes_have_columns_where_all_runs_report_them():
    runs = {"0": dict(metrics=metrics(PQ_car=40.0)), "1": dict(metrics=metrics(PQ_car=44.0))}
    upper = {"0": dict(metrics=metrics(PQ_car=41.0)), "1": dict(metrics=metrics(PQ_car=46.0))}
    both = {"panoptic-fpn": runs, "hps": upper}
    rows = rows_of(tables.results_table(both, SYSTEMS))
    assert [row[-1] for row in rows] == ["PQ car", rows[1][-1], "42.0 ± 2.8", "43.5 ± 3.5"]
    # 1 and 2: mean 1.5, standard error 0.5.
    assert rows_of(tables.differences_table(both, SYSTEMS))[-1][1:] == [
        "PQ_car",
        "+1.50",
        "0.50",
        "2",
    ]
    upper["1"]["metrics"].pop("PQ_car")
    assert rows_of(tables.results_table(both, SYSTEMS))[0][-1] == "RQ St"


def test_differences_are_paired_by_seed(results):
    rows = rows_of(tables.differences_table(results, SYSTEMS))
    # Seeds 0 and 1: 2 and 1, mean 1.5, standard deviation 0.71, standard error 0.5.
    assert rows[2] == ["HPS − Panoptic FPN", "PQ", "+1.50", "0.50", "2"]
    assert rows[3] == ["HPS − Panoptic FPN", "PQ_th", "+2.00", "1.00", "2"]
    # 42 - 41.5 and 43 - 42.5.
    assert rows[5] == ["HPS: own fusion − heuristic merge", "PQ", "+0.50", "0.00", "2"]
    assert len(rows) == 8


def test_hps_isi_is_also_compared_with_panoptic_fpn(results):
    results["hps-isi"] = {"1": dict(metrics=metrics(PQ=45.0)), "2": dict(metrics=metrics(PQ=43.0))}
    rows = rows_of(tables.differences_table(results, SYSTEMS))
    # Seeds 1 and 2: 45 - 42 and 43 - 41.
    assert rows[8] == ["HPS + ISI − Panoptic FPN", "PQ", "+2.50", "0.50", "2"]
    assert [row[0] for row in rows].count("HPS + ISI − Panoptic FPN") == 3
    without_hps = {key: results[key] for key in ("panoptic-fpn", "hps-isi")}
    assert len(rows_of(tables.differences_table(without_hps, SYSTEMS))) == 5


def test_fusions_table():
    """Differences are paired by network: 41 - 40 and 44 - 42 in PQ."""

    def values(pq, duplicate):
        return {"PQ": pq, "PQ Th": 30.0, "SQ Th": 70.0, "RQ Th": 40.0, "PQ St": pq} | dict(
            duplicate=duplicate
        )

    own = dict(a=values(40.0, 3), b=values(42.0, 4))
    other = dict(a=values(41.0, 1), b=values(44.0, 2))
    rows = rows_of(tables.fusions_table(dict(fusions=dict(own=own, other=other))))
    assert rows[0] == ["fusion", "PQ", "Δ PQ", "Δ PQ Th", "Δ PQ St", "duplicate"]
    assert rows[2] == ["own", "41.0 ± 1.4", "–", "–", "–", "3.5"]
    assert rows[3] == [
        *("other", "42.5 ± 2.1", "+1.50 ± 0.50", "+0.00 ± 0.00", "+1.50 ± 0.50"),
        "1.5",
    ]
    single = dict(own=dict(a=own["a"]), other=dict(a=other["a"]))
    assert rows_of(tables.fusions_table(dict(fusions=single)))[3][1:3] == ["41.0", "+1.00"]


def test_one_seed_has_no_standard_error(results):
    single = {system: {"0": runs["0"]} for system, runs in results.items()}
    assert rows_of(tables.differences_table(single, SYSTEMS))[2][2:] == ["+2.00", "–", "1"]


def test_onnx_table():
    file = dict(ms=64.2, different_percent=0.01, worst_image_percent=1, PQ=50.318, megabytes=17.46)
    file |= dict(images_with_other_instances=2, date="2026-11-27")
    results = {"drawn": dict(images=3, threads=1, torch=dict(ms=94.5, PQ=50.3), **{"x.onnx": file})}
    rows = rows_of(tables.onnx_table(results))
    assert rows[-2:] == [
        ["drawn", "3", "torch", "–", "50.30", "–", "–", "–", "94"],
        ["drawn", "3", "x.onnx", "17.5", "50.32", "0.0100", "1.000", "2", "64"],
    ]
