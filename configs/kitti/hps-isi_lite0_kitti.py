_base_ = "./hps_lite0_kitti.py"
model = dict(
    prior=dict(type="InitialSegmentation"),
    semantic_head=dict(type="PriorSemanticHead", block_channels=64),
)
