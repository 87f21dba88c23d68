# The paper read literally: raw mask logits against raw stuff logits, every RoI of an instance
# averaged, every pixel alike, nothing dropped.
_base_ = "./hps_r18_mini.py"
model = dict(
    roi_head=dict(train_instances=dict(type="SampledRoIs", per_instance=1000)),
    panoptic_fusion_head=dict(
        mask_scale=1.0,
        score_weight=0.0,
        segment_power=0.0,
        loss_weight=1.0,
        stuff_values="logits",
        empty=0.0,
        void_things=False,
    ),
    test_cfg=dict(panoptic=dict(mask_overlap=1.0)),
)
