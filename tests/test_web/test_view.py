"""What the page shows, on a street of 2 x 4 pixels: sky above, two cars and road below."""

import numpy as np
import pytest

from mmhps.results import PanopticResult
from mmhps.web import view

META = dict(
    classes=("car", "road", "sky"),
    thing_classes=("car",),
    label_ids=(26, 7, 23),
    palette=[(0, 0, 142), (128, 64, 128), (70, 130, 180)],
)
SKY, ROAD, FIRST, SECOND, VOID = 2, 1, 1000, 2000, 255


def street(panoptic=((SKY, SKY, SKY, VOID), (FIRST, FIRST, SECOND, ROAD)), scores=(0.9, 0.4)):
    panoptic = np.array(panoptic)
    image = np.full((*panoptic.shape, 3), (30, 60, 90), np.uint8)
    return PanopticResult(panoptic, META, scores=scores, image=image, image_id="street")


def test_no_instances():
    result = street([[SKY, SKY], [ROAD, ROAD]], scores=())
    shown, hidden = view.confident(result, 1.0)
    assert (shown.panoptic == result.panoptic).all() and hidden == []
    assert view.summary(shown, hidden, 0) == (
        "0 instances and 2 of stuff are shown; 0.0 % of the pixels have no class."
    )
    # Nothing is coloured: the photo's mean is 60.
    assert (view.drawn(shown, "instances") == 60).all()


def test_nothing_at_all():
    result = street([[VOID, VOID]], scores=())
    assert view.table(result) == []
    assert "100.0 % of the pixels have no class" in view.summary(result, [], 0)


@pytest.mark.parametrize(
    "min_score, cars", [(0, (FIRST, SECOND)), (0.4, (FIRST, SECOND)), (0.41, (FIRST, VOID))]
)
def test_a_lower_score_is_hidden(min_score, cars):
    shown, hidden = view.confident(street(), min_score)
    assert shown.panoptic[1].tolist() == [cars[0], cars[0], cars[1], ROAD]
    assert [info["score"] for info in hidden] == [0.4] * (VOID in cars)
    assert shown.panoptic[0].tolist() == [SKY, SKY, SKY, VOID]


def test_scores_stay_with_their_instances():
    shown, hidden = view.confident(street(scores=(0.4, 0.9)), 0.5)
    assert [info["area"] for info in hidden] == [2]
    assert [info["score"] for info in shown.segments if info["isthing"]] == [0.9]


def test_summary_says_what_is_hidden():
    texts = [view.summary(*view.confident(street(), score), score) for score in (0, 0.3, 0.5, 1)]
    assert texts[0] == "2 instances and 2 of stuff are shown; 12.5 % of the pixels have no class."
    assert texts[1].endswith("No instance has a score below 0.30, so none is hidden.")
    assert texts[2] == (
        "1 instance and 2 of stuff are shown; 25.0 % of the pixels have no class. "
        "**Hidden: 1 instance** that has a score below 0.50 (1 × car)."
    )
    assert texts[3].endswith("**Hidden: 2 instances** that have a score below 1.00 (2 × car).")


def test_views():
    result = street()
    overlay = view.drawn(result, "overlay")
    assert (overlay == result.overlay(legend=False)).all()
    assert (view.drawn(result, "original") == result.image).all()
    instances = view.drawn(result, "instances")
    assert (instances[1, :3] == overlay[1, :3]).all()
    assert (instances[0] == 60).all() and (instances[1, 3] == 60).all()
    with pytest.raises(ValueError, match="view: expected one of overlay, .*, got 'masks'"):
        view.drawn(result, "masks")


def test_a_chosen_segment_stays_bright():
    result = street()
    sky = view.segment_at(result, 0, 0)
    picture = view.drawn(result, "original", sky["id"])
    assert picture[0, 0].tolist() == [30, 60, 90]
    assert picture[1, 0].tolist() == picture[0, 3].tolist() == [10, 20, 30]


def test_segment_at_a_pixel():
    result = street()
    assert view.segment_at(result, 2, 1)["score"] == 0.4
    assert view.segment_at(result, 3, 1)["category"] == "road"
    for x, y in ((3, 0), (4, 0), (0, 2), (-1, 0)):
        assert view.segment_at(result, x, y) is None


def test_words_for_a_segment():
    result = street()
    lines = [view.described(result, view.segment_at(result, *spot)) for spot in ((2, 1), (0, 0))]
    assert lines[0] == "**car** · score 0.40 · 1 pixel (12.5 %)"
    assert lines[1] == "**sky** · stuff, which has no score · 3 pixels (37.5 %)"
    assert view.described(result, None) == "Nothing there has a class."


def test_table_begins_with_the_largest():
    assert view.table(street()) == [
        ["sky", "–", "3", "37.5 %"],
        ["car", "0.90", "2", "25.0 %"],
        ["road", "–", "1", "12.5 %"],
        ["car", "0.40", "1", "12.5 %"],
    ]


def test_legend_escapes_names():
    result = street()
    html = view.legend(PanopticResult(result.panoptic, META | dict(classes=("<b>", "road", "sky"))))
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert html.count("■") == 4 and "void" in html
