"""Instances whose masks hold one logit each, the four systems, and the losses of a network."""

import torch

from mmhps.models.instances import Instances

SYSTEMS = ["semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi"]


def flat_instances(boxes=(), labels=(), scores=(), logits=(), things=2, **fields):
    """Instances of ``things`` classes from lists; other fields as they are."""
    logits = torch.as_tensor(logits, dtype=torch.float32)
    return Instances(
        bboxes=torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
        labels=torch.tensor(labels, dtype=torch.long),
        scores=torch.tensor(scores, dtype=torch.float32),
        class_weights=torch.eye(things)[list(labels)].view(-1, things),
        mask_logits=logits.view(-1, 1, 1).expand(-1, 2, 2),
        **fields,
    )


def losses_of(model, batch):
    """The total loss of a training step, and the losses by name."""
    data = model.train().data_preprocessor(batch, training=True)
    return model.parse_losses(model(**data, mode="loss"))
