_base_ = "./hps_r50_coco.py"
model = dict(prior=dict(type="InitialSegmentation"), semantic_head=dict(type="PriorSemanticHead"))
