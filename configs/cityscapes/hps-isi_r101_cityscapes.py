_base_ = "./hps_r101_cityscapes.py"
model = dict(prior=dict(type="InitialSegmentation"), semantic_head=dict(type="PriorSemanticHead"))
