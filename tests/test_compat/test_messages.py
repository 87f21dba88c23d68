"""What other packages say in every run is hidden."""

import warnings

import torch
from mmengine.logging import MMLogger
from mmengine.runner import checkpoint

from mmhps.compat import messages


def test_hidden_python_warnings():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        messages.hide_third_party_warnings()
        warnings.warn("`broadcast_buffers` is deprecated. Use …", FutureWarning, stacklevel=1)
        warnings.warn("`something` is deprecated.", FutureWarning, stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["`something` is deprecated."]


def test_path_of_a_loaded_checkpoint_goes_to_the_log(tmp_path, capsys):
    MMLogger.get_instance("paths", log_file=str(tmp_path / "log")).handlers[0].setLevel("ERROR")
    messages.hide_third_party_warnings()
    torch.save(dict(state_dict={}), tmp_path / "weights.pth")
    checkpoint._load_checkpoint(str(tmp_path / "weights.pth"))
    assert capsys.readouterr().out == ""
    assert "weights.pth" in (tmp_path / "log").read_text()
