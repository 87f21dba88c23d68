"""Samplers that seed the transforms of each image, so that a resumed run repeats them.

Worker processes load images ahead, and which images each one gets varies. The state of their random
number generators at an interruption is therefore unknown. Here the random numbers depend only on
the position of an image in the training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.runner import set_random_seed


class SeededIndex(int):
    """The index of an image, with a seed for its transforms.

    Attributes:
        entropy: The sampler's seed, and the position of the image in the training.
    """

    entropy: tuple[int, ...]

    def __new__(cls, index: int, entropy: tuple[int, ...]) -> SeededIndex:
        self = super().__new__(cls, index)
        self.entropy = entropy
        return self

    def __reduce__(self) -> tuple:
        """Keep both parts when pickled for a worker process."""
        return type(self), (int(self), self.entropy)

    def set_seed(self) -> None:
        """Seed Python, NumPy and torch in this process."""
        set_seed(self.entropy)


def set_seed(entropy: Sequence[int]) -> None:
    """Seed Python, NumPy and torch from several numbers; similar ones give unrelated seeds."""
    numbers = np.random.SeedSequence(entropy)
    set_random_seed(int(numbers.generate_state(1)[0]))


@DATA_SAMPLERS.register_module()
class RepeatableSampler(DefaultSampler):
    """MMEngine's ``DefaultSampler``, for training by epochs, whose indices carry a seed.

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
        """The images of this process, without end; ``skip`` leaves out the first ones."""
        for number, index in enumerate(super()._indices_of_rank()):
            place = number * self.world_size + self.rank
            yield SeededIndex(index, (self.seed, place))
