from .crowd_assigner import CrowdAssigner

__all__ = ["CrowdAssigner"]
