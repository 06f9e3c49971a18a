"""Where things move: turning, bending and photographing a page, and scaling a picture.

Coordinates are continuous: (0, 0) is the picture's upper left corner, (W, H) its
lower right one, and the middle of pixel (i, j) is (i + 0.5, j + 0.5). A box
(0, 0, W, H) is the whole picture.

A warp is known both ways in closed form: pixels are fetched by `backward`, points
are moved by `forward`, so that they cannot part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from renderers.effects.surfaces import desk

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]

#: Pixels between the places for which a warp is computed; between them it is straight.
#: Of the strongest bend that recipes make, on a page of 1,600 pixels, that is off by 0.03.
MAP_STEP = 16
#: Pixels of a side that OpenCV can warp: its places are 16-bit.
MAX_SIDE = 32_000
#: Degrees beyond which the horizon may come into view.
MAX_TILT = 60.0
#: Knots of a bend's profile.
PROFILE_KNOTS = 1024
#: Page sides from the page to the camera's end of what may be warped: see `Bend`.
_BEYOND = 4.0
#: Points of a page's side by which its outline is fitted into a picture.
_OUTLINE = 33

Axis = Literal["x", "y"]


class Warp(Protocol):
    """A one-to-one map of the plane; both ways take and return points (N, 2)."""

    def forward(self, points: Points) -> Points:
        """Where points of the old picture are in the new one."""

    def backward(self, points: Points) -> Points:
        """Where points of the new picture were in the old one."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A homography: a flat thing seen from elsewhere. `matrix` is (3, 3), old to new."""

    matrix: NDArray[np.float64]

    def forward(self, points: Points) -> Points:
        return _project(self.matrix, points)

    def backward(self, points: Points) -> Points:
        return _project(self._inverse, points)

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        return np.asarray(np.linalg.inv(self.matrix), np.float64)


@dataclass(frozen=True, eq=False)
class Bend:
    """A sheet bent like a part of a cylinder, seen from far at an angle.

    Its height over the desk is the cubic with slopes `start` and `end` at its two
    ends, as in Zucker's page_dewarp (2016). What is high is nearer to the light
    side: it moves by `tilt` times its height; what is steep is foreshortened.
    The paper is not stretched: places on it go by the length of the arc.

    Both ways interpolate between the same knots, so each is the other's exact inverse.
    """

    #: Pixels of the page.
    width: int
    height: int
    start: float
    end: float
    tilt: float
    axis: Axis = "x"

    def forward(self, points: Points) -> Points:
        knots, chord, lift = self._profile
        along, across = self._split(points)
        along = np.interp(along, knots, chord)
        return self._join(along, across - np.interp(along, chord, lift))

    def backward(self, points: Points) -> Points:
        knots, chord, lift = self._profile
        along, across = self._split(points)
        return self._join(np.interp(along, chord, knots), across + np.interp(along, chord, lift))

    @cached_property
    def _profile(self) -> tuple[Points, Points, Points]:
        """Places on the paper, places seen, and heights times tilt, in pixels."""
        side = self.width if self.axis == "x" else self.height
        chord = np.linspace(0, 1, PROFILE_KNOTS)
        height = _cubic(self.start, self.end, chord)
        length = np.hypot(np.diff(chord), np.diff(height)).cumsum()
        arc = np.concatenate([[0], length / length[-1]])
        # Beyond the page all goes on straight, so that what is outside stays outside.
        ends = np.array([-_BEYOND]), np.array([1 + _BEYOND])
        paper = np.concatenate([ends[0], arc, ends[1]]) * side
        seen = np.concatenate([ends[0], chord, ends[1]]) * side
        return paper, seen, np.concatenate([[0], height, [0]]) * self.tilt * side

    def _split(self, points: Points) -> tuple[Points, Points]:
        x, y = points[:, 0], points[:, 1]
        return (x, y) if self.axis == "x" else (y, x)

    def _join(self, along: Points, across: Points) -> Points:
        pair = (along, across) if self.axis == "x" else (across, along)
        return np.stack(pair, axis=1)


@dataclass(frozen=True)
class Chain:
    """One warp after another."""

    warps: tuple[Warp, ...]

    def forward(self, points: Points) -> Points:
        for warp in self.warps:
            points = warp.forward(points)
        return points

    def backward(self, points: Points) -> Points:
        for warp in reversed(self.warps):
            points = warp.backward(points)
        return points


