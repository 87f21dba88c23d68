from .hps import HPS
from .semantic_plus_instance import SemanticPlusInstance

__all__ = ["HPS", "SemanticPlusInstance"]
