from .concat_semantic_head import ConcatSemanticHead
from .prior_semantic_head import PriorSemanticHead

__all__ = ["ConcatSemanticHead", "PriorSemanticHead"]
