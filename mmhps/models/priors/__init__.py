from .background_attention import BackgroundAttention
from .base import ClassPrior, NoPrior, Prior, PriorInputs, PriorOutput
from .initial_segmentation import InitialSegmentation
from .instance_maximum import InstanceMaximum

__all__ = [
    "BackgroundAttention",
    "ClassPrior",
    "InitialSegmentation",
    "InstanceMaximum",
    "NoPrior",
    "Prior",
    "PriorInputs",
    "PriorOutput",
]
