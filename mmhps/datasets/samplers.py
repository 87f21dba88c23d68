"""Samplers that tell each image's transforms what to draw, so that a resumed run draws the same.

A worker process draws for the images that it happens to get, and loads ahead; where its random
numbers stood when a run was interrupted is not known. Here the numbers depend on the place of the
image in the order of the training alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.runner import set_random_seed


class SeededIndex(int):
    """The index of an image, with what its random numbers are made from.

    Attributes:
        entropy: The sampler's seed, and the place of the image in the order of the training.
    """

    entropy: tuple[int, ...]

    def __new__(cls, index: int, entropy: tuple[int, ...]) -> SeededIndex:
        self = super().__new__(cls, index)
        self.entropy = entropy
        return self

    def __reduce__(self) -> tuple:
        """Both parts, for the way to a worker process."""
        return type(self), (int(self), self.entropy)

    def set_seed(self) -> None:
        """Seed Python, NumPy and torch in this process."""
        set_seed(self.entropy)


def set_seed(entropy: Sequence[int]) -> None:
    """Seed Python, NumPy and torch from several numbers, without mixing up neighbouring ones."""
    numbers = np.random.SeedSequence(entropy)
    set_random_seed(int(numbers.generate_state(1)[0]))


@DATA_SAMPLERS.register_module()
class RepeatableSampler(DefaultSampler):
    """MMEngine's ``DefaultSampler``, for training by epochs, whose indices bring a seed.

    :class:`mmhps.datasets.PanopticIdDataset` sets it before the transforms. It does not depend on
    the number of worker processes, nor on the number of processes that train together.
    """

    def __iter__(self) -> Iterator[SeededIndex]:
        """The images of this process in this epoch."""
        for number, index in enumerate(super().__iter__()):
            place = number * self.world_size + self.rank
            yield SeededIndex(index, (self.seed, self.epoch, place))


@DATA_SAMPLERS.register_module()
class RepeatableInfiniteSampler(InfiniteSampler):
    """MMEngine's ``InfiniteSampler``, for training by steps; see :class:`RepeatableSampler`."""

    def _indices_of_rank(self) -> Iterator[SeededIndex]:
        """The images of this process, without end; ``skip`` leaves out the first ones of them."""
        for number, index in enumerate(super()._indices_of_rank()):
            place = number * self.world_size + self.rank
            yield SeededIndex(index, (self.seed, place))
