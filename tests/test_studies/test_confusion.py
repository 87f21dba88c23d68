"""The picture of a confusion matrix."""

import numpy as np

from mmhps.studies import confusion


def test_picture_has_a_number_for_each_visible_share():
    counts = np.zeros((4, 4), int)
    counts[0] = [750, 249, 0, 1]
    axes = confusion.draw(counts, ("person", "car", "road")).axes[0]
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts == {(0, 0): "75", (1, 0): "25"}  # 0.1 % is left out
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "void"
