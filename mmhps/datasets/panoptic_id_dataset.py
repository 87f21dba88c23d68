"""What the panoptic datasets share: one id map per image, an instance cap, errors that name files.

Shape letters: H×W image, N instances.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from tqdm import tqdm

from mmhps.datasets.sample_cache import CachedSteps, SampleCache
from mmhps.datasets.samplers import SeededIndex
from mmhps.datasets.transforms.alignment import check_pipeline
from mmhps.datasets.transforms.images import LoadPicture
from mmhps.structures import Segment

_SECONDS_BEFORE_BAR = 3
_READERS = 4  # decoding a PNG releases the GIL, so threads help


class ImageError(RuntimeError):
    """An image that cannot be read, or that the pipeline cannot take."""


def select_fold(images: list, held_out: bool, number: int, of: int) -> list:
    """Select a fold of a cross-validation in contiguous blocks, whose sizes differ by at most 1.

    Args:
        images: In order.
        held_out: Whether to take the block, or all others.
        number: The block, from 0.
        of: The number of blocks.

    Raises:
        ValueError: There is no such block, or there are more blocks than images.
    """
    if not 2 <= of <= len(images) or not 0 <= number < of:
        raise ValueError(
            f"fold: expected number 0..N-1 of N blocks, with N from 2 to the number of images "
            f"({len(images)}), got number={number}, of={of}."
        )
    start, end = (len(images) * k // of for k in (number, number + 1))
    return images[start:end] if held_out else images[:start] + images[end:]


class PanopticIdDataset(BaseDataset):
    """Base of datasets whose ground truth is one id map per image.

    A subclass lists the images in ``list_images`` and reads a segment list in
    ``read_segments``. Each data info has ``img_path``, ``img_id``, ``seg_map_path`` (None without
    ground truth) and ``id_format``; ``get_data_info`` adds ``classes`` and ``thing_classes``.

    A broken image raises an error that names it; it is never replaced silently by another one.

    Args:
        data_root: Root of relative paths.
        data_prefix: Folders: ``img`` and, if there is ground truth, ``seg``.
        filter_cfg: ``dict(max_instances=N)`` leaves out images with more than N instances (crowds
            do not count); the attribute ``left_out`` is their number. In contrast to MMDetection's
            filters it also applies in test mode, because the paper's cap does. None keeps all.
        fold: ``dict(number=K, of=N)`` for cross-validation: the images make N contiguous blocks in
            the order of their paths, because neighbours in a drive look alike. In test mode block K
            (from 0) remains, otherwise all others. With ``splits=['train', 'val']``, images of
            other folders below that of the images take no part. None keeps all.
        cache: ``dict(folder=…, max_gigabytes=…)`` keeps what the first steps of the pipeline, those
            without chance, make of each image; see :mod:`mmhps.datasets.sample_cache`. None keeps
            nothing.
        max_refetch: How many other images are tried when the pipeline returns None for one. With
            0 this is an error.
        **kwargs: Arguments of :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: ``fold`` is out of range; ``filter_cfg`` has other keys, needs labels that are
            not there, or leaves no image; or a transform moves the image without its ground
            truth.
    """

    def __init__(
        self,
        *,
        data_prefix: dict,
        data_root: str = "",
        filter_cfg: dict | None = None,
        fold: dict | None = None,
        cache: dict | None = None,
        max_refetch: int = 0,
        **kwargs,
    ) -> None:
        unknown = set(filter_cfg or {}) - {"max_instances"}
        if unknown:
            raise ValueError(
                f'filter_cfg: only the key "max_instances" is known, got {sorted(unknown)}.'
            )
        self.fold = fold
        self.left_out = 0
        self._cat_ids: list[list[int]] | None = None
        if "img" not in data_prefix:
            raise ValueError(
                f'data_prefix: expected the folder of the images as "img", and that of the label '
                f'maps as "seg", got {dict(data_prefix)}.'
            )
        super().__init__(
            data_root=data_root,
            # The base class refuses None, which says "no ground truth" in MMDetection's configs.
            data_prefix={key: path for key, path in data_prefix.items() if path is not None},
            filter_cfg=filter_cfg,
            max_refetch=max_refetch,
            **kwargs,
        )
        steps = [LoadPicture.instead_of(step) for step in self.pipeline.transforms]
        check_pipeline(steps)
        if cache is not None:
            steps = CachedSteps.before(steps, kwargs.get("pipeline", ()), SampleCache(**cache))
        self.pipeline.transforms = steps

    def fill_cache(self, first: int = 0, every: int = 1) -> None:
        """Put samples into the cache, if there is one; a progress bar appears if it takes seconds.

        Args:
            first: The first image.
            every: Distance to the next one, so that several processes can share the work.
        """
        steps = self.pipeline.transforms[:1]
        if not steps or not isinstance(steps[0], CachedSteps):
            return
        with ThreadPoolExecutor(_READERS) as pool:
            indices = range(first, len(self), every)
            fill = steps[0].fill
            filled = pool.map(lambda i: self._apply([fill], self.get_data_info(i)), indices)
            for _ in tqdm(
                filled,
                desc="filling the cache",
                total=len(indices),
                delay=_SECONDS_BEFORE_BAR,
                disable=not is_main_process(),
            ):
                if steps[0].cache.full:
                    pool.shutdown(cancel_futures=True)
                    break

    def list_images(self) -> tuple[list[dict], list[Exception]]:
        """List the data infos of the images, and an error for each image that has none.

        Raises:
            OSError, ValueError: What concerns all images: no folder, no image, a broken file.
        """
        raise NotImplementedError

    def load_data_list(self) -> list[dict]:
        """List the images.

        Raises:
            OSError, ValueError: See :meth:`list_images`; or one of the images is faulty.
        """
        infos, faults = self.list_images()
        if faults:
            more = (
                f" {len(faults) - 1} more have faults: tools/analysis_tools/check_dataset.py lists "
                f"them all."
            )
            raise type(faults[0])(f"{faults[0]}{more if faults[1:] else ''}")
        if self.fold is None:
            return infos
        fold = dict(self.fold)
        splits = fold.pop("splits", None)
        if splits is not None:
            root = self.data_prefix["img"]
            infos = [i for i in infos if Path(i["img_path"]).relative_to(root).parts[0] in splits]
        return select_fold(infos, self.test_mode, **fold)

    def read_segments(self, data_info: dict) -> list[Segment]:
        """Return the segments of one image, without its pixels."""
        raise NotImplementedError

    def filter_data(self) -> list[dict]:
        """Leave out images with more than ``filter_cfg['max_instances']`` instances."""
        limit = (self.filter_cfg or {}).get("max_instances")
        if limit is None:
            return self.data_list
        if any(info["seg_map_path"] is None for info in self.data_list):
            raise ValueError(
                "filter_cfg: max_instances counts ground-truth instances, but there is no ground "
                'truth. Set data_prefix["seg"] (and ann_file) or remove filter_cfg.'
            )
        num_things = len(self._metainfo["thing_classes"])
        counts = [
            sum(s.label < num_things and not s.iscrowd for s in segments)
            for segments in self._read_all_segments(self.data_list, "counting instances")
        ]
        kept = [i for i, count in zip(self.data_list, counts, strict=True) if count <= limit]
        print_log(
            f"{type(self).__name__} {self.data_prefix['img']}: {len(kept)} of "
            f"{len(self.data_list)} images remain (max_instances={limit})",
            logger="current",
        )
        if not kept:
            raise ValueError(
                f"filter_cfg: no image of {self.data_prefix['img']} has at most {limit} instances. "
                f"Raise the cap."
            )
        self.left_out = len(self.data_list) - len(kept)
        return kept

    def _read_all_segments(self, infos: list[dict], description: str) -> list[list[Segment]]:
        """Read each image's segments; a progress bar appears if that takes seconds."""
        with ThreadPoolExecutor(_READERS) as pool:
            return list(
                tqdm(
                    pool.map(self.read_segments, infos),
                    desc=description,
                    total=len(infos),
                    delay=_SECONDS_BEFORE_BAR,
                    disable=not is_main_process(),
                )
            )

    def get_cat_ids(self, idx: int) -> list[int]:
        """The labels that an image has, without crowds; for ``ClassBalancedDataset``.

        Things and stuff, so that images with rare stuff are repeated as well.
        """
        if self._cat_ids is None:
            infos = [self.get_data_info(i) for i in range(len(self))]
            self._cat_ids = [
                sorted({s.label for s in segments if not s.iscrowd})
                for segments in self._read_all_segments(infos, "listing classes")
            ]
        return self._cat_ids[idx]

    def get_data_info(self, idx: int) -> dict:
        """Return one data info with the class names that its labels refer to."""
        return self._with_classes(super().get_data_info(idx))

    def _with_classes(self, info: dict) -> dict:
        names = {key: self._metainfo[key] for key in ("classes", "thing_classes")}
        return {**info, **names}

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one image, seeded by its index if that carries a seed.

        See :meth:`load` and :class:`mmhps.datasets.samplers.SeededIndex`.
        """
        if isinstance(idx, SeededIndex):
            idx.set_seed()
        return self.load(self.get_data_info(idx))

    def load(self, info: dict) -> Any:
        """Run the pipeline on an image of :meth:`list_images`.

        Raises:
            OSError, ValueError: The label file is at fault; the message names it.
            ImageError: The pipeline failed or returned None; the message names the image and, if
                one of them failed, the transform.
        """
        data = self._apply(self.pipeline.transforms, self._with_classes(info))
        if data is None and (self.test_mode or self.max_refetch == 0):
            raise ImageError(
                f"{info['img_path']}: the pipeline returned None for this image. If a transform is "
                f"meant to skip images, set max_refetch to the number of other images to try."
            )
        return data

    @staticmethod
    def _apply(steps: Sequence[Callable], data: Any) -> Any:
        """Apply steps to a data info until one gives None; for the errors see :meth:`load`."""
        path, label_path, step = data["img_path"], data["seg_map_path"], None
        try:
            for step in steps:
                data = step(data)
                if data is None:
                    break
        except (OSError, SyntaxError) as error:
            if label_path and label_path in str(error):
                raise  # named already
            cause = error.__cause__ or error  # what Pillow said
            raise ImageError(
                f"{path}: cannot be read ({type(cause).__name__}: {cause}). The file is missing, "
                f"protected, empty, truncated or no image: unpack or download it again."
            ) from error
        except Exception as error:
            if label_path and label_path in str(error):
                raise
            failed = getattr(error, "step", type(step).__name__)  # one of CachedSteps says which
            raise ImageError(
                f"{path}: the pipeline failed on this image ({type(error).__name__}: "
                f"{str(error).strip()}) in {failed}. Check the image, whose sides may "
                f"be too short to be resized or cropped, and the transforms."
            ) from error
        return data
