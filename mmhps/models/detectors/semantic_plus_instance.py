"""*Semantic + Instance*, the paper's first baseline: two networks that share nothing."""

from __future__ import annotations

from mmdet.models.detectors import BaseDetector
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList, OptConfigType, OptMultiConfig
from torch import Tensor

from .fused_parts import FusedParts


@MODELS.register_module()
class SemanticPlusInstance(FusedParts, BaseDetector):
    """A semantic and an instance network, trained side by side and merged heuristically.

    Takes the arguments of Panoptic FPN and builds backbone and neck twice from them, so that the
    two systems differ in the sharing of features only.

    Args:
        backbone: Config of either backbone.
        neck: Config of either neck.
        semantic_head: Config of the semantic network's head.
        panoptic_fusion_head: Config of the heuristic merge.
        test_cfg: As for Mask R-CNN, and ``panoptic``: options of the merge; ``outputs``: see
            :func:`mmhps.models.detectors.outputs.add_outputs`.
        data_preprocessor: Config of the data preprocessor of both networks.
        init_cfg: Initialization.
        kwargs: ``rpn_head``, ``roi_head`` and ``train_cfg`` of the instance network, a Mask R-CNN.
    """

    def __init__(
        self,
        backbone: ConfigType,
        neck: ConfigType,
        semantic_head: ConfigType,
        panoptic_fusion_head: ConfigType,
        test_cfg: OptConfigType = None,
        data_preprocessor: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
        **kwargs,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.test_cfg = test_cfg
        features = dict(backbone=backbone, neck=neck)
        self.instance_network = MODELS.build(
            dict(type="MaskRCNN", **features, test_cfg=test_cfg, **kwargs)
        )
        self.semantic_network = MODELS.build(
            dict(type="TwoStagePanopticSegmentor", **features, semantic_head=semantic_head)
        )
        self.panoptic_fusion_head = MODELS.build(
            dict(panoptic_fusion_head, test_cfg=test_cfg and test_cfg.get("panoptic"))
        )

    def extract_feat(self, batch_inputs: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """FPN features of the instance network and of the semantic network."""
        return (
            self.instance_network.extract_feat(batch_inputs),
            self.semantic_network.extract_feat(batch_inputs),
        )

    def loss(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> dict[str, Tensor]:
        """Compute the losses of both networks; their sum trains each network independently.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: With ``gt_instances`` and ``gt_sem_seg``.

        Returns:
            Losses by name.
        """
        losses = self.instance_network.loss(batch_inputs, batch_data_samples)
        x = self.semantic_network.extract_feat(batch_inputs)
        return {**losses, **self.semantic_network.semantic_head.loss(x, batch_data_samples)}

    def predict_parts(
        self, batch_inputs: Tensor, batch_data_samples: SampleList, rescale: bool = True
    ) -> tuple[InstanceList, list[Tensor]]:
        """What is merged: per image the instances with masks, and the logits (T + S, H, W)."""
        x_instance, x_semantic = self.extract_feat(batch_inputs)
        metas = [sample.metainfo for sample in batch_data_samples]
        network = self.instance_network
        proposals = network.rpn_head.predict(x_instance, batch_data_samples, rescale=False)
        instances = network.roi_head.predict(
            x_instance, proposals, batch_data_samples, rescale=rescale
        )
        return instances, self.semantic_network.semantic_head.predict(x_semantic, metas, rescale)

    def _forward(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> tuple:
        """Raw outputs of both networks, e.g. to count operations."""
        instance_outputs = self.instance_network._forward(batch_inputs, batch_data_samples)
        x = self.semantic_network.extract_feat(batch_inputs)
        return *instance_outputs, self.semantic_network.semantic_head(x)["seg_preds"]
