"""Processes without a GPU: MMEngine finds them joined, and the wrapper without a device."""

from mmengine.config import Config

from mmhps.compat import cpu_processes


def test_cpu_processes_need_no_device(monkeypatch):
    joined = []
    monkeypatch.setattr(cpu_processes.torch.distributed, "init_process_group", joined.append)
    cfg = Config(dict(launcher="pytorch"))
    cpu_processes.join_cpu_processes(cfg)
    assert joined == ["gloo"]
    assert cfg.model_wrapper_cfg == dict(
        type="MMDistributedDataParallel",
        broadcast_buffers=False,
        find_unused_parameters=False,
        device_ids=None,
    )


def test_wrapper_of_the_config_is_kept(monkeypatch):
    monkeypatch.setattr(cpu_processes.torch.distributed, "init_process_group", lambda backend: None)
    cfg = Config(dict(model_wrapper_cfg=dict(type="Mine")))
    cpu_processes.join_cpu_processes(cfg)
    assert cfg.model_wrapper_cfg == dict(type="Mine", device_ids=None)
