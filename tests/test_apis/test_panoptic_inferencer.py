"""From pictures to panoptic maps and files, with an untrained network or with a known map."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from mmengine.dataset import Compose
from mmengine.structures import PixelData
from PIL import Image

from mmhps.apis import PanopticInferencer
from mmhps.apis.trained_models import predict_panoptic
from mmhps.datasets.cityscapes_panoptic import cityscapes_metainfo
from mmhps.metrics import PanopticFiles
from mmhps.results import resize_ids
from mmhps.runtime import picture_stream
from mmhps.structures.id_files import read_rgb_ids
from mmhps.structures.id_formats import CITYSCAPES_CLASSES

ROOT = Path(__file__).parents[2]
CONFIG = "mini/hps-isi_r18_mini.py"
CAR, ROAD, VOID = 2, 8, 19
# Two cars (instances 1 and 3; 2 has no pixel) on a road, and void.
IDS = [[ROAD, CAR + 1000, CAR + 1000], [ROAD, ROAD, CAR + 3000], [VOID, ROAD, CAR + 3000]]
CARS_AND_ROAD = [
    dict(id=1, category_id=7, category="road", isthing=False, area=4, bbox=[0, 0, 2, 3]),
    dict(id=2, category_id=26, category="car", isthing=True, area=2, bbox=[1, 0, 2, 1], score=0.9),
    dict(id=3, category_id=26, category="car", isthing=True, area=2, bbox=[2, 1, 1, 2], score=0.7),
]


@pytest.fixture
def inferencer(tiny_config, build_model, tmp_path):
    """An untrained network, from a checkpoint."""
    path = tmp_path / "tiny.pth"
    meta = dict(dataset_meta=cityscapes_metainfo(CITYSCAPES_CLASSES))
    torch.save(dict(state_dict=build_model(CONFIG).state_dict(), meta=meta), path)
    return PanopticInferencer(tiny_config(CONFIG), path, "cpu", show_progress=False)


@pytest.fixture
def street(inferencer, monkeypatch):
    """An inferencer whose network always sees two cars on a road, in 3x3 pixels."""

    def see(data):
        for sample in data["data_samples"]:
            sample.pred_panoptic_seg = PixelData(
                sem_seg=torch.tensor([IDS], dtype=torch.int32),
                metainfo=dict(instance_scores=[0.9, 0.8, 0.7]),
            )
        return data["data_samples"]

    monkeypatch.setattr(inferencer, "forward", see)
    return inferencer


def noise(*shape):
    return np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)


def test_nothing(inferencer, tmp_path):
    assert inferencer([], out_dir=tmp_path / "out") == dict(predictions=[], skipped={})
    assert json.loads((tmp_path / "out/panoptic.json").read_text())["annotations"] == []


def test_same_map_as_the_test_pipeline(inferencer, tmp_path):
    path = tmp_path / "street.png"
    Image.fromarray(noise(90, 160, 3)).save(path)
    pipeline = Compose(inferencer.cfg.test_dataloader.dataset.pipeline)
    expected = predict_panoptic(inferencer.model, pipeline, dict(img_path=str(path)))
    (prediction,) = inferencer(path)["predictions"]
    assert (prediction.image_id, prediction.img_path) == ("street", str(path))
    labels = {info["id"]: info for info in prediction.segments}
    assert len(labels) == len(set(np.unique(expected)) - {VOID}) > 1
    for value in np.unique(expected):
        (number,) = np.unique(prediction.ids[expected == value])
        if value == VOID:
            assert number == 0
        else:
            assert labels[number]["category"] == CITYSCAPES_CLASSES[value % 1000]
            assert labels[number]["area"] == (expected == value).sum()
            assert ("score" in labels[number]) == labels[number]["isthing"] == (value >= 1000)


def test_map_and_segments(street):
    (prediction,) = street(noise(3, 3, 3))["predictions"]
    assert prediction.ids.tolist() == [[1, 2, 2], [1, 1, 3], [0, 1, 3]]
    assert prediction.ids.dtype == np.int32
    assert prediction.segments == CARS_AND_ROAD
    assert (prediction.image_id, prediction.img_path) == ("000000", None)


def test_heads_without_scores(street, monkeypatch):
    see = street.forward

    def see_only(data):
        samples = see(data)
        for sample in samples:
            sample.pred_panoptic_seg = PixelData(sem_seg=sample.pred_panoptic_seg.sem_seg)
        return samples

    monkeypatch.setattr(street, "forward", see_only)
    (prediction,) = street(noise(3, 3, 3))["predictions"]
    assert all("score" not in info for info in prediction.segments)


def test_results_go_into_a_folder(street, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(
        OSError, match=r"out: results cannot be written there \(.*\)\. Name another"
    ):
        street(noise(3, 3), out_dir=tmp_path / "out")


def test_files(street, tmp_path):
    path = tmp_path / "frankfurt_1_leftImg8bit.png"
    Image.fromarray(noise(3, 3)).save(path)
    out = tmp_path / "out"
    street([path, noise(3, 3)], batch_size=2, out_dir=out)
    content = json.loads((out / "panoptic.json").read_text())
    assert content["images"] == [
        dict(id="frankfurt_1", file_name=path.name, height=3, width=3, source=str(path)),
        dict(id="000001", file_name="000001.png", height=3, width=3),
    ]
    car = dict(id=26, name="car", isthing=1, color=[0, 0, 142])
    assert car in content["categories"] and len(content["categories"]) == 19
    files = PanopticFiles.read(out / "panoptic.json")
    for image_id in ("frankfurt_1", "000001"):
        assert files.annotations[image_id]["segments_info"] == CARS_AND_ROAD
        assert read_rgb_ids(files.png(image_id)).tolist() == [[1, 2, 2], [1, 1, 3], [0, 1, 3]]
        with Image.open(out / "overlays" / f"{image_id}.png") as overlay:
            assert overlay.height > 3  # the legend is below
            assert max(overlay.convert("RGB").getpixel((overlay.width // 2, 1))) < 255


def test_earlier_results_are_kept(street, tmp_path):
    out = tmp_path / "out"
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.fromarray(noise(3, 3)).save(tmp_path / folder / "a.png")
        street(tmp_path / folder, out_dir=out)
    street(tmp_path / "one", out_dir=out)  # the same picture once more
    for _ in range(2):
        street(noise(3, 3), out_dir=out)
    expected = ["a", "a_2", "000000", "000000_2"]
    assert list(PanopticFiles.read(out / "panoptic.json").annotations) == expected
    for folder in ("overlays", "panoptic"):
        assert sorted(os.listdir(out / folder)) == sorted(f"{name}.png" for name in expected)
    (out / "overlays" / "b.png").touch()  # somebody else's
    Image.fromarray(noise(3, 3)).save(tmp_path / "b.png")
    assert street(tmp_path / "b.png", out_dir=out)["predictions"][0].image_id == "b_2"


def test_results_of_other_classes_are_kept(street, tmp_path):
    (tmp_path / "panoptic.json").write_text('{"images": [], "annotations": [], "categories": []}')
    with pytest.raises(ValueError, match=r"panoptic\.json: holds no results, or those of other"):
        street(noise(3, 3), out_dir=tmp_path)


def test_the_same_picture_in_every_form(inferencer, tmp_path):
    rgb = noise(40, 60, 3)
    Image.fromarray(rgb).save(tmp_path / "x.png")
    forms = [
        tmp_path / "x.png",
        Image.fromarray(rgb),
        rgb[..., ::-1],
        torch.from_numpy(rgb).permute(2, 0, 1),
        (tmp_path / "x.png").read_bytes(),
        (tmp_path / "x.png").as_uri(),
    ]
    first, *others = inferencer(iter(forms))["predictions"]
    assert (first.image == rgb).all()
    for other in others:
        assert (other.image == rgb).all() and (other.ids == first.ids).all()


def test_masks_and_semantic_map_on_request(inferencer):
    (plain,) = inferencer(noise(40, 60, 3))["predictions"]
    asked = PanopticInferencer(device="cpu", show_progress=False, outputs=["masks", "semantic"])
    (prediction,) = asked(noise(40, 60, 3))["predictions"]
    assert plain.sample is None
    assert prediction.sample.pred_instances.masks.shape[1:] == (40, 60)
    assert prediction.sample.pred_sem_seg.sem_seg.shape == (1, 40, 60)


def test_official_evaluator_reads_the_files(street, tmp_path):
    street(noise(3, 3, 3), out_dir=tmp_path / "out")
    path, folder = tmp_path / "out/panoptic.json", str(tmp_path / "out/panoptic")
    truth = json.loads(path.read_text())
    for info in truth["annotations"][0]["segments_info"]:
        info["iscrowd"] = 0  # what ground truth has besides
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    official.evaluatePanoptic(
        str(tmp_path / "truth.json"), folder, str(path), folder, str(tmp_path / "result.json")
    )
    result = json.loads((tmp_path / "result.json").read_text())
    assert [result[group]["pq"] for group in ("All", "Things", "Stuff")] == [1, 1, 1]
    assert result["All"]["n"] == 2


def test_unusual_pictures_in_one_batch(inferencer, tmp_path):
    shapes = [(1, 1, 3), (40, 60), (33, 65, 4), (5, 300, 3)]
    pictures = [noise(*shape) for shape in shapes]
    result = inferencer(pictures, batch_size=3, out_dir=tmp_path / "out")
    assert [p.ids.shape for p in result["predictions"]] == [s[:2] for s in shapes]
    for prediction in result["predictions"]:
        areas = np.bincount(prediction.ids.ravel())[1:]
        assert [info["area"] for info in prediction.segments] == areas.tolist()
    assert len(list((tmp_path / "out/overlays").iterdir())) == 4


def test_large_pictures_are_decided_with_fewer_pixels(inferencer, monkeypatch, tmp_path):
    monkeypatch.setattr(picture_stream, "MAX_PIXELS", 50 * 100)
    sizes = []
    forward = inferencer.forward

    def spy(data):
        samples = forward(data)
        sizes.extend(tuple(sample.pred_panoptic_seg.sem_seg.shape[1:]) for sample in samples)
        return samples

    monkeypatch.setattr(inferencer, "forward", spy)
    small, large = noise(50, 100, 3), noise(200, 400, 3)
    result = inferencer([small, large], out_dir=tmp_path)["predictions"]
    assert sizes == [(50, 100), (50, 100)]
    map_ = result[1].ids
    assert map_.shape == (200, 400)
    assert (map_ == resize_ids(map_[::4, ::4], (200, 400))).all()
    expected = result[1].resized((50, 100)).overlay()
    with Image.open(tmp_path / "overlays" / "000001.png") as overlay:
        assert np.asarray(overlay).tolist() == expected.tolist()
    assert (expected[:50] < 255).any() and result[1].image.shape == (200, 400, 3)


def test_unreadable_pictures_do_not_lose_the_others(street, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "b.png").write_text("no picture")
    for name in ("a", "c"):
        Image.fromarray(noise(3, 3)).save(folder / f"{name}.png")
    result = street(folder, batch_size=2, out_dir=tmp_path / "out")
    assert [p.image_id for p in result["predictions"]] == ["a", "c"]
    (source,) = result["skipped"]
    assert source == str(folder / "b.png")
    assert "b.png: cannot be read as a picture" in result["skipped"][source]
    assert list(PanopticFiles.read(tmp_path / "out/panoptic.json").annotations) == ["a", "c"]
    with pytest.raises(OSError, match=r"b\.png: cannot be read as a picture"):
        street(folder / "b.png")


def test_too_extreme_shapes_are_named(inferencer):
    result = inferencer([noise(1, 9000, 3), noise(3, 3, 3)])
    assert "cannot be resized for the network from 9000x1" in result["skipped"]["inputs[0]"]
    assert len(result["predictions"]) == 1


def test_an_interrupted_run_leaves_a_complete_file(street, tmp_path):
    stream = street.stream([noise(3, 3), noise(3, 3)], out_dir=tmp_path)
    next(stream)
    stream.close()
    assert list(PanopticFiles.read(tmp_path / "panoptic.json").annotations) == ["000000"]


def test_wrong_arguments(inferencer, tiny_config, tmp_path):
    with pytest.raises(ValueError, match="batch_size: expected at least 1, got 0"):
        inferencer([], batch_size=0)
    with pytest.raises(FileNotFoundError, match=r"no\.py: there is no such config"):
        PanopticInferencer("no.py", "tiny.pth")
    with pytest.raises(FileNotFoundError, match="hps_r18_mini: no weights of it are published"):
        PanopticInferencer("hps_r18_mini")
    with pytest.raises(FileNotFoundError, match=r"no\.pth: checkpoint not found"):
        PanopticInferencer(tiny_config(CONFIG), "no.pth", "cpu")
    with pytest.raises(ValueError, match="device 'gpu': cannot be used"):
        PanopticInferencer(tiny_config(CONFIG), "no.pth", "gpu")


def test_weights_of_another_network(tiny_config, tmp_path):
    torch.save(dict(state_dict={}), tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth: its weights do not fit the config"):
        PanopticInferencer(tiny_config(CONFIG), tmp_path / "other.pth", "cpu")


def test_shipped_models_by_default_and_by_name():
    (drawn,) = (ROOT / "checkpoints").glob("hps-isi_r18_mini-*.pth")
    (photos,) = (ROOT / "checkpoints").glob("hps-isi_lite0_streets-*.pth")
    for inferencer, file in (
        (PanopticInferencer(device="cpu"), photos),
        (PanopticInferencer("hps-isi_r18_mini", device="cpu"), drawn),
        (PanopticInferencer(ROOT / "configs" / CONFIG, drawn, "cpu"), drawn),
        (PanopticInferencer("hps-isi_r18_mini", drawn, "cpu"), drawn),
    ):
        shipped = torch.load(file, weights_only=True)["state_dict"]
        assert inferencer.model.dataset_meta["classes"] == CITYSCAPES_CLASSES
        for name, weight in inferencer.model.state_dict().items():
            torch.testing.assert_close(weight, shipped[name].to(weight.dtype), rtol=0, atol=0)
    assert PanopticInferencer("panoptic-fpn_r18_mini", device="cpu").cfg.model.type == "PanopticFPN"


def test_weights_with_code_are_refused(tiny_config, tmp_path, monkeypatch):
    class MakesFolder:
        def __reduce__(self):
            return os.mkdir, ("made",)

    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict={}, extra=MakesFolder()), "evil.pth")
    with pytest.raises(ValueError, match=r"evil\.pth: cannot be read.*publish_model\.py"):
        PanopticInferencer(tiny_config(CONFIG), "evil.pth", "cpu")
    assert not (tmp_path / "made").exists()


def test_no_weights_take_the_classes_of_the_config(tiny_config):
    with pytest.warns(UserWarning, match="the weights are random") as warned:
        inferencer = PanopticInferencer(tiny_config(CONFIG), device="cpu")
    assert [warning.filename for warning in warned] == [__file__]
    assert inferencer.model.dataset_meta["classes"] == CITYSCAPES_CLASSES
    assert inferencer.model.dataset_meta["label_ids"][CAR] == 26


@pytest.mark.filterwarnings("ignore:weights is None")
def test_config_without_classes(tiny_config):
    cfg = tiny_config(CONFIG)
    cfg.test_dataloader.dataset = dict(
        type="CocoPanopticIdDataset",
        ann_file="no.json",
        data_prefix=dict(img="img"),
        pipeline=cfg.test_dataloader.dataset.pipeline,
    )
    with pytest.raises(ValueError, match=r"are known neither .* config \(no\.json: no such JSON"):
        PanopticInferencer(cfg, device="cpu")


@pytest.mark.filterwarnings("ignore:weights is None")
def test_pipelines(tiny_config):
    cfg = tiny_config(CONFIG)
    steps = cfg.test_dataloader.dataset.pipeline
    steps.insert(1, dict(type="LoadPanopticAnnotations"))  # needs panopticapi when it is built
    assert len(PanopticInferencer(cfg, device="cpu").pipeline.transforms) == len(steps) - 1
    del steps[0]
    with pytest.raises(ValueError, match="pipeline: expected one LoadImageFromFile, got"):
        PanopticInferencer(cfg, device="cpu")
