"""An assigner that ignores boxes in crowds."""

from __future__ import annotations

from mmdet.models.task_modules.assigners import AssignResult, MaxIoUAssigner
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData


@TASK_UTILS.register_module()
class CrowdAssigner(MaxIoUAssigner):
    """MaxIoUAssigner that ignores boxes in crowds in images without any instance, too.

    In such images MMDetection's assigner takes every box for background. Here that happens only if
    all boxes are in crowds, because a head without any box has no loss. Takes the arguments of the
    base class.
    """

    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs,
    ) -> AssignResult:
        """Assign ground truth to boxes.

        Args:
            pred_instances: With ``priors`` (N, 4).
            gt_instances: With ``bboxes`` (G, 4) and ``labels`` (G,).
            gt_instances_ignore: Crowds, with ``bboxes`` (I, 4).
            kwargs: Not used.

        Returns:
            ``gt_inds`` (N,): 0 is background, -1 ignored, g + 1 ground truth g.
        """
        result = super().assign(pred_instances, gt_instances, gt_instances_ignore, **kwargs)
        crowds = None if gt_instances_ignore is None else gt_instances_ignore.bboxes
        if self.ignore_iof_thr > 0 and crowds is not None and len(crowds) and not len(gt_instances):
            priors = pred_instances.priors
            if self.ignore_wrt_candidates:
                share = self.iou_calculator(priors, crowds, mode="iof").amax(dim=1)
            else:
                share = self.iou_calculator(crowds, priors, mode="iof").amax(dim=0)
            ignored = share > self.ignore_iof_thr
            if not ignored.all():
                result.gt_inds[ignored] = -1
        return result
