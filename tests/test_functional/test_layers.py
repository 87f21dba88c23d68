import pytest
import torch

from mmhps.functional import cut_layers, paste_canvases, paste_windows, window_boxes

INF = torch.inf


def test_no_instances():
    assert paste_windows(torch.zeros(0, 28, 28), torch.zeros(0, 4), (4, 6)) == []
    assert cut_layers([], slice(1, 3)) == []


@pytest.mark.parametrize(
    "box", [[1.2, 0.7, 4.6, 3.1], [-2.0, -3.0, 1.5, 2.5], [9.0, 9.0, 12.0, 12.0], [4.7, 0, 5, 4]]
)
def test_window_equals_canvas(box):
    mask = torch.randn(3, 3, generator=torch.Generator().manual_seed(2))
    ((window, layer),) = paste_windows(mask[None], torch.tensor([box]), (4, 5))
    canvas = paste_canvases(mask[None], torch.tensor([box]), (4, 5), -INF)[0]
    torch.testing.assert_close(layer, canvas[window])
    canvas[window] = -INF
    assert (canvas == -INF).all()


def test_cut_layers_by_hand():
    """Rows 2 and 3 of a layer in rows 1 to 3, of one that ends before them, and of one behind."""
    inside = ((slice(1, 4), slice(0, 1)), torch.tensor([[1.0], [2.0], [3.0]]))
    before = ((slice(0, 2), slice(0, 1)), torch.tensor([[1.0], [2.0]]))
    behind = ((slice(4, 5), slice(0, 1)), torch.tensor([[1.0]]))
    cut = cut_layers([inside, before, behind], slice(2, 4))
    assert cut[0][0] == (slice(0, 2), slice(0, 1))
    assert cut[0][1].tolist() == [[2.0], [3.0]]
    assert [len(canvas) for _, canvas in cut[1:]] == [0, 0]


def test_window_boxes_by_hand():
    boxes = torch.tensor([[0.6, 1.0, 2.4, 3.0], [-5.0, 0, 9, 2]])
    layers = paste_windows(torch.zeros(2, 2, 2), boxes, (4, 5))
    assert window_boxes(layers).tolist() == [[1, 1, 2, 3], [0, 0, 5, 2]]
    assert window_boxes([]).shape == (0, 4)
