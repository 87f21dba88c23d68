from dataclasses import replace

import pytest
import torch
from model_parts import flat_instances

from mmhps.models import InitialSegmentation
from mmhps.models.instances import paste
from mmhps.models.priors import PriorInputs


def image(*rows):
    """Rows of (box, class of 2, score, mask logit) on a 1 x 2 canvas."""
    return flat_instances(*zip(*rows, strict=True))


LEFT, BOTH = [0, 0, 4, 4], [0, 0, 8, 4]


def isi_of(module, *images):
    features = (torch.zeros(len(images), 3, 1, 2), torch.zeros(len(images), 3, 1, 1))
    canvases = [paste(instances, (1, 2), 4.0) for instances in images]
    output = module(PriorInputs(features, [], images, canvases, tuple))
    assert output.features is features
    return output.extra


def test_images_without_instances():
    isi = isi_of(InitialSegmentation(), image(), image((LEFT, 1, 0.5, 0.0)))
    assert isi[0].tolist() == [[[0, 0]], [[0, 0]]]
    # A mask probability of 1/2 at a confidence of 1/2; the plain average shows it in full.
    assert isi[1].tolist() == [[[0, 0]], [[0.25, 0]]]
    plain = isi_of(InitialSegmentation(min_weight=0.0), image((LEFT, 1, 0.5, 0.0)))
    assert plain[0].tolist() == [[[0, 0]], [[0.5, 0]]]


def test_logits_are_averaged_by_score():
    instances = image((BOTH, 0, 0.75, 2.0), (LEFT, 0, 0.25, 6.0))
    per_pixel = isi_of(InitialSegmentation("logits", min_weight=0.0), instances)
    assert per_pixel[0].tolist() == [[[3.0, 2.0]], [[0, 0]]]
    per_layer = isi_of(InitialSegmentation("logits", per_pixel=False), instances)
    assert per_layer[0].tolist() == [[[3.0, 1.5]], [[0, 0]]]


def test_unknown_values():
    with pytest.raises(ValueError, match="'logits' or 'probabilities', got 'masks'"):
        InitialSegmentation("masks")


def test_missed_ground_truth_is_left_out():
    instances = image((LEFT, 0, 0.9, 2.0), (BOTH, 1, 0.9, 2.0))
    instances = replace(instances, detected=torch.tensor([False, True]))
    isi = isi_of(InitialSegmentation("logits", min_weight=0.0), instances)
    assert isi[0].tolist() == [[[0, 0]], [[2.0, 2.0]]]
