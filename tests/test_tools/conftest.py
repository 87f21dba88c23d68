"""What the tests of the commands share; all but ``command`` is for train.py and test.py."""

from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
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
