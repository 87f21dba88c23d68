"""Publishing a checkpoint."""

import hashlib
import json
import os

import pytest
import torch
from mmengine.fileio import dump, load

from mmhps.apis import model_zoo
from mmhps.converters.publication import measured, slim, without_folders


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


def test_keeps_weights_and_plain_meta(checkpoint):
    published = slim(checkpoint)
    assert published.keys() == {"state_dict", "meta"}
    assert published["state_dict"].keys() == checkpoint["state_dict"].keys()
    assert published["state_dict"]["backbone.conv"].tolist() == pytest.approx([1.0, 1 / 3])
    meta = published["meta"]
    assert meta.keys() == {"cfg", "iter", "seed", "dataset_meta"}
    assert meta["dataset_meta"] == dict(classes=["a", "b"], palette=[[1, 2, 3], [4, 5, 6]])


def test_half_precision_leaves_integers_alone(checkpoint):
    state = slim(checkpoint, half=True)["state_dict"]
    assert state["backbone.conv"].dtype == torch.float16
    assert state["backbone.num_batches_tracked"].dtype == torch.int64


def test_keeps_parts(checkpoint):
    state = slim(checkpoint, keep=["backbone", "neck"])["state_dict"]
    assert state.keys() == {"backbone.conv", "backbone.num_batches_tracked", "neck.conv"}


def test_unknown_part_is_named(checkpoint):
    with pytest.raises(ValueError, match="no part 'head'; the parts are backbone, neck, roi_head"):
        slim(checkpoint, keep=["backbone", "head"])


def test_refuses_weights_beyond_half_precision(checkpoint):
    checkpoint["state_dict"]["neck.conv"] = torch.tensor([1e6])
    slim(checkpoint)
    with pytest.raises(ValueError, match="neck.conv holds values that are not finite"):
        slim(checkpoint, half=True)


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
    assert {"mmhps", "mmengine", "mmdet", "torch"} <= loaded["meta"]["versions"].keys()
    assert "metrics" not in loaded["meta"]


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_unreadable_checkpoint_ends_with_a_message(tool, tmp_path, content):
    source = tmp_path / "iter_5.pth"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(SystemExit, match="publish_model: .*iter_5.pth"):
        tool.main([str(source), str(tmp_path / "net.pth")])
    assert not list(tmp_path.glob("net*"))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ""),
        ("a = '/home/me/runs/street-seed0'", "a = 'street-seed0'"),
        ("a = \"/data/\", b = '/'", "a = \"data\", b = '/'"),
        (
            "a = 'data/mini'\nb = 'https://a.org/b.pth'",
            "a = 'data/mini'\nb = 'https://a.org/b.pth'",
        ),
        ("a = '/x/y', b = '/x/../y/z.pth'", "a = 'y', b = 'z.pth'"),
    ],
)
def test_folders_of_the_machine_are_cut(text, expected):
    assert without_folders(text) == expected


METRICS = dict(PQ=40.5, PQ_th=41.0, PQ_st=40.0)


@pytest.fixture
def zoo(tool, build_model, tiny_config, tmp_path, monkeypatch):
    """A zoo of one very narrow model, and a checkpoint of it; returns a function to publish it."""
    name = "panoptic-fpn_r18_street"
    folder = tmp_path / "configs" / "street"
    folder.mkdir(parents=True)
    cfg = tiny_config("mini/panoptic-fpn_r18_mini.py")
    cfg.data_root = str(tmp_path / "street")
    cfg.dump(folder / f"{name}.py")
    model = dict(
        Name=name,
        Config=f"configs/street/{name}.py",
        Metadata={"Training Data": "Street"},
        Weights=model_zoo.NOT_PUBLISHED,
    )
    dump(dict(Collections=[], Models=[model]), folder / "metafile.yml")
    (tmp_path / "model-index.yml").write_text("Import: [configs/street/metafile.yml]")
    (tmp_path / "docs/results").mkdir(parents=True)
    stored = {"panoptic-fpn": {"3": dict(metrics=METRICS, date="2030-01-02")}}
    (tmp_path / "docs/results/street.json").write_text(json.dumps(stored))
    weights = build_model("mini/panoptic-fpn_r18_mini.py").state_dict()
    meta = dict(cfg="max_iters = 7", seed=3, iter=5)
    torch.save(dict(state_dict=weights, meta=meta), tmp_path / "iter_5.pth")
    monkeypatch.setattr(tool, "ROOT", tmp_path)

    def publish(result=None):
        if result:
            result = dict(result, checkpoint="iter_5.pth", versions=dict(torch="2.9"))
            (tmp_path / "result.json").write_text(json.dumps(result))
        tool.main([str(tmp_path / "iter_5.pth"), str(tmp_path / f"zoo/{name}.pth")])
        (path,) = (tmp_path / "zoo").iterdir()
        return path

    return publish


def test_listed_model_is_entered_with_config_and_metrics(zoo, tmp_path):
    path = zoo(dict(metrics=METRICS))
    meta = torch.load(path, weights_only=True)["meta"]
    assert meta["metrics"] == METRICS and meta["versions"] == dict(torch="2.9")
    assert "data_root = 'street'" in meta["cfg"] and str(tmp_path) not in meta["cfg"]
    assert "max_iters = 1000" in meta["cfg"]
    (model,) = load(tmp_path / "configs/street/metafile.yml")["Models"]
    assert model["Weights"] == model_zoo.WEIGHTS_ADDRESS + path.name
    assert model["Metadata"]["Seed"] == 3
    assert model["Results"][0]["Metrics"] == METRICS


def test_result_of_another_run_is_not_claimed(zoo, tmp_path):
    with pytest.raises(SystemExit, match="lists PQ 40.5 .*seed 3.* has no result of this check"):
        zoo()
    with pytest.raises(SystemExit, match="lists PQ 40.5 for .*_street, seed 3, but .* has 40.4"):
        zoo(dict(metrics=dict(METRICS, PQ=40.4)))
    assert not (tmp_path / "zoo").exists()
    (model,) = load(tmp_path / "configs/street/metafile.yml")["Models"]
    assert model["Weights"] == model_zoo.NOT_PUBLISHED and "Results" not in model


def test_weights_of_another_model_are_refused(zoo, tmp_path):
    checkpoint = torch.load(tmp_path / "iter_5.pth", weights_only=True)
    checkpoint["state_dict"].popitem()
    torch.save(checkpoint, tmp_path / "iter_5.pth")
    with pytest.raises(SystemExit, match="iter_5.pth: its weights do not fit the config"):
        zoo(dict(metrics=METRICS))


def test_result_beside_it_may_be_of_another_checkpoint(tmp_path):
    result = dict(metrics=METRICS, versions={}, checkpoint="iter_5.pth")
    (tmp_path / "result.json").write_text(json.dumps(result))
    assert measured(tmp_path / "iter_5.pth") == dict(metrics=METRICS, versions={})
    assert "metrics" not in measured(tmp_path / "iter_4.pth")


class MakesFolder:
    """Unpickling it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("made",)


def test_code_is_refused_or_left_behind(tool, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(checkpoint, extra=MakesFolder()), "evil.pth")
    with pytest.raises(SystemExit, match=r"evil\.pth: .*--trust-checkpoint"):
        tool.main(["evil.pth", "net.pth"])
    assert not (tmp_path / "made").exists()
    tool.main(["evil.pth", "net.pth", "--trust-checkpoint"])
    assert (tmp_path / "made").is_dir()
    (path,) = tmp_path.glob("net-*.pth")
    assert torch.load(path, weights_only=True).keys() == {"meta", "state_dict"}
