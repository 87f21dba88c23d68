# Trained as Panoptic FPN, whose checkpoints fit; the fusion is one of testing.
_base_ = "./hps_r18_mini.py"
model = dict(panoptic_fusion_head=dict(type="EfficientPSFusionHead"))