def rotation(width: int, height: int, degrees: float, *, expand: bool) -> tuple[Plane, int, int]:
    """Clockwise about the middle; with the new width and height.

    With `expand` the picture grows so that nothing is cut off.
    """
    turn = _turn(degrees)
    new_width, new_height = width, height
    if expand:
        box = np.abs(turn[:2, :2]) @ [width, height]
        # What is a whole number but for rounding must not cost a row more.
        new_width, new_height = (math.ceil(side - 1e-6) for side in box)
    matrix = _shift(new_width / 2, new_height / 2) @ turn @ _shift(-width / 2, -height / 2)
    return Plane(matrix), new_width, new_height


def view(
    width: int,
    height: int,
    *,
    yaw: float,
    pitch: float,
    roll: float,
    distance: float,
    margin: float,
    shift: Sequence[float],
    zoom: float = 1.0,
    bend: Bend | None = None,
) -> tuple[Chain, int, int]:
    """A page before a pinhole camera; with the picture's width and height.

    Angles are degrees; `distance` is in diagonals of the page; `margin` is the
    share of the picture that is left free at its tighter sides (negative: the page
    goes beyond); `shift` moves the page by shares of the picture; `zoom` is the
    picture's side in sides of the page. Raises ValueError where the camera would
    see the page from behind or beyond its horizon.
    """
    if max(abs(yaw), abs(pitch)) > MAX_TILT or distance < 1:
        raise ValueError(f"no camera sees a page at {yaw}, {pitch} degrees from {distance}")
    diagonal = math.hypot(width, height)
    turn = _turn(roll) @ _tilt(pitch, yaw)
    lens = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1 / (distance * diagonal)]])
    place = turn.copy()
    place[:, 2] = [0, 0, distance * diagonal]
    camera = lens @ place @ _shift(-width / 2, -height / 2)
    first: tuple[Warp, ...] = (bend,) if bend else ()
    seen = Chain((*first, Plane(camera))).forward(_outline(width, height))
    new_width, new_height = max(1, round(width * zoom)), max(1, round(height * zoom))
    low, high = seen.min(axis=0), seen.max(axis=0)
    scale = ((1 - 2 * margin) * np.array([new_width, new_height]) / (high - low)).min()
    middle = np.array([new_width, new_height]) * (0.5 + np.array(shift))
    fit = _shift(*middle) @ np.diag([scale, scale, 1.0]) @ _shift(*-(low + high) / 2)
    return Chain((*first, Plane(fit @ camera))), new_width, new_height


def resample(pixels: Pixels, warp: Warp, behind: Pixels) -> Pixels:
    """The picture warped, on the picture `behind`, whose size the new one has."""
    height, width = behind.shape[:2]
    if max(*behind.shape[:2], *pixels.shape[:2]) > MAX_SIDE:
        raise ValueError(f"a picture with a side over {MAX_SIDE} cannot be warped")
    places = _places(warp, width, height)
    moved = cv2.remap(  # OpenCV's types do not know that a map may be one array
        pixels,
        places,
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,  # type: ignore[call-overload]
    )
    outline = warp.forward(_outline(pixels.shape[1], pixels.shape[0]))
    return _laid_on(_pixels(moved), behind, outline)


