"""What the timing of one config reports; never how fast anything is."""

import torch

from mmhps.studies import speed


def test_warm_up_does_not_count(monkeypatch):
    times = iter([1000.0, 10.0, 20.0, 30.0, 40.0])
    monkeypatch.setattr(speed, "elapsed_ms", lambda call: next(times))
    values = speed.measure(lambda: None, images=2, number=4, warm_up=1)
    assert values == dict(images_per_s=80, ms=25, ms_low=17.5, ms_high=32.5)


def test_gpu_memory_is_that_of_the_call(monkeypatch):
    held = dict(now=5 << 20, peak=9 << 20)
    monkeypatch.setattr(
        torch.cuda, "reset_peak_memory_stats", lambda _: held.update(peak=held["now"])
    )
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: held["now"])
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: held["peak"])
    assert speed.added_memory(lambda: None, "cuda:0") == 0
    assert speed.added_memory(lambda: held.update(peak=8 << 20), "cuda:0") == 3
