"""What the benchmark of one config counts; never how fast anything is."""

import json

import pytest


def test_inference_on_the_test_images(command, pairs, capsys):
    config, checkpoint = pairs[:2]
    command.main([config, checkpoint, "--number", "3", "--warm-up", "1", "--device", "cpu"])
    *text, last = capsys.readouterr().out.splitlines()
    values = json.loads(last)
    assert values.keys() == {"images_per_s", "ms", "ms_low", "ms_high", "memory_mib", "weights_mib"}
    assert 0 < values["ms_low"] <= values["ms"] <= values["ms_high"]
    assert text[0].startswith("inference on cpu, ")
    assert not any("random" in line for line in text)
    command.main([config, "--number", "2", "--warm-up", "0", "--device", "cpu"])
    assert "The weights are random" in capsys.readouterr().out


def test_data_loader_goes_round(command, pairs, tmp_path, capsys):
    """More batches than the two images make."""
    path = tmp_path / "train.py"
    path.write_text(
        f"_base_ = {pairs[0]!r}\n"
        "train_dataloader = dict(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler'),"
        " dataset=_base_.test_dataloader.dataset)"
    )
    command.main([str(path), "--task", "dataloader", "--number", "3", "--warm-up", "1"])
    *text, last = capsys.readouterr().out.splitlines()
    values = json.loads(last)
    assert values.keys() == {"images_per_s", "ms", "ms_low", "ms_high"}
    assert text[0].startswith("batches of 2 from 0 workers: ")


def test_what_is_missing_is_named(command, pairs, tmp_path):
    with pytest.raises(SystemExit, match="benchmark: .*none.pth: checkpoint not found"):
        command.main([pairs[0], str(tmp_path / "none.pth")])
    for image in (tmp_path / "images").iterdir():
        image.unlink()
    with pytest.raises(SystemExit, match="benchmark: .*no image"):
        command.main([*pairs[:2], "--device", "cpu"])


@pytest.mark.parametrize("options", [("--number", "1"), ("--warm-up", "-1")])
def test_numbers_are_checked(command, pairs, capsys, options):
    with pytest.raises(SystemExit):
        command.main([pairs[0], *options])
    assert "--number must be at least 2, and --warm-up at least 0" in capsys.readouterr().err
