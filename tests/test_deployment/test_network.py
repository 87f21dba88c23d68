"""The network that is exported predicts what the detector does, before any export."""

import numpy as np
import pytest
import torch
from exported import SYSTEMS, expected_sample, exportable, street

# Random masks would lose against all stuff.
LARGE_MASKS = dict(panoptic_fusion_head=dict(mask_scale=100.0))
TWO_PRIORS = dict(
    _delete_=True,
    type="PriorSequence",
    priors=[dict(type="NoPrior"), dict(type="InitialSegmentation")],
)
CASES = {name: (f"mini/{name}_r18_mini.py", {}) for name in SYSTEMS}
CASES |= {
    "literal": ("mini/hps-literal_r18_mini.py", LARGE_MASKS),
    "efficientps": ("ablations/fusion-efficientps.py", LARGE_MASKS),
    "heuristic": ("ablations/fusion-heuristic.py", {}),
    "imp": ("ablations/hps-imp.py", {}),
    "several priors": ("mini/hps-isi_r18_mini.py", dict(prior=TWO_PRIORS)),
    "unsure": ("mini/hps_r18_mini.py", dict(test_cfg=dict(panoptic=dict(stuff_score_thr=0.06)))),
    "limit": ("mini/hps_r18_mini.py", dict(test_cfg=dict(panoptic=dict(stuff_area_limit=500)))),
    "no instance": ("mini/hps-isi_r18_mini.py", dict(test_cfg=dict(rcnn=dict(score_thr=1.0)))),
    "no proposal": ("mini/hps-isi_r18_mini.py", dict(test_cfg=dict(rpn=dict(min_bbox_size=1000)))),
}


@pytest.mark.parametrize("size", [(64, 96), (50, 37)])
@pytest.mark.parametrize("case", CASES)
def test_predicts_as_the_detector(case, size, build_model):
    config, settings = CASES[case]
    model = build_model(config, **settings)
    image = street(size)
    sample = expected_sample(model, image)
    with torch.no_grad():
        found = exportable(model)(torch.from_numpy(image))
    expected = sample.pred_panoptic_seg.sem_seg[0]
    assert (found.panoptic_ids != expected).float().mean() < 0.001  # ties of random logits
    assert found.ids.tolist() == expected[expected != 19].unique().tolist()
    if size == (64, 96):
        assert (found.ids >= 1000).any() == (not case.startswith("no "))
    assert found.areas.sum() == (found.panoptic_ids != 19).sum()


def test_large_images_are_decided_in_fewer_pixels(build_model):
    model = build_model("mini/hps_r18_mini.py")
    image = torch.from_numpy(street((64, 96)))
    with torch.no_grad():
        found = exportable(model, max_pixels=16 * 24)(image)
    blocks = found.panoptic_ids.view(16, 4, 24, 4)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert len(np.unique(blocks)) > 1
