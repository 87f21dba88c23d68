_base_ = "./hps_r101_cityscapes.py"
model = dict(isi=dict(type="InitialSegmentation"), semantic_head=dict(type="ISISemanticHead"))
