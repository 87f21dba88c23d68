"""Systems and ablations: names, titles and configs."""

from pathlib import Path

from mmhps.studies.systems import SUFFIXES, method_name, system_configs, titles_of

CONFIGS = Path(__file__).parents[2] / "configs"


def test_every_data_set_has_all_systems():
    for dataset in SUFFIXES:
        paths = system_configs(CONFIGS, dataset)
        assert all(path.is_file() for path in paths)
        assert list(titles_of(paths).values()) == [
            "Semantic + Instance",
            "Panoptic FPN",
            "HPS",
            "HPS + ISI",
        ]


def test_no_configs_have_no_titles():
    assert titles_of([]) == {}


def test_the_title_is_that_of_the_config_or_else_the_name(tmp_path):
    (tmp_path / "mine_r18_mini.py").write_text("model = {}")
    (tmp_path / "other.py").write_text("title = 'Another'")
    paths = [tmp_path / "mine_r18_mini.py", tmp_path / "other.py"]
    assert [method_name(path) for path in paths] == ["mine", "other"]
    assert titles_of(paths) == {"mine": "mine", "other": "Another"}
