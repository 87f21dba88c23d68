from .concat_semantic_head import ConcatSemanticHead, ISISemanticHead

__all__ = ["ConcatSemanticHead", "ISISemanticHead"]
