"""A drawn page as a picture of a dataset: what befell it, its bytes, where everything stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from records import GRID, generator, normalise, region_array
from renderers.effects import (
    RECIPE_KINDS,
    Moved,
    Recipe,
    apply_recipe,
    choose_recipe,
    faint_words,
    moved_boxes,
    outlines,
)
from renderers.encoding import Encoded, encode
from renderers.errors import Refused
from renderers.layout import LEVELS, Layout

#: The share of a word that must still be in the picture: one that is cut is not what its
#: label says.
MIN_VISIBLE = 0.98
#: How strong effects are, 0..1. Stronger ones are photos that Tesseract cannot read.
STRENGTHS = (0.2, 0.7)
#: A recipe that makes a word unreadable is tried again so much weaker, once.
WEAKER = 0.5
#: Grid steps by which a moved box's corners may differ from the box itself.
_STRAIGHT = 1.0


@dataclass(frozen=True, eq=False)
class Place:
    """The boxes of one level in the picture, in reading order."""

    labels: list[str]
    #: int16 (N, 4), on the 0..1000 grid.
    boxes: NDArray[np.int16]
    #: Corners on the grid, clockwise from the upper left; empty where the box says all.
    polygons: list[tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Taken:
    """A picture and its ground truth."""

    encoded: Encoded
    #: Pixels.
    width: int
    height: int
    recipe: Recipe
    places: Mapping[str, Place]

    def regions(self, levels: Sequence[str], image: int = 0) -> pa.StructArray:
        """The regions of some levels as a `records.REGION` array."""
        return pa.concat_arrays(
            region_array(name, p.labels, p.boxes, image=image, polygons=p.polygons)
            for name in levels
            for p in [self.places[name]]
        )


def take(
    pixels: NDArray[np.uint8],
    layout: Layout,
    *,
    kinds: Mapping[str, float],
    seed: int,
    key: str,
) -> Taken:
    """Take a picture of a drawn page; `kinds` are the weights of RECIPE_KINDS to choose from.

    Every word can still be read in it: a recipe that hides one, or cuts one off,
    is tried again weaker, and then left out.
    """
    random = generator(seed, "take", key)
    weights = np.array([kinds.get(kind, 0.0) for kind in RECIPE_KINDS])
    kind = RECIPE_KINDS[int(random.choice(len(RECIPE_KINDS), p=weights / weights.sum()))]
    strength = float(random.uniform(*STRENGTHS))
    height = min(layout.styles[k].size for k in np.unique(layout.char.style).tolist())
    for attempt in (strength, strength * WEAKER):
        chosen = generator(seed, "recipe", key, f"{attempt:.3f}")
        recipe = choose_recipe(kind, attempt, chosen, text_height=height)
        try:
            return _taken(pixels, layout, recipe)
        except Refused:
            continue
    return _taken(pixels, layout, Recipe("clean"))


def _taken(pixels: NDArray[np.uint8], layout: Layout, recipe: Recipe) -> Taken:
    levels = {name: _told(layout, name) for name in LEVELS}
    if not recipe.steps:
        height, width = pixels.shape[:2]
        places = {}
        for name, (labels, boxes) in levels.items():
            places[name] = Place(labels, normalise(boxes, width, height), [()] * len(labels))
        return Taken(encode(pixels), width, height, recipe, places)
    boxes = np.vstack([b for _, b in levels.values()])
    after, points = apply_recipe(recipe, pixels, outlines(boxes))
    height, width = after.shape[:2]
    moved = moved_boxes(points, width, height)
    starts = np.cumsum([0, *(len(labels) for labels, _ in levels.values())]).tolist()
    words = slice(starts[1], starts[2])
    if (moved.visible[words] < MIN_VISIBLE).any():
        raise Refused("cut_off", f"{(moved.visible[words] < MIN_VISIBLE).sum()} words")
    mine = Moved(moved.boxes[words], moved.quads[words], moved.visible[words])
    if (faint := faint_words(pixels, after, boxes[words], mine)).any():
        raise Refused("too_faint", f"{faint.sum()} of {len(faint)} words")
    grid = normalise(moved.boxes, width, height)
    corners = np.clip(np.floor(moved.quads / [width, height] * GRID + 0.5), 0, GRID).astype(
        np.int64
    )
    places = {}
    for name, start, end in zip(LEVELS, starts[:-1], starts[1:], strict=True):
        polygons = [
            tuple(quad.ravel().tolist()) if _leans(quad, box) else ()
            for quad, box in zip(corners[start:end], grid[start:end], strict=True)
        ]
        places[name] = Place(levels[name][0], grid[start:end], polygons)
    return Taken(encode(after), width, height, recipe, places)


def _told(layout: Layout, name: str) -> tuple[list[str], NDArray[np.float64]]:
    """Labels and boxes of a level; blocks without text, as figures, are not told of."""
    level = layout.level(name)
    told = [k for k, label in enumerate(level.labels) if label]
    return [level.labels[k] for k in told], level.boxes[told]


def _leans(quad: NDArray[np.int64], box: NDArray[np.int16]) -> bool:
    """Whether the corners are not those of the box."""
    x1, y1, x2, y2 = box.tolist()
    straight = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
    return bool((np.abs(quad - straight) > _STRAIGHT).any())
