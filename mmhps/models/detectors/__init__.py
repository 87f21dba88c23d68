from .hps import HPS
from .panoptic_fpn import PanopticFPN
from .panoptic_tta import PanopticTTAModel
from .semantic_plus_instance import SemanticPlusInstance

__all__ = ["HPS", "PanopticFPN", "PanopticTTAModel", "SemanticPlusInstance"]
