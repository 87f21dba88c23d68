# As pretrain_r18_mini.py, but each network learns its task alone: what semantic-plus-instance-one-task.py
# of configs/ablations starts from.
_base_ = "./pretrain_r18_mini.py"
model = dict(type="SemanticPlusInstance")
