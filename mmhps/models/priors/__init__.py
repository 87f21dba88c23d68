from .background_attention import BackgroundAttention
from .base import ClassPrior, NoPrior, Prior, PriorInputs, PriorOutput
from .initial_segmentation import InitialSegmentation
from .instance_maximum import InstanceMaximum
from .prior_sequence import PriorSequence

__all__ = [
    "BackgroundAttention",
    "ClassPrior",
    "InitialSegmentation",
    "InstanceMaximum",
    "NoPrior",
    "Prior",
    "PriorInputs",
    "PriorOutput",
    "PriorSequence",
]
