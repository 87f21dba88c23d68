"""Pictures as inputs: files, folders, addresses, videos, webcams, arrays."""

from .frames import Picture
from .listing import Inputs, list_pictures, named

__all__ = ["Inputs", "Picture", "list_pictures", "named"]
