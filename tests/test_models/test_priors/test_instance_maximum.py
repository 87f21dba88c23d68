import pytest
import torch
from model_parts import flat_instances

from mmhps.models import InstanceMaximum
from mmhps.models.instances import paste
from mmhps.models.priors import PriorInputs


@pytest.mark.parametrize("detach", [False, True])
def test_module_shows_detections_of_each_class(detach):
    """Mask probability 1/2 in the left of two pixels; ground truth without a detection is not."""
    logits = torch.zeros(2, requires_grad=True)
    boxes, detected = [[0, 0, 4, 4], [0, 0, 8, 4]], torch.tensor([True, False])
    instances = flat_instances(boxes, [1, 0], [0.5, 0.9], logits, detected=detected)
    inputs = PriorInputs((), [], [instances], [paste(instances, (1, 2), 4.0)], tuple)
    module = InstanceMaximum(detach=detach)
    extra = module(inputs).extra
    assert extra.tolist() == [[[[0.0, 0.0]], [[0.25, 0.0]]]]
    assert module.extra_channels(2) == extra.shape[1]
    assert extra.requires_grad is not detach
