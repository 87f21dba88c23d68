"""What the tests of the commands share; all but ``command`` is for train.py and test.py."""

import json
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image
from toys import CONFIG, WEIGHTS


@pytest.fixture(scope="module")
def command(request, load_tool):
    """The command that a test file is named after."""
    path = request.path.relative_to(Path(__file__).parent)
    return load_tool("/".join(part.removeprefix("test_") for part in path.parts))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A folder with five images."""
    folder = tmp_path_factory.mktemp("toy")
    for i in range(5):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((8, 8, 3), (50 * i, 99, 5), np.uint8))
    return folder


@pytest.fixture
def config(toy, tmp_path, monkeypatch, request):
    """The config, in the folder in which the tools are then run.

    Its name is the test's: mmengine tells runs apart by the config's name and the second.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    # The runner sets the default scope of the process; later tests must not find it.
    monkeypatch.setattr(DefaultScope, "_instance_dict", OrderedDict())
    name = request.node.name.replace("[", "_").replace("]", "")
    path = tmp_path / f"{name}.py"
    path.write_text(CONFIG.replace("ROOT", str(toy)))
    return path


@pytest.fixture
def checkpoint(config):
    """A checkpoint of the toy network."""
    torch.save(dict(state_dict=WEIGHTS), "toy.pth")
    return "toy.pth"


@pytest.fixture
def noisy(config):
    """A config of six steps with a checkpoint every two.

    Each step draws random numbers, and so do the transforms of each image, in two other processes.
    """
    text = config.read_text().replace('"ToyModel"', '"NoisyModel"')
    text = text.replace("max_iters=4", "max_iters=6").replace("lr=0.001", "lr=1e-6")
    noise = '[pipeline[0], dict(type="PhotoMetricDistortion"), pipeline[1]]'
    loader = f"num_workers=2, persistent_workers=True, dataset=dict(dataset, pipeline={noise})"
    config.write_text(f"{text}\ntrain_dataloader.update({loader})\n")
    return config


@pytest.fixture(scope="module")
def coco_files(tmp_path_factory):
    """Two COCO panoptic sets of three images: 0, 1, 2 cats on grass; and 0, 2, 2."""
    root = tmp_path_factory.mktemp("coco")
    rng = np.random.default_rng(0)
    for part, cats in (("a", (0, 1, 2)), ("b", (0, 2, 2))):
        content = dict(
            images=[],
            annotations=[],
            categories=[
                dict(id=1, name="cat", isthing=1),
                dict(id=2, name="grass", isthing=0),
            ],
        )
        (root / part).mkdir()
        for i, number in enumerate(cats):
            pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / part / f"{i}.jpg")
            ids = np.full((8, 8), 9, np.uint8)
            listed = [dict(id=9, category_id=2)]
            for cat in range(1, number + 1):
                ids[2 * cat, 1:4] = cat
                listed.append(dict(id=cat, category_id=1))
            rgb = np.stack([ids, 0 * ids, 0 * ids], axis=-1)
            Image.fromarray(rgb).save(root / part / f"{i}.png")
            image = dict(id=f"{part}{i}", file_name=f"{i}.jpg", height=8, width=8)
            content["images"].append(image)
            content["annotations"].append(
                dict(image_id=f"{part}{i}", file_name=f"{i}.png", segments_info=listed)
            )
        (root / f"{part}.json").write_text(json.dumps(content))
    return root
