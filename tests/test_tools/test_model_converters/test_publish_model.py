"""Publishing a checkpoint."""

import hashlib

import pytest
import torch


@pytest.fixture
def tool(load_tool):
    return load_tool("model_converters/publish_model.py")


@pytest.fixture
def checkpoint():
    weights = {
        "backbone.conv": torch.tensor([1.0, 1 / 3]),
        "backbone.num_batches_tracked": torch.tensor(7),
        "neck.conv": torch.tensor([2.0]),
        "roi_head.conv": torch.tensor([3.0]),
    }
    meta = dict(
        cfg="model = dict()",
        iter=5,
        seed=0,
        experiment_name="at_home",
        dataset_meta=dict(classes=("a", "b"), palette=[(1, 2, 3), (4, 5, 6)]),
    )
    return dict(state_dict=weights, meta=meta, optimizer=dict(state=[torch.ones(9)]))


def test_keeps_weights_and_plain_meta(tool, checkpoint):
    slim = tool.slim(checkpoint)
    assert slim.keys() == {"state_dict", "meta"}
    assert slim["state_dict"].keys() == checkpoint["state_dict"].keys()
    assert slim["state_dict"]["backbone.conv"].tolist() == pytest.approx([1.0, 1 / 3])
    meta = slim["meta"]
    assert meta.keys() == {"cfg", "iter", "seed", "dataset_meta", "mmhps_version"}
    assert meta["dataset_meta"] == dict(classes=["a", "b"], palette=[[1, 2, 3], [4, 5, 6]])


def test_half_precision_leaves_integers_alone(tool, checkpoint):
    state = tool.slim(checkpoint, half=True)["state_dict"]
    assert state["backbone.conv"].dtype == torch.float16
    assert state["backbone.num_batches_tracked"].dtype == torch.int64


def test_keeps_parts(tool, checkpoint):
    state = tool.slim(checkpoint, keep=["backbone", "neck"])["state_dict"]
    assert state.keys() == {"backbone.conv", "backbone.num_batches_tracked", "neck.conv"}


def test_unknown_part_is_named(tool, checkpoint):
    with pytest.raises(ValueError, match="no part 'head'; the parts are backbone, neck, roi_head"):
        tool.slim(checkpoint, keep=["backbone", "head"])


def test_refuses_weights_beyond_half_precision(tool, checkpoint):
    checkpoint["state_dict"]["neck.conv"] = torch.tensor([1e6])
    tool.slim(checkpoint)
    with pytest.raises(ValueError, match="neck.conv holds values that are not finite"):
        tool.slim(checkpoint, half=True)


def test_file_has_its_hash_in_its_name_and_loads_safely(tool, checkpoint, tmp_path, capsys):
    source = tmp_path / "iter_5.pth"
    torch.save(checkpoint, source)
    tool.main([str(source), str(tmp_path / "zoo" / "net.pth"), "--half"])
    (path,) = (tmp_path / "zoo").iterdir()
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    assert path.name == f"net-{digits}.pth"
    assert str(path) in capsys.readouterr().out
    loaded = torch.load(path, weights_only=True)
    assert loaded["state_dict"]["neck.conv"].tolist() == [2.0]


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_unreadable_checkpoint_ends_with_a_message(tool, tmp_path, content):
    source = tmp_path / "iter_5.pth"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(SystemExit, match="publish_model: .*iter_5.pth"):
        tool.main([str(source), str(tmp_path / "net.pth")])
    assert not list(tmp_path.glob("net*"))
