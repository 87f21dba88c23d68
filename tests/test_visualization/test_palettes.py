from mmhps.visualization.palettes import palette_colors


def test_names_colours_and_none():
    assert palette_colors("coco", 2)[:2] == [(220, 20, 60), (119, 11, 32)]
    assert palette_colors(((1, 2, 3), (4, 5, 6)), 2) == [(1, 2, 3), (4, 5, 6)]
    assert len(set(palette_colors(None, 3))) == 3
