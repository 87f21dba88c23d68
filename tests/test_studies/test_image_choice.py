"""Which images are compared."""

import pytest

from mmhps.studies import image_choice

INFOS = [
    dict(img_id=name, img_path=f"{city}/{name}_leftImg8bit.png")
    for city, name in [("a", "a_1"), ("a", "a_2"), ("b", "b_1"), ("b", "b_2")]
]


def test_chance_keeps_the_order_and_obeys_the_seed():
    chosen = image_choice.select_images(INFOS, 3, None, seed=0)
    assert chosen == sorted(chosen) and len(set(chosen)) == 3
    assert chosen == image_choice.select_images(INFOS, 3, None, seed=0)
    draws = {tuple(image_choice.select_images(INFOS, 2, None, seed)) for seed in range(20)}
    assert len(draws) > 3
    assert image_choice.select_images(INFOS, 4, None, seed=1) == [0, 1, 2, 3]


@pytest.mark.parametrize("num", [0, 5])
def test_number_of_images(num):
    with pytest.raises(ValueError, match=rf"--num: expected 1\.\.4 \(all images\), got {num}"):
        image_choice.select_images(INFOS, num, None, 0)


def test_images_by_name_in_the_given_order():
    stems = ["b_2", "a_1_leftImg8bit", "b_1_leftImg8bit.png"]
    assert image_choice.select_images(INFOS, 4, stems, 0) == [3, 0, 2]


def test_unknown_and_ambiguous_names():
    with pytest.raises(ValueError, match="'c_1' is not in the test data set; .*'a_1'"):
        image_choice.select_images(INFOS, 4, ["c_1"], 0)
    infos = [dict(img_id=k, img_path=f"{k}/same.png") for k in range(2)]
    with pytest.raises(ValueError, match="'same' occurs several times"):
        image_choice.select_images(infos, 4, ["same"], 0)
    assert image_choice.select_images(infos, 4, ["1"], 0) == [1]


def test_extremes_rank_by_gain():
    nan = float("nan")
    assert image_choice.extremes([1.0, -4.0, nan, 9.0, 1.0, -2.0], 2) == [3, 0, 5, 1]
    for num in (0, 3):
        with pytest.raises(ValueError, match=rf"--extremes: expected 1\.\.2 .*got {num}"):
            image_choice.extremes([1.0, -4.0, nan, 9.0, 1.0, nan, nan], num)
