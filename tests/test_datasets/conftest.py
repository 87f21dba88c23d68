"""Small data sets on disk for the tests of this folder."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write_pair(write_ids):
    """Function (root, name, ids): write ``name``'s image (grey 100) and instanceIds map."""

    def write(root, name, ids):
        write_ids(root / f"gtFine/train/{name}_gtFine_instanceIds.png", ids)
        path = root / f"leftImg8bit/train/{name}_leftImg8bit.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*np.shape(ids), 3), 100, dtype=np.uint8)).save(path)

    return write
