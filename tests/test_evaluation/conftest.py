"""Label files and data samples of the metrics."""

import numpy as np
import pytest
import torch
from PIL import Image

META = dict(
    classes=("person", "car", "road", "sky"),
    thing_classes=("person", "car"),
    stuff_classes=("road", "sky"),
    label_ids=(24, 26, 7, 23),
)


@pytest.fixture
def add_truth(tmp_path):
    """Return a function that writes a label map and gives the data sample of its image."""

    def add(img_id, ids, **predictions):
        path = tmp_path / f"{img_id}_gtFine_instanceIds.png"
        Image.fromarray(np.asarray(ids, np.uint16)).save(path)
        sample = dict(img_id=img_id, seg_map_path=str(path), id_format="cityscapes")
        return sample | predictions

    return add


@pytest.fixture
def evaluate():
    """Return a function that scores samples with a metric."""

    def run(metric, samples):
        metric.dataset_meta = META
        metric.process(None, samples)
        return metric.evaluate(len({sample["img_id"] for sample in samples}))

    return run


@pytest.fixture
def instances():
    """Return a function that makes ``pred_instances`` of masks, labels and scores."""

    def make(masks, labels, scores):
        return dict(
            masks=torch.as_tensor(np.asarray(masks, dtype=bool)),
            labels=torch.tensor(labels, dtype=torch.long),
            scores=torch.tensor(scores, dtype=torch.float32),
        )

    return make
