"""The benchmark of loading compares pipelines that find the same things."""

import pytest
from mmengine.registry import init_default_scope


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("analysis_tools/benchmark_loading.py")


def test_both_pipelines_find_the_same(command, tmp_path):
    init_default_scope("mmdet")
    ours, peer = command.pipelines(256, 128)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, theirs = command.make_scene(tmp_path / "a", 256, 128, 14)
    other, _ = command.make_scene(tmp_path / "b", 256, 128, 14, seed=1)
    expected = peer(dict(theirs))["data_samples"]
    assert command.agree(ours(dict(mine))["data_samples"], expected)
    assert not command.agree(ours(dict(other))["data_samples"], expected), "of another scene"
    # Without the image's decoding the rest is the same.
    again = command.after_image(ours, mine)
    assert command.agree(again()["data_samples"], expected)
    assert command.agree(again()["data_samples"], expected)
