from types import SimpleNamespace

import pytest
import torch

from mmhps.models.roi_heads.cached_rows import cached_rows, gather_cached


def sampling(positive, negative, num_gts):
    return SimpleNamespace(
        pos_inds=torch.tensor(positive, dtype=torch.long),
        neg_inds=torch.tensor(negative, dtype=torch.long),
        num_gts=num_gts,
    )


def test_cached_rows_by_hand():
    """Two images of three proposals; the first has one box of ground truth before them."""
    sampled = [sampling([0, 2], [1], 1), sampling([], [1], 0)]
    assert cached_rows(sampled, [3, 3], gt_added=True).tolist() == [2, 1, -1, -1, 3, -1]
    assert cached_rows(sampled, [3, 3], gt_added=False).tolist() == [0, 2, 1, -1, 3, -1]


def test_no_proposals():
    assert cached_rows([sampling([0], [], 1)], [0], gt_added=True).tolist() == []


@pytest.mark.parametrize(
    ("cached", "computed", "rows", "expected"),
    [
        ([1.0, 2.0], [7.0, 8.0], [-1, 1, -1, 0], [7, 2, 8, 1]),
        ([], [7.0, 8.0], [-1, -1], [7, 8]),  # no RoI was sampled
        ([1.0, 2.0], [], [1, 1], [2, 2]),
        ([], [], [], []),
    ],
)
def test_gather_cached_by_hand(cached, computed, rows, expected):
    results = torch.tensor(cached)[:, None], torch.tensor(computed)[:, None]
    found = gather_cached(*results, torch.tensor(rows, dtype=torch.long))
    assert found.flatten().tolist() == expected
