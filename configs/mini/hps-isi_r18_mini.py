_base_ = "./hps_r18_mini.py"
model = dict(
    prior=dict(type="InitialSegmentation"),
    # not stated in the paper: the width of the four blocks; 32, as each level has here, is too few
    # for the classes (docs/study.md)
    semantic_head=dict(type="PriorSemanticHead", block_channels=64),
)
