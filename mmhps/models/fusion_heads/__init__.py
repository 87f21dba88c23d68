from .base import FusionHead
from .differentiable_fusion_head import DifferentiableFusionHead
from .efficientps_fusion_head import EfficientPSFusionHead
from .heuristic_merge_head import HeuristicMergeHead
from .oanet_fusion_head import OANetFusionHead
from .sognet_fusion_head import SOGNetFusionHead
from .tascnet_fusion_head import TASCNetFusionHead
from .upsnet_fusion_head import UPSNetFusionHead

__all__ = [
    "DifferentiableFusionHead",
    "EfficientPSFusionHead",
    "FusionHead",
    "HeuristicMergeHead",
    "OANetFusionHead",
    "SOGNetFusionHead",
    "TASCNetFusionHead",
    "UPSNetFusionHead",
]
