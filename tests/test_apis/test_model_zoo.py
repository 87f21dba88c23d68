"""Models are found by name, and their weights here or by download."""

import hashlib

import pytest
import torch

from mmhps.apis import model_zoo


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(
        FileNotFoundError,
        match=r"hps_r19: .* weights \([^)]*hps-isi_r18_mini.*\) or .*\(.*hps_r18_mini.*pretrain_r",
    ):
        model_zoo.find_model("hps_r19")
    model = dict(Name="a_r18", Config="configs/a_r18.py", Weights=model_zoo.NOT_PUBLISHED)
    with pytest.raises(FileNotFoundError, match="a_r18: no weights .*tools/train.py configs/a_r18"):
        model_zoo.published_weights(model)


def test_weights_are_downloaded_once_and_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    digits = hashlib.sha256(b"weights").hexdigest()[:8]
    hosted = tmp_path / "host" / f"a_r18-{digits}.pth"
    hosted.parent.mkdir()
    hosted.write_bytes(b"other weights")
    model = dict(Name="a_r18", Weights=hosted.as_uri())
    with pytest.raises(ValueError, match=f"{hosted.name}: is not the published file .*{digits}"):
        model_zoo.published_weights(model)
    hosted.write_bytes(b"weights")
    path = model_zoo.published_weights(model)
    assert path == tmp_path / "hub/checkpoints" / hosted.name and path.read_bytes() == b"weights"
    hosted.unlink()
    assert model_zoo.published_weights(model) == path
    path.unlink()
    with pytest.raises(OSError, match=f"{hosted.name}: cannot be downloaded .* put the file into"):
        model_zoo.published_weights(model)
