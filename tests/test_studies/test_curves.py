"""Curves of written logs."""

import json

import mmcv
import pytest

from mmhps.studies.curves import draw, find_log, read_curves


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("analysis_tools/analyze_logs.py")


@pytest.fixture
def runs(tmp_path):
    """Two work directories; the first has an older run, and only the second a PQ."""

    def train(loss, step):
        return dict(loss=loss, iter=step, step=step)

    def write(folder, *lines):
        (tmp_path / folder / "vis_data").mkdir(parents=True)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / folder / "vis_data" / "scalars.json").write_text(text)

    validation = {"cityscapes_panoptic/PQ": 40.0, "step": 0}  # without epochs, it is always 0
    write("one/20250101_000000", train(9.0, 1))
    write("one/20250102_000000", train(4.0, 10), train(2.0, 20))
    write("two/20250101_000000", train(3.0, 10), validation)
    return [tmp_path / "one", tmp_path / "two"]


def test_lines_are_the_logged_values(runs):
    curves = {run.name: read_curves(find_log(run)) for run in runs}
    loss, pq = draw(curves, ["loss", "PQ"]).axes
    assert [line.get_xydata().tolist() for line in loss.lines] == [[[10, 4], [20, 2]], [[10, 3]]]
    assert [line.get_xydata().tolist() for line in pq.lines] == [[[10, 40]]]
    assert pq.lines[0].get_color() == loss.lines[1].get_color()


def test_picture_and_last_values(command, runs, tmp_path, capsys):
    out = tmp_path / "new" / "curves.png"
    arguments = [*map(str, runs), "--names", "a", "b", "--out", str(out)]
    command.main([*arguments, "--keys", "loss", "PQ"])
    assert capsys.readouterr().out.splitlines()[:2] == ["a: loss 2", "b: loss 3, PQ 40"]
    assert mmcv.imread(out).std() > 0
    with pytest.raises(SystemExit, match=r"error: --keys: no run logged 'los'; .*'loss'"):
        command.main([*arguments, "--keys", "los"])


def test_empty_folder_and_foreign_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="Name a work directory"):
        find_log(tmp_path)
    path = tmp_path / "scalars.json"
    path.write_text("")
    assert read_curves(path) == {}
    for line in ('{"loss": 1}', "[]", "no"):
        path.write_text(line)
        with pytest.raises(ValueError, match=r"scalars\.json, line 1: expected a JSON object"):
            read_curves(path)


def test_names_differ(command, capsys):
    with pytest.raises(SystemExit):
        command.main(["x", "y", "--names", "a", "a", "--out", "a.png"])
    assert "expected 2 different names" in capsys.readouterr().err
