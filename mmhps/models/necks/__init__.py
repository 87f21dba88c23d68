from .isi import InitialSegmentation

__all__ = ["InitialSegmentation"]
