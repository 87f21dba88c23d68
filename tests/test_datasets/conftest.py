"""Small data sets on disk for the tests of this folder.

The street scene, 4 rows by 6 columns (R road, A car, G group of cars, B person, S sky, . void):

    R R R R R R
    A A R R G G
    A A R B G G
    . . . . S S
"""

import numpy as np
import pytest
from PIL import Image

R, S, G, B, A = 7, 23, 26, 24001, 26000  # raw instanceIds values
STREET = [
    [R, R, R, R, R, R],
    [A, A, R, R, G, G],
    [A, A, R, B, G, G],
    [0, 0, 0, 0, S, S],
]


@pytest.fixture
def street() -> np.ndarray:
    """Raw ids of the street scene, (4, 6) int32."""
    return np.array(STREET, dtype=np.int32)


@pytest.fixture
def write_ids():
    """Function (path, ids): write a 16-bit grey PNG."""

    def write(path, ids):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(ids, dtype=np.uint16)).save(path)

    return write


@pytest.fixture
def write_pair(write_ids):
    """Function (root, name, ids): write ``name``'s image (grey 100) and instanceIds map."""

    def write(root, name, ids):
        write_ids(root / f"gtFine/train/{name}_gtFine_instanceIds.png", ids)
        path = root / f"leftImg8bit/train/{name}_leftImg8bit.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*np.shape(ids), 3), 100, dtype=np.uint8)).save(path)

    return write
