"""What a run reports."""

from types import SimpleNamespace

from mmengine.registry import init_default_scope

from mmhps.engine import launch


def test_report_leaves_out_what_there_is_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runner = SimpleNamespace(logger=SimpleNamespace(log_file=str(tmp_path / "run" / "log")))
    launch.report(runner, checkpoint=str(tmp_path / "a.pth"), best=None)
    assert capsys.readouterr().out == "checkpoint: a.pth\nlog: run/log\n"


def test_a_run_has_the_classes_of_its_data(tiny_config, tmp_path):
    """CamVid's config states none."""
    init_default_scope("mmdet")
    cfg = tiny_config("camvid/hps-isi_r18_camvid.py")
    cfg.work_dir = str(tmp_path)
    model = launch.build_runner(cfg, verbose=False).model
    assert model.panoptic_fusion_head.num_things_classes == 3
    assert model.semantic_head.num_classes == 11
    assert model.roi_head.bbox_head.num_classes == model.roi_head.mask_head.num_classes == 3
