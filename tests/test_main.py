import pytest

from mmhps.__main__ import build_parser, main


def test_web_listens_on_this_machine_alone_unless_told():
    args = build_parser().parse_args(["web"])
    assert (args.onnx, args.host, args.port) == (None, None, None)


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit):
        main([])
    assert "the following arguments are required: command" in capsys.readouterr().err


def test_no_such_file(tmp_path):
    for package in ("gradio", "onnxruntime"):
        pytest.importorskip(package, reason="needs the extra web")
    with pytest.raises(SystemExit, match="error: .*no.onnx: there is no such file"):
        main(["web", "--onnx", str(tmp_path / "no.onnx")])
