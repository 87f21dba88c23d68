from .differentiable_fusion_head import DifferentiableFusionHead
from .heuristic_merge_head import HeuristicMergeHead

__all__ = ["DifferentiableFusionHead", "HeuristicMergeHead"]
