import torch

from mmhps.functional import weighted_mean


def test_no_instances():
    mean = weighted_mean(torch.zeros(0, 2, 3), torch.zeros(0, 2))
    assert mean.tolist() == torch.zeros(2, 2, 3).tolist()


def test_weighted_mean_by_hand():
    canvases = torch.tensor([[[2.0, 4.0]], [[6.0, 0.0]]])
    weights = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    assert weighted_mean(canvases, weights).tolist() == [[[5.0, 1.0]], [[0.0, 0.0]]]
    cover = torch.tensor([[[True, True]], [[True, False]]])
    assert weighted_mean(canvases, weights, cover).tolist() == [[[5.0, 4.0]], [[0.0, 0.0]]]
