"""What falls on a page, and what the page is made of: all are gains of what is there.

Gains are drawn small, as light is soft, and stretched over the picture. Nothing moves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderers.effects.geometry import Axis, slope
from renderers.effects.randomness import NOISE_UNIT, fine_noise, smooth_noise

Pixels = NDArray[np.uint8]
Gain = NDArray[np.float32]

#: Light is drawn at that fraction of the picture's size.
_SHRINK = 16
#: Steps of a gain of 1; the most is 4.
_GAIN_STEPS = 1 << 14


def light(
    pixels: Pixels,
    random: np.random.Generator,
    *,
    exposure: float = 1.0,
    warmth: float = 0.0,
    tint: float = 0.0,
    slant: float = 0.0,
    direction: float = 0.0,
    vignette: float = 0.0,
    shadow: dict[str, Any] | None = None,
) -> Pixels:
    """How a room and a lens light the picture, in one multiplication.

    `exposure` is the gain of all; `warmth` and `tint` are shares that go from blue
    to red and from green to magenta; `slant` is the share of light lost from the
    lightest side to the darkest, which lies in `direction` (degrees, 0 is right, 90
    is down); `vignette` is the share lost in the corners; `shadow` are arguments of
    `shadow_gain`.
    """
    height, width = pixels.shape[:2]
    rows, columns = _small(height), _small(width)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    x, y = (x + 0.5) / columns - 0.5, (y + 0.5) / rows - 0.5
    angle = math.radians(direction)
    along = (x * math.cos(angle) + y * math.sin(angle)) / (
        abs(math.cos(angle)) + abs(math.sin(angle))
    )
    gain = exposure * (1 - slant * (along + 0.5))
    # The fourth power of the cosine, near the axis.
    gain *= 1 - vignette * 2 * (x * x + y * y)
    if shadow:
        gain *= shadow_gain(rows, columns, random, **shadow)
    cast = np.array([1 + warmth + tint, 1 - tint, 1 - warmth + tint], np.float32)
    return _shine(pixels, gain.astype(np.float32)[..., None] * cast)


def shadow_gain(
    rows: int,
    columns: int,
    random: np.random.Generator,
    *,
    shape: str,
    depth: float,
    softness: float,
    reach: float,
) -> Gain:
    """The light left by something between lamp and page: 1 - depth where it is dark.

    `shape` is "edge" (a shelf, a person), "hand" or "phone"; `softness` is the
    blur's sigma and `reach` how far it comes in, as shares of the long side.
    """
    long = max(rows, columns)
    angle = random.uniform(0, 2 * math.pi)
    inward = -np.array([math.cos(angle), math.sin(angle)])
    sideways = np.array([-inward[1], inward[0]])
    # From the picture's border to its middle, where it comes in.
    foot = np.array([columns, rows]) * (0.5 - 0.5 * inward / np.abs(inward).max())
    tip = foot + inward * reach * long + sideways * random.uniform(-0.15, 0.15) * long
    dark = np.zeros((rows, columns), np.float32)
    if shape == "edge":
        bend = random.uniform(-0.25, 0.25, 2) * reach
        at = tip + 2 * long * (sideways * [[-1], [1]] + inward * bend[:, None])
        away = -inward * 4 * long
        _fill(dark, np.concatenate([at, at[::-1] + away]))
    elif shape == "phone":
        half = random.uniform(0.12, 0.2) * long
        start = foot - inward * long
        corners = [tip - sideways * half, tip + sideways * half]
        _fill(dark, np.array([*corners, start + sideways * half, start - sideways * half]))
    else:
        _hand(dark, tip, inward, sideways, random.uniform(0.05, 0.075) * long, random)
    soft = cv2.GaussianBlur(dark, (0, 0), max(0.5, softness * long))
    return np.asarray(1 - depth * soft, np.float32)


def bend_light(
    pixels: Pixels,
    random: np.random.Generator,
    *,
    start: float,
    end: float,
    axis: Axis,
    lamp: float,
    depth: float,
) -> Pixels:
    """The light and dark of a sheet bent as by `geometry.Bend`, before it is bent.

    `lamp` is the lamp's angle in degrees from above the page towards the profile's
    end; `depth` 1 is a single lamp, less is a lighter room.
    """
    side = _small(pixels.shape[1 if axis == "x" else 0])
    steep = np.arctan(slope(start, end, (np.arange(side) + 0.5) / side))
    facing = np.cos(steep + math.radians(lamp))
    gain = (1 - depth * (1 - facing / facing.max())).astype(np.float32)
    field = gain[None, :] if axis == "x" else gain[:, None]
    return _shine(pixels, np.repeat(field[..., None], 3, axis=2))


def paper(
    pixels: Pixels,
    random: np.random.Generator,
    *,
    tone: Sequence[float],
    grain: float,
    mottle: float,
) -> Pixels:
    """Paper that is not white: `tone` is the gain of red, green, blue.

    `grain` is the standard deviation of fibres, `mottle` that of clouds, as gains.
    """
    height, width = pixels.shape[:2]
    rows, columns = max(1, -(-height // 2)), max(1, -(-width // 2))
    cloud = fine_noise((rows, columns), random) * np.float32(grain / NOISE_UNIT)
    cloud += mottle * smooth_noise(rows, columns, (rows / 7 + 1, columns / 7 + 1), random)
    # What is yellowed loses blue first.
    channels = [
        level * (1 + cloud * weight) for level, weight in zip(tone, (1, 1.1, 1.4), strict=True)
    ]
    return _shine(pixels, cv2.merge(channels))


def show_through(
    pixels: Pixels, random: np.random.Generator, *, depth: float, softness: float
) -> Pixels:
    """The back of the sheet seen through it: as if printed with the same page, mirrored.

    `depth` is the share of light that full ink on the back costs; `softness` the
    blur's sigma in pixels.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    half = (max(1, width // 2), max(1, height // 2))
    back = cv2.resize(cv2.flip(grey, 1), half, interpolation=cv2.INTER_AREA)
    # Lines of the back must not lie behind those of the front.
    back = np.roll(back, int(random.uniform(0.05, 0.95) * half[1]), axis=0)
    back = cv2.GaussianBlur(back, (0, 0), max(0.3, softness / 2)).astype(np.float32)
    gain = 1 - depth * (1 - back / np.float32(255))
    return _shine(pixels, cv2.merge([gain, gain, gain]))