def _laid_on(moved: Pixels, behind: Pixels, outline: Points) -> Pixels:
    """`moved` within an outline, `behind` outside it, and both where the outline passes."""
    cover = np.zeros(behind.shape[:2], np.uint8)
    # Sixteenths of a pixel; to OpenCV a whole number is a pixel's middle.
    corners = np.round((np.clip(outline, -MAX_SIDE, 2 * MAX_SIDE) - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(cover, [corners], 255, cv2.LINE_AA, 4)
    _, inside = cv2.threshold(cover, 254, 255, cv2.THRESH_BINARY)
    laid = _pixels(cv2.copyTo(moved, inside, behind.copy()))
    rim = np.flatnonzero((cover > 0) & (cover < 255))
    share = cover.ravel()[rim, None] / 255
    flat = laid.reshape(-1, 3)
    flat[rim] = np.round(moved.reshape(-1, 3)[rim] * share + flat[rim] * (1 - share))
    return laid


def _places(warp: Warp, width: int, height: int) -> NDArray[np.float32]:
    """For each pixel of a new picture its index, with a fraction, in the old one."""
    columns, rows = (math.ceil(side / MAP_STEP) + 2 for side in (width, height))
    # A place for each square of the map, in its middle; with one square more all round.
    x, y = ((np.arange(count) - 0.5) * MAP_STEP for count in (columns, rows))
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    coarse = (warp.backward(nodes) - 0.5).reshape(rows, columns, 2).astype(np.float32)
    fine = cv2.resize(coarse, (columns * MAP_STEP, rows * MAP_STEP), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine[MAP_STEP : MAP_STEP + height, MAP_STEP : MAP_STEP + width], np.float32)


def rotate(
    pixels: Pixels,
    points: Points,
    random: np.random.Generator,
    *,
    degrees: float,
    border: Sequence[int],
    expand: bool = False,
    bend: dict[str, Any] | None = None,
) -> tuple[Pixels, Points]:
    """Turned clockwise, as on a scanner's glass; what comes into view has the colour `border`.

    With `bend`, arguments of `Bend`, the sheet does not lie flat, as a book's does not.
    """
    height, width = pixels.shape[:2]
    turn, new_width, new_height = rotation(width, height, degrees, expand=expand)
    warp: Warp = Chain((Bend(width, height, **bend), turn)) if bend else turn
    behind = cv2.merge([np.full((new_height, new_width), level, np.uint8) for level in border])
    return resample(pixels, warp, _pixels(behind)), warp.forward(points)


def photograph(
    pixels: Pixels,
    points: Points,
    random: np.random.Generator,
    *,
    camera: dict[str, Any],
    surface: str,
    bend: dict[str, Any] | None = None,
) -> tuple[Pixels, Points]:
    """A sheet on a desk before a camera: `camera` are arguments of `view`, `bend` of `Bend`.

    One resampling, however many warps.
    """
    height, width = pixels.shape[:2]
    bent = Bend(width, height, **bend) if bend else None
    warp, new_width, new_height = view(width, height, bend=bent, **camera)
    outline = warp.forward(_outline(width, height))
    behind = desk(new_width, new_height, surface, outline, random)
    return resample(pixels, warp, behind), warp.forward(points)


def rescale(
    pixels: Pixels, points: Points, random: np.random.Generator, *, factor: float
) -> tuple[Pixels, Points]:
    """The picture `factor` times as large, at least one pixel a side."""
    height, width = pixels.shape[:2]
    new_width, new_height = max(1, round(width * factor)), max(1, round(height * factor))
    if factor < 1:
        # What the new pixels cannot hold is smoothed away first; cheaper than by area.
        pixels = _pixels(cv2.GaussianBlur(pixels, (0, 0), 0.5 * math.sqrt(factor**-2 - 1) + 0.01))
    how = cv2.INTER_LINEAR if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(pixels, (new_width, new_height), interpolation=how)
    return _pixels(scaled), points * [new_width / width, new_height / height]


def slope(start: float, end: float, chord: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a `Bend`'s profile at shares 0..1 of its side."""
    return 3 * (start + end) * chord**2 - 2 * (2 * start + end) * chord + start


def _cubic(start: float, end: float, chord: NDArray[np.float64]) -> NDArray[np.float64]:
    return (start + end) * chord**3 - (2 * start + end) * chord**2 + start * chord


def _project(matrix: NDArray[np.float64], points: Points) -> Points:
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return moved[:, :2] / moved[:, 2:]


def _outline(width: int, height: int) -> Points:
    steps = np.linspace(0, 1, _OUTLINE)[:-1, None]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    sides = [a + (b - a) * steps for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
    return np.concatenate(sides)


def _shift(x: float, y: float) -> NDArray[np.float64]:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def _turn(degrees: float) -> NDArray[np.float64]:
    quarter = degrees / 90
    if quarter == round(quarter):  # so that whole pixels stay whole
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[round(quarter) % 4]
    else:
        angle = math.radians(degrees)
        cos, sin = math.cos(angle), math.sin(angle)  # type: ignore[assignment]
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float64)


def _tilt(pitch: float, yaw: float) -> NDArray[np.float64]:
    a, b = math.radians(pitch), math.radians(yaw)
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    return about_x @ about_y


def _pixels(array: Any) -> Pixels:
    """What OpenCV returns, with its type told."""
    return np.asarray(array, np.uint8)
