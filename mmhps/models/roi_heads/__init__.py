from .instance_roi_head import InstanceRoIHead

__all__ = ["InstanceRoIHead"]
