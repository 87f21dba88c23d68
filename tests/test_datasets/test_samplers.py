import pickle
import random
from itertools import islice

import mmengine.dataset.sampler
import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import DataLoader

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


def draw(info):
    """A pipeline that returns random numbers."""
    return random.random(), float(np.random.rand()), float(torch.rand(()))


class Drawing(PanopticIdDataset):
    METAINFO = dict(classes=(), thing_classes=())

    def __init__(self):
        super().__init__(data_prefix=dict(img=None), pipeline=[draw])

    def list_images(self):
        return [dict(img_path=str(i), seg_map_path=None) for i in range(2)], []


def test_dataset_draws_what_the_index_says():
    dataset = Drawing()
    first = dataset[SeededIndex(0, (1, 2))]
    assert dataset[SeededIndex(1, (1, 2))] == first
    for entropy in [(1, 3), (2, 2), (2, 1)]:
        other = dataset[SeededIndex(0, entropy)]
        assert all(a != b for a, b in zip(first, other, strict=True))


def test_worker_processes_draw_the_same():
    indices = [SeededIndex(i % 2, (3, i)) for i in range(6)]
    drawn = [
        list(DataLoader(Drawing(), batch_size=None, sampler=indices, num_workers=workers))
        for workers in (0, 1, 2)
    ]
    assert drawn[0] == drawn[1] == drawn[2]
    assert len({tuple(numbers) for numbers in drawn[0]}) == 6


def test_plain_index_leaves_the_random_numbers_alone():
    np.random.seed(0)
    expected = np.random.rand()
    np.random.seed(0)
    assert Drawing()[0][1] == expected
