# In place of ImageNet weights alone: those of configs/kitti/pretrain_lite0_drawn.py, which started
# from them. The semantic heads differ between the systems and start from nothing.
_base_ = "./narrow_lite0.py"
pretrained = "{{ fileDirname }}/../../../checkpoints/lite0-fpn_drawn-pretrain.pth"
start = {
    name: dict(type="Pretrained", prefix=f"{name}.", checkpoint=pretrained)
    for name in ("backbone", "neck", "rpn_head", "roi_head")
}
model = {name: dict(init_cfg=init_cfg) for name, init_cfg in start.items()}
