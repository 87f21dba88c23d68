"""Training by two processes: the gradients of each of the four systems."""

import copy

import pytest
import torch
import torch.distributed
import torch.multiprocessing
from mmengine.model import MMDistributedDataParallel
from model_parts import SYSTEMS
from torch.nn.modules.batchnorm import _BatchNorm

MANY, ONE, NONE = [[8, 8, 40, 48], [30, 20, 60, 60]], [[10, 4, 50, 60]], []


def losses_of(network, model, batch):
    """The losses by name, with the same random numbers each time."""
    torch.manual_seed(0)
    return network(**model.data_preprocessor(copy.deepcopy(batch), training=True), mode="loss")


def process(rank, folder, model, batches):
    """One of the processes, with its own images."""
    torch.set_num_threads(1)  # the parent's threads are not there after a fork
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=len(batches)
    )
    wrapped = MMDistributedDataParallel(model, broadcast_buffers=False)
    for _ in range(2):  # the second pass meets what the first one left unfinished
        model.zero_grad()
        total, _ = model.parse_losses(losses_of(wrapped, model, batches[rank]))
        total.backward()
    torch.save({n: p.grad for n, p in model.named_parameters()}, f"{folder}/{rank}.pth")


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    "boxes", [(MANY, ONE), (ONE, NONE), (NONE, NONE)], ids=["2+1", "1+0", "0+0"]
)
def test_gradients_are_the_mean_of_the_processes(build_model, make_batch, tmp_path, system, boxes):
    model = build_model(f"mini/{system}_r18_mini.py").train()
    batches = [make_batch(((64, 64),), boxes=b) for b in boxes]
    alone = copy.deepcopy(model)
    for _ in range(2):
        alone.zero_grad()
        for batch in batches:
            total, _ = alone.parse_losses(losses_of(alone, alone, batch))
            (total / 2).backward()
    torch.multiprocessing.start_processes(
        process, (str(tmp_path), model, batches), nprocs=2, start_method="fork"
    )
    first, second = (torch.load(tmp_path / f"{rank}.pth") for rank in (0, 1))
    for name, parameter in alone.named_parameters():
        if parameter.requires_grad:
            assert torch.equal(first[name], second[name]), name
            torch.testing.assert_close(first[name], parameter.grad, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_equals_one_process_with_all_images(build_model, make_batch, system):
    """The losses per pixel do, without batch statistics; the mask loss counts RoIs, not images."""
    model = build_model(f"mini/{system}_r18_mini.py").train()
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eval()
    batches = [make_batch(((64, 64),), boxes=b) for b in (MANY, NONE)]
    both = {key: batches[0][key] + batches[1][key] for key in batches[0]}
    with torch.no_grad():
        one, other, together = (
            model.parse_losses(losses_of(model, model, batch))[1] for batch in (*batches, both)
        )
    for name in {"loss_seg", "loss_panoptic"} & together.keys():
        assert together[name].item() == pytest.approx((one[name] + other[name]).item() / 2), name
    # All positive RoIs are in the first image: over two processes they count half as much.
    assert together["loss_mask"] == pytest.approx(one["loss_mask"].item(), rel=0.2)
    assert other["loss_mask"] == 0
