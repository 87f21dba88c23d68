"""What inference does around a network: pictures go in, predictions and files come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mmhps.pictures import Inputs, Picture, list_pictures, named
from mmhps.progress import Progress
from mmhps.results import PanopticResult, ResultFolder, Skipped, limited_size

MAX_PIXELS = 1 << 22
"""Most pixels of a panoptic map that are decided one by one.

Memory and time grow with the pixels of the map, although the input of the network does not. The
maps of larger pictures are computed with this many pixels and enlarged.
"""


class PictureStream:
    """Segments pictures of any kind; a subclass says how in :meth:`_segment`.

    Attributes:
        show_progress: Whether to show the progress.
        meta: ``classes``, ``thing_classes``, ``palette`` and ``label_ids`` of the predictions.
    """

    show_progress: bool
    meta: Mapping[str, Any]

    def __call__(
        self, inputs: Inputs, batch_size: int = 1, out_dir: str | Path | None = None
    ) -> dict[str, Any]:
        """Segment pictures and keep all maps in memory; see :meth:`stream` for the arguments.

        A webcam never ends: use :meth:`stream` for it.

        Returns:
            ``predictions``: one of each picture that could be read, in the order of the inputs;
            ``skipped``: source -> reason of the others.

        Raises:
            OSError: None of the pictures can be read.
            FileNotFoundError, TypeError, ValueError: See :meth:`stream`.
        """
        predictions, skipped = [], {}
        for prediction in self.stream(inputs, batch_size, out_dir):
            if isinstance(prediction, Skipped):
                skipped[prediction.source] = prediction.error
            else:
                predictions.append(prediction)
        if skipped and not predictions:
            raise OSError(next(iter(skipped.values())))
        return dict(predictions=predictions, skipped=skipped)

    def stream(
        self, inputs: Inputs, batch_size: int = 1, out_dir: str | Path | None = None
    ) -> Iterator[PanopticResult | Skipped]:
        """Segment pictures one after the other; only a batch of them is in memory.

        Args:
            inputs: A path, folder, glob pattern, URL, video or webcam, a picture of PIL, an array
                (**BGR**, as ``cv2.imread`` has it), a tensor (**RGB**), the bytes of a file, or a
                list or generator of these; see :func:`mmhps.pictures.list_pictures`.
            batch_size: Pictures that go through the network together. Pictures of different sizes
                are padded to one, which changes a few pixels. Exported networks take one at a time.
            out_dir: Folder to write to: ``overlays/<image_id>.png`` and, in COCO's panoptic format,
                ``panoptic.json`` and ``panoptic/<image_id>.png``. For the classes of Cityscapes
                these are what its evaluator and test server read. Results of earlier calls stay.

        Yields:
            A prediction for each picture, see the class. For a picture that cannot be read, a
            :class:`mmhps.results.Skipped` instead: the others are not lost.

        Raises:
            FileNotFoundError: Before anything is done (in a generator: when its turn comes): there
                is no such file, or no picture.
            TypeError, ValueError: Before anything is done: an argument or an array is malformed.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {batch_size}.")
        pictures = list_pictures(inputs)
        files = None if out_dir is None else ResultFolder(Path(out_dir), self.meta)
        known = isinstance(pictures, list)
        progress = Progress("inference", len(pictures)) if self.show_progress and known else None
        unique, done = named(pictures, files.is_free if files else None), 0
        try:
            while batch := list(islice(unique, batch_size)):
                for picture, result in zip(batch, self._segment(batch), strict=True):
                    if files and isinstance(result, PanopticResult):
                        files.add(result, self.visualize(result), picture.origin)
                    yield result
                done += len(batch)
                if progress:
                    progress.update(done)
        finally:
            if progress:
                progress.close()
            if files:
                files.close()

    def _segment(self, pictures: Sequence[Picture]) -> Iterator[PanopticResult | Skipped]:
        """The prediction of each picture, or why it cannot be read."""
        raise NotImplementedError

    def visualize(self, result: PanopticResult) -> np.ndarray:
        """Draw a prediction over its picture, with about ``MAX_PIXELS`` at most.

        Returns:
            (H', W', 3) uint8 RGB.
        """
        return result.resized(limited(result.ids.shape)).overlay()


def limited(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width at which a map is computed: at most about ``MAX_PIXELS``."""
    return limited_size(size, MAX_PIXELS)
