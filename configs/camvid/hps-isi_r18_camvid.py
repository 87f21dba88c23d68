_base_ = "./hps_r18_camvid.py"
model = dict(isi=dict(type="InitialSegmentation"), semantic_head=dict(type="ISISemanticHead"))