def moire(
    pixels: Pixels,
    random: np.random.Generator,
    *,
    depth: float,
    period: float,
    angle: float,
    curve: float,
) -> Pixels:
    """The beat of a screen's grid of dots with that of a camera's.

    Two gratings of nearly one pitch beat at the difference of their frequencies:
    bands `period` pixels apart, at `angle` degrees, across both ways of the grid.
    Red, green and blue dots lie side by side, so their bands do too. `curve` is by
    how many bands a lens bends them from middle to corner; `depth` the gain of a
    band.
    """
    height, width = pixels.shape[:2]
    rows, columns = max(1, -(-height // 4)), max(1, -(-width // 4))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) * 4
    nx, ny = x / width - 0.5, y / height - 0.5
    bent = curve * 2 * (nx * nx + ny * ny)
    turn = math.radians(angle)
    across = (x * math.cos(turn) + y * math.sin(turn)) / period + bent
    down = (y * math.cos(turn) - x * math.sin(turn)) / (period * 1.3) + bent * 0.7
    start = random.random(2)
    rowwise = np.cos(2 * np.pi * (down + start[1])).astype(np.float32)
    channels = []
    for dot in (0.0, 1 / 3, 2 / 3):
        bands = np.cos(2 * np.pi * (across + start[0] + dot)).astype(np.float32)
        channels.append(1 - depth * (0.5 + 0.33 * bands + 0.17 * rowwise))
    return _shine(pixels, cv2.merge(channels))


def _shine(pixels: Pixels, gain: ArrayLike) -> Pixels:
    """The picture times a gain of any size (h, w, 3), stretched over it.

    As 16-bit numbers it is stretched in a quarter of the time that floats take, and
    a step of it is a hundredth of a level.
    """
    height, width = pixels.shape[:2]
    steps = np.clip(np.asarray(gain, np.float32) * _GAIN_STEPS, 0, 65535).astype(np.uint16)
    full = cv2.resize(steps, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(pixels, full, scale=1 / _GAIN_STEPS, dtype=cv2.CV_8U), np.uint8)


def _hand(
    dark: Gain,
    tip: NDArray[np.float64],
    inward: NDArray[np.float64],
    sideways: NDArray[np.float64],
    thick: float,
    random: np.random.Generator,
) -> None:
    """Four fingers and an arm, as thick lines."""
    palm = tip - inward * thick * 4
    for number, length in enumerate((0.8, 1.0, 0.95, 0.75)):
        root = palm + sideways * thick * (number - 1.5)
        spread = inward + sideways * (number - 1.5) * random.uniform(0.04, 0.14)
        _line(dark, root, root + spread * thick * 4 * length, 0.8 * thick)
    _line(dark, palm - inward * thick, palm, 3.6 * thick)
    _line(dark, palm - inward * thick * 30, palm - inward * thick, 2.9 * thick)


def _line(dark: Gain, a: NDArray[np.float64], b: NDArray[np.float64], thick: float) -> None:
    ends = [tuple(int(v) for v in np.round(p)) for p in (a, b)]
    cv2.line(dark, ends[0], ends[1], 1.0, max(1, round(thick)), cv2.LINE_AA)


def _fill(dark: Gain, corners: NDArray[np.float64]) -> None:
    cv2.fillPoly(dark, [np.round(corners).astype(np.int32)], 1.0)


def _small(side: int) -> int:
    return max(1, -(-side // _SHRINK))
