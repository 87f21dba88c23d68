import pytest

from mmhps.runtime import shipped


def test_root_is_the_wheels_or_the_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "mmhps/runtime/shipped.py"))
    with pytest.raises(FileNotFoundError, match=r"\.mim.* Install mmhps from its sources"):
        shipped.zoo_root()
    (tmp_path / "model-index.yml").touch()
    assert shipped.zoo_root() == tmp_path
    (tmp_path / "mmhps/.mim").mkdir(parents=True)
    (tmp_path / "mmhps/.mim/model-index.yml").touch()
    assert shipped.zoo_root() == tmp_path / "mmhps/.mim"


def test_an_installation_without_the_exported_model(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "zoo_root", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"streets-\*\.onnx: the exported model is missing"):
        shipped.shipped_onnx()
