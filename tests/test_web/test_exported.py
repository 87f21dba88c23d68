from mmhps.apis.model_zoo import DEFAULT_MODEL
from mmhps.web import exported


def test_exported_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls = []

    def export(config, weights, path):
        calls.append((config.name, weights.suffix))
        path.parent.mkdir()
        path.touch()

    monkeypatch.setattr(exported, "_export", export)
    first, second = exported.default_onnx(), exported.default_onnx()
    assert first == second and first.parent == tmp_path / "mmhps" and first.suffix == ".onnx"
    assert calls == [(f"{DEFAULT_MODEL}.py", ".pth")]
    assert capsys.readouterr().out.count(f"Exporting {DEFAULT_MODEL} to") == 1
