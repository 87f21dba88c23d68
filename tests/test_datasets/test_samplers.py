import pickle
from itertools import islice

import mmengine.dataset.sampler
import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler

from mmhps.datasets import PanopticIdDataset, RepeatableInfiniteSampler, RepeatableSampler
from mmhps.datasets.samplers import SeededIndex


def entropies(indices):
    return [(int(index), index.entropy) for index in indices]


def test_one_epoch_by_hand():
    sampler = RepeatableSampler([None] * 3, shuffle=False, seed=7)
    assert entropies(sampler) == [(0, (7, 0, 0)), (1, (7, 0, 1)), (2, (7, 0, 2))]
    sampler.set_epoch(5)
    assert entropies(sampler) == [(0, (7, 5, 0)), (1, (7, 5, 1)), (2, (7, 5, 2))]


def test_steps_by_hand():
    sampler = RepeatableInfiniteSampler([None] * 2, shuffle=False, seed=7)
    assert entropies(islice(sampler, 3)) == [(0, (7, 0)), (1, (7, 1)), (0, (7, 2))]


def test_the_seed_may_be_set_before_the_first_index():
    sampler = RepeatableInfiniteSampler([None] * 5, seed=1)
    sampler.seed = 2
    expected = islice(RepeatableInfiniteSampler([None] * 5, seed=2), 7)
    assert entropies(islice(sampler, 7)) == entropies(expected)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(RepeatableSampler, DefaultSampler), (RepeatableInfiniteSampler, InfiniteSampler)],
)
def test_order_is_that_of_mmengine(ours, theirs):
    mine, other = (islice(kind([None] * 9, seed=3), 9) for kind in (ours, theirs))
    assert list(mine) == list(other)


@pytest.mark.skipif(not hasattr(InfiniteSampler, "skip"), reason="mmengine loads and drops")
def test_skipped_images_count():
    whole, resumed = (RepeatableInfiniteSampler([None] * 4, seed=3) for _ in range(2))
    resumed.skip(6)
    assert entropies(islice(resumed, 5)) == entropies(islice(whole, 11))[6:]


@pytest.mark.parametrize("kind", [RepeatableSampler, RepeatableInfiniteSampler])
def test_two_processes_share_what_one_would_do(kind, monkeypatch):
    alone = entropies(islice(kind([None] * 6, seed=3), 6))
    shares = []
    for rank in range(2):
        monkeypatch.setattr(mmengine.dataset.sampler, "get_dist_info", lambda rank=rank: (rank, 2))
        shares.append(entropies(islice(kind([None] * 6, seed=3), 3)))
    assert shares == [alone[::2], alone[1::2]]


def test_index_keeps_its_entropy_on_the_way_to_a_worker():
    copy = pickle.loads(pickle.dumps(SeededIndex(4, (1, 2))))
    assert (copy, copy.entropy) == (4, (1, 2))


class Drawing(PanopticIdDataset):
    """Its pipeline returns three random numbers."""

    METAINFO = dict(classes=(), thing_classes=())

    def __init__(self):
        super().__init__(data_prefix={}, pipeline=[lambda _: (np.random.rand(2), torch.rand(()))])

    def list_images(self):
        return [dict(img_path=str(i), seg_map_path=None) for i in range(2)], []


def test_dataset_draws_what_the_index_says():
    dataset = Drawing()
    first = dataset[SeededIndex(0, (1, 2))]
    np.random.rand(5)
    torch.rand(3)
    again = dataset[SeededIndex(1, (1, 2))]
    other = dataset[SeededIndex(0, (1, 3))]
    assert first[0].tolist() == again[0].tolist() != other[0].tolist()
    assert first[1] == again[1] != other[1]


def test_plain_index_leaves_the_random_numbers_alone():
    np.random.seed(0)
    expected = np.random.rand(2).tolist()
    np.random.seed(0)
    assert Drawing()[0][0].tolist() == expected
