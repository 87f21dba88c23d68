"""Colours of things, and drawing lots among them."""

import numpy as np

Colours = tuple[tuple[float, float, float], ...]  # red, green, blue in 0..255

# fmt: off
PAINTS = (
    (24, 25, 28), (40, 44, 52), (226, 227, 224), (205, 206, 206), (165, 168, 172), (118, 121, 126),
    (84, 88, 94), (38, 58, 108), (66, 96, 150), (146, 32, 34), (176, 60, 44), (52, 78, 62),
    (190, 176, 148), (122, 92, 66), (214, 178, 60),
)
PAINT_ODDS = np.array([13, 8, 14, 9, 12, 10, 8, 7, 5, 6, 3, 2, 4, 2, 2], dtype=float)
CLOTHES = (
    (30, 30, 34), (52, 54, 62), (88, 90, 96), (40, 54, 96), (74, 98, 142), (140, 40, 42),
    (184, 66, 60), (202, 198, 188), (228, 226, 220), (98, 82, 60), (150, 128, 96), (60, 84, 66),
    (206, 172, 70), (120, 70, 110),
)
TROUSERS = ((28, 30, 36), (44, 50, 68), (58, 70, 104), (90, 88, 84), (150, 136, 112), (70, 60, 52))
SKINS = ((222, 182, 154), (198, 152, 122), (150, 104, 78), (96, 66, 50))
HAIRS = ((34, 26, 22), (70, 50, 34), (120, 92, 58), (150, 148, 144))
FACADES = (
    (206, 192, 162), (222, 210, 186), (190, 164, 118), (150, 88, 70), (130, 76, 62),
    (176, 176, 172), (150, 152, 154), (226, 224, 218), (172, 182, 186), (204, 170, 150),
    (186, 150, 130), (120, 116, 110),
)
ROOFS = ((122, 66, 52), (96, 58, 50), (70, 70, 74), (88, 84, 82))
FLEETS = (
    (196, 172, 62), (176, 44, 42), (222, 222, 216), (56, 92, 150), (60, 118, 84), (150, 152, 156),
)
LIVERIES = {
    "bus": ((208, 168, 44), (196, 108, 40), (186, 46, 42)),
    "truck": ((224, 224, 218), (58, 88, 148), (150, 152, 156), (196, 196, 186)),
    "train": ((58, 116, 82), (96, 148, 120), (206, 198, 160)),
}
WALLS = ((166, 162, 154), (138, 134, 128), (188, 182, 170), (142, 90, 72))
BRIGHTS = ((214, 222, 60), (232, 120, 40), (222, 60, 60), (80, 190, 220), (236, 236, 232))
WOODS = ((126, 98, 70), (98, 78, 60), (150, 126, 96), (84, 84, 80))
GLASS = (52, 60, 70)
RUBBER = (26, 26, 28)
# fmt: on


def pick(rng: np.random.Generator, colours: Colours, spread: float = 0.08) -> np.ndarray:
    """One of the colours, a little lighter, darker and off."""
    colour = np.array(colours[rng.integers(len(colours))], dtype=float)
    return vary(rng, colour, spread)


def vary(rng: np.random.Generator, colour: np.ndarray, spread: float = 0.08) -> np.ndarray:
    """The colour, a little lighter, darker and off."""
    change = rng.normal(0, spread) + rng.normal(0, 0.3 * spread, 3)
    return np.clip(np.asarray(colour, dtype=float) * (1 + change), 8, 248)


def pick_paint(rng: np.random.Generator) -> np.ndarray:
    """A car's colour."""
    index = rng.choice(len(PAINTS), p=PAINT_ODDS / PAINT_ODDS.sum())
    return vary(rng, np.array(PAINTS[index], dtype=float))


def pick_some(rng: np.random.Generator, colours: Colours, count: int) -> Colours:
    """`count` different ones of the colours."""
    return tuple(colours[i] for i in rng.choice(len(colours), count, replace=False))
