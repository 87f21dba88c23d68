"""The table of operations and parameters."""


def test_table_and_shape_of_the_pipeline(command, tiny_config, tmp_path, capsys):
    config = tmp_path / "tiny.py"
    tiny_config("mini/hps_r18_mini.py").dump(config)
    command.main([str(config)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "one image of 256x128 pixels"
    assert lines[-1].startswith("total")
