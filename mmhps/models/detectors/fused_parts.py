"""How every detector predicts: its parts, then their fusion."""

from __future__ import annotations

from mmdet.structures import SampleList
from torch import Tensor

from .outputs import add_outputs


class FusedParts:
    """A mixin for detectors with ``predict_parts`` and ``panoptic_fusion_head``."""

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: SampleList, rescale: bool = True
    ) -> SampleList:
        """Predict the panoptic maps of a batch of images.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: For their meta information.
            rescale: Predict at the original size of each image, else at the network's.

        Returns:
            The data samples with ``pred_panoptic_seg`` (``sem_seg`` (1, H, W), see the fusion
            head), ``pred_instances`` (``bboxes``, ``labels``, ``scores``), and what
            ``test_cfg.outputs`` asks for, see
            :func:`mmhps.models.detectors.outputs.add_outputs`.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        instances, logits = self.predict_parts(batch_inputs, batch_data_samples, rescale)
        results = self.panoptic_fusion_head.predict(
            instances, logits, batch_img_metas=metas, rescale=rescale
        )
        add_outputs(batch_data_samples, instances, logits, self.test_cfg, rescale)
        for sample, result in zip(batch_data_samples, results, strict=True):
            sample.pred_panoptic_seg = result
        return batch_data_samples
