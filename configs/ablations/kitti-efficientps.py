_base_ = "../kitti/hps_lite0_kitti.py"
title = "EfficientPS's fusion, trained"
model = dict(panoptic_fusion_head=dict(type="EfficientPSFusionHead", loss_weight=0.5))
