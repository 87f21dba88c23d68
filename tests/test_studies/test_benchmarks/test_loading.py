"""The benchmark of loading compares pipelines that find the same things."""

from mmengine.registry import init_default_scope

from mmhps.studies.benchmarks import loading
from mmhps.studies.benchmarks.scenes import label_map


def test_both_pipelines_find_the_same(tmp_path):
    init_default_scope("mmdet")
    ours, peer = loading.pipelines(256, 128)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, theirs = loading.write_scene(tmp_path / "a", label_map(256, 128, 10, 4))
    other, _ = loading.write_scene(tmp_path / "b", label_map(256, 128, 10, 4, seed=1))
    expected = peer(dict(theirs))["data_samples"]
    assert loading.agree(ours(dict(mine))["data_samples"], expected)
    assert not loading.agree(ours(dict(other))["data_samples"], expected), "of another scene"
    # Without the image's decoding the rest is the same.
    again = loading.after_image(ours, mine)
    assert loading.agree(again()["data_samples"], expected)
    assert loading.agree(again()["data_samples"], expected)


def test_rows():
    rows, agree = loading.run(repeats=1, size=(256, 128), segments=20)
    assert agree
    assert [row.case for row in rows] == [
        "256x128, 20 segments",
        "the same without the image's decoding",
        "if we only decoded the two PNGs",
        "from the second epoch on, with a cache",
    ]
