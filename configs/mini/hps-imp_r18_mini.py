_base_ = "./hps-isi_r18_mini.py"
model = dict(prior=dict(_delete_=True, type="InstanceMaximum"))
