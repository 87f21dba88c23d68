"""Panoptic segmentation of any pictures, with the interface of MMDetection's ``DetInferencer``."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope

from mmhps.apis.model_zoo import DEFAULT_MODEL, find_model, published_weights, zoo_root
from mmhps.apis.trained_models import (
    check_device,
    dataset_meta,
    load_model,
    predicted_ids,
    trained_meta,
)
from mmhps.datasets.wrapping import innermost_configs, type_name
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.models import resolve_classes
from mmhps.pictures import Picture
from mmhps.results import PanopticResult, Skipped, resize_ids
from mmhps.runtime.picture_stream import PictureStream, limited

_READS_LABELS = ("LoadAnnotations", "LoadPanopticAnnotations", "LoadPanopticIds")


class PanopticInferencer(PictureStream, BaseInferencer):
    """Panoptic segmentation of pictures::

        inferencer = PanopticInferencer()  # or a config and a checkpoint, or a model's name
        result = inferencer("photos/", out_dir="results")
        result["predictions"][0].ids

    MMDetection's ``DetInferencer`` needs panopticapi for panoptic maps and keeps all pictures in
    memory. This one needs nothing else, and writes each picture when it is done.

    A prediction is a :class:`mmhps.results.PanopticResult` with

    - ``ids``: (H, W) int32 at the size of the picture, turned as its EXIF orientation says; 0 is
      void, other values are ids of segments,
    - ``segments``: a dictionary for each segment with ``id``, ``category_id``, ``category``,
      ``isthing``, ``area``, ``bbox`` and, for instances, ``score``,
    - ``overlay()``: the picture with its segments drawn over it, and a legend,
    - ``image``: the picture, (H, W, 3) uint8 RGB,
    - ``image_id``: the stem of the file name, the number of an array in the inputs (``000003``) or
      the stem and frame of a video; ``_2``, … is appended to names that occur again,
    - ``img_path``: the file; None for what is in memory, downloaded or a frame,
    - ``sample``: None without ``outputs``; else the ``DetDataSample`` of the network, with
      ``pred_instances`` (``bboxes``, ``labels``, ``scores``, ``masks`` (N, H, W), bool) and
      ``pred_sem_seg.sem_seg`` (1, H, W), in fewer pixels where a picture is very large.

    Args:
        model: Config, path of a config, or name of a model in docs/model_zoo.md.
        weights: Path of the checkpoint, which is read without running code that it may hold. None
            takes the published weights of a named model; any other model keeps random ones.
        device: Device of the network; None chooses.
        show_progress: Whether to show the progress.
        outputs: What predictions have besides the map: ``"masks"`` of the instances, the
            ``"semantic"`` map, or both; before the fusion, and thus with overlaps.

    Raises:
        FileNotFoundError: The config or the checkpoint does not exist.
        OSError: Published weights cannot be downloaded.
        ValueError: The checkpoint is damaged or does not fit the config, the device cannot be
            used, or the names of the classes are not known.
    """

    def __init__(
        self,
        model: str | Path | Config | ConfigDict = DEFAULT_MODEL,
        weights: str | Path | None = None,
        device: str | None = None,
        show_progress: bool = True,
        outputs: Sequence[str] = (),
    ) -> None:
        if isinstance(model, str | Path):
            if not Path(model).is_file():
                entry = find_model(str(model))
                model = zoo_root() / entry["Config"]
                weights = published_weights(entry) if weights is None else weights
            model = str(model)
        if device is not None:
            check_device(device)
        init_default_scope("mmdet")
        weights = None if weights is None else str(weights)
        self.outputs = list(outputs)
        super().__init__(model, weights, device, scope="mmdet", show_progress=show_progress)

    def _init_model(self, cfg: Config, weights: str | None, device: str) -> torch.nn.Module:
        if self.outputs:
            cfg.merge_from_dict({"model.test_cfg.outputs": self.outputs})
        if weights is None:
            warnings.warn(
                "weights is None: the weights are random, and so are the predictions.", stacklevel=4
            )
            resolve_classes(cfg)
            model, trained = MODELS.build(cfg.model), {}
        else:
            checkpoint = load_checkpoint(weights)
            model = load_model(cfg.model, checkpoint, weights)
            trained = trained_meta(checkpoint)
        model.dataset_meta = dataset_meta(cfg, trained)
        return revert_sync_batchnorm(model).to(device).eval()

    def _init_pipeline(self, cfg: Config) -> Compose:
        """The test pipeline from where the picture is read, and without any labels."""
        (dataset, *_) = innermost_configs(cfg.test_dataloader.dataset)
        steps = copy.deepcopy(dataset["pipeline"])
        steps = [step for step in steps if type_name(step) not in _READS_LABELS]
        loaders = [step for step in steps if type_name(step) == "LoadImageFromFile"]
        if len(loaders) != 1:
            raise ValueError(
                f"test_dataloader.dataset.pipeline: expected one LoadImageFromFile, got "
                f"{[type_name(step) for step in steps]}. Add it as the first step."
            )
        loaders[0]["type"] = "mmdet.LoadImageFromNDArray"
        return Compose(steps)

    def _init_collate(self, cfg: Config) -> Callable:
        """Use MMEngine's default; its search for another one warns."""
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> None:
        """Build none: overlays do not need it."""

    @property
    def meta(self) -> Mapping[str, Any]:
        """Meta information of the predictions: that of the model's training."""
        return self.model.dataset_meta

    def _segment(self, pictures: Sequence[Picture]) -> Iterator[PanopticResult | Skipped]:
        prepared = [self._prepare(picture) for picture in pictures]
        batch = [data for _, data in prepared if isinstance(data, dict)]
        samples = iter(self.forward(self.collate_fn(batch)) if batch else ())
        for picture, (image, data) in zip(pictures, prepared, strict=True):
            if image is None:
                yield Skipped(picture.source, data)
            else:
                yield self.postprocess(next(samples).cpu(), picture, image[..., ::-1])

    def _prepare(self, picture: Picture) -> tuple[np.ndarray | None, dict | str]:
        """Read a picture: its pixels and the network's input, or None and what is wrong."""
        try:
            image = picture.read()
            data = self.pipeline(dict(img=image, img_id=picture.id))
        except OSError as error:
            return None, str(error)
        except cv2.error as error:
            height, width = image.shape[:2]
            return None, (
                f"{picture.source}: cannot be resized for the network from {width}x{height} pixels "
                f"({str(error).strip()}). Cut it into less extreme shapes."
            )
        _limit_output(data["data_samples"])
        return image, data

    def postprocess(
        self, sample: DetDataSample, picture: Picture, image: np.ndarray
    ) -> PanopticResult:
        """Make the prediction of a picture, see the class.

        Args:
            sample: What the network predicts.
            picture: The picture.
            image: Its pixels, (H, W, 3) uint8 RGB.
        """
        ids = resize_ids(predicted_ids(sample), image.shape[:2])
        return PanopticResult.of_prediction(
            ids,
            self.model.dataset_meta,
            scores=sample.pred_panoptic_seg.metainfo.get("instance_scores", ()),
            image=image,
            image_id=picture.id,
            img_path=picture.path,
            sample=sample if self.outputs else None,
        )


def _limit_output(sample: DetDataSample) -> None:
    """Let the network predict a large picture with ``MAX_PIXELS``."""
    size, shown = sample.ori_shape[:2], sample.img_shape[:2]
    height, width = limited(size)
    if (height, width) != tuple(size):
        scale_factor = (shown[1] / width, shown[0] / height)
        sample.set_metainfo(dict(ori_shape=(height, width), scale_factor=scale_factor))
