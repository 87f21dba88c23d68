"""The command, on predictions of one label and on files."""

import json

import mmcv
import numpy as np
import pytest
from PIL import Image


def test_model_that_sees_cars_everywhere(command, pairs, tmp_path, capsys):
    """Two images of 16×200 pixels, each half road and half void."""
    out = tmp_path / "new" / "confusion.png"
    command.main([*pairs[:2], "--out", str(out), "--device", "cpu"])
    printed = capsys.readouterr().out
    assert "0.0% of the known pixels have the right class" in printed
    assert printed.count("→") == 1
    assert "100.0% of road → car (3200 pixels)" in printed
    assert mmcv.imread(out).std() > 0


@pytest.mark.parametrize(
    "arguments", [[], ["config.py"], ["config.py", "a.pth", "--gt-json-file", "gt.json"]]
)
def test_either_a_model_or_files(command, arguments, capsys):
    with pytest.raises(SystemExit):
        command.parse_args([*arguments, "--out", "a.png"])
    assert "expected either CONFIG CHECKPOINT or both of --gt" in capsys.readouterr().err


def test_missing_file_is_named(command, tmp_path):
    files = ["--gt-json-file", "no/gt.json", "--prediction-json-file", "no/pred.json"]
    with pytest.raises(SystemExit, match=r"error: no/gt\.json: no such JSON file"):
        command.main([*files, "--out", str(tmp_path / "a.png")])


def test_files(command, tmp_path, capsys):
    """Four pixels of road and two of sky, of which one is taken for road."""
    categories = [{"id": 7, "name": "road", "isthing": 0}, {"id": 23, "name": "sky", "isthing": 0}]
    for name, ids in (("gt", [[1, 1, 1, 1, 2, 2]]), ("pred", [[1, 1, 1, 1, 1, 2]])):
        (tmp_path / name).mkdir()
        rgb = np.zeros((1, 6, 3), np.uint8)
        rgb[..., 0] = ids
        Image.fromarray(rgb).save(tmp_path / name / "a.png")
        segments = [{"id": 1, "category_id": 7}, {"id": 2, "category_id": 23}]
        annotation = {"image_id": "a", "file_name": "a.png", "segments_info": segments}
        content = {"annotations": [annotation], "images": [{"id": "a"}], "categories": categories}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    gt, pred = tmp_path / "gt.json", tmp_path / "pred.json"
    files = ["--gt-json-file", str(gt), "--prediction-json-file", str(pred)]
    command.main([*files, "--out", str(tmp_path / "a.png")])
    printed = capsys.readouterr().out
    assert "83.3% of the known pixels" in printed
    assert " 50.0% of sky → road (1 pixels)" in printed
