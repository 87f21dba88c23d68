"""The picture of a config is written."""

from pathlib import Path

from mmhps.studies.data_flow_picture import load

HPS = str(Path(__file__).parents[3] / "configs/mini/hps_r18_mini.py")


def test_draws_a_config(load_tool, tmp_path, capsys):
    out = tmp_path / "new" / "flow.png"
    load_tool("misc/draw_architecture.py").main([HPS, "--out", str(out)])
    assert capsys.readouterr().out == f"{out}\n"
    assert load(out)[-1].title == "DifferentiableFusionHead"
