"""Procedurally drawn street scenes with their annotation: no torch is needed.

:mod:`~mmhps.street_scenes.scene` draws a picture. ``style`` and ``street`` choose the city, the
light and the lanes; ``ground``, ``roadside`` and ``traffic`` place what stands in them; ``sketch``
and ``raster`` turn it into layers and polygons, and ``painter`` into pixels.
"""

from mmhps.street_scenes.scene import draw_scene, stem

__all__ = ["draw_scene", "stem"]
