# In place of ImageNet weights alone: those of configs/kitti/pretrain_lite0_drawn.py, which started
# from them. The systems differ in the last layers of the semantic head, which start from nothing.
_base_ = "./narrow_lite0.py"
pretrained = "{{ fileDirname }}/../../../checkpoints/lite0-fpn_drawn-pretrain-be7459da.pth"
start = {
    name: dict(type="Pretrained", prefix=f"{name}.", checkpoint=pretrained)
    for name in ("backbone", "neck", "rpn_head", "roi_head", "semantic_head")
}
model = {name: dict(init_cfg=init_cfg) for name, init_cfg in start.items()}
