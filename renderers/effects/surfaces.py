"""Desks for pages to lie on, made from noise: wood, cloth, stone, and plain ones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from renderers.effects.randomness import NOISE_UNIT, fine_noise, smooth_noise

#: Darkest and lightest colour of each surface.
SURFACES: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "oak": ((126, 90, 56), (196, 158, 112)),
    "walnut": ((46, 30, 21), (104, 72, 50)),
    "pine": ((178, 138, 92), (226, 192, 146)),
    "cloth": ((52, 62, 78), (86, 98, 116)),
    "linen": ((168, 160, 146), (206, 199, 186)),
    "stone": ((96, 96, 98), (158, 157, 154)),
    "white": ((196, 196, 193), (224, 224, 222)),
    "black": ((18, 18, 20), (44, 44, 47)),
}
WOODS, CLOTHS = ("oak", "walnut", "pine"), ("cloth", "linen")

#: The desk is drawn at a third of the size: it is not what the camera is focused on.
_SHRINK = 3
#: A sheet's shadow on the desk: at an eighth of the size; its softness and its
#: distance as shares of the picture's long side; its depth.
_SHADOW_SHRINK, _SOFT, _FAR, _DEPTH = 8, 0.006, 0.008, 0.5


def desk(
    width: int, height: int, surface: str, sheet: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.uint8]:
    """A desk (height, width, 3) with the shadow of a sheet of the given outline (N, 2)."""
    rows, columns = (max(1, -(-side // _SHRINK)) for side in (height, width))
    if surface in WOODS:
        grain = _wood(rows, columns, random)
    elif surface in CLOTHS:
        grain = _cloth(rows, columns, random)
    else:
        grain = _stone(rows, columns, random, strong=surface == "stone")
    gain = _sheet_shadow(width, height, sheet, random)
    grain = grain.astype(np.float32)
    dark, light = (np.array(colour, np.float32) for colour in SURFACES[surface])
    shade = cv2.resize(gain, (columns, rows), interpolation=cv2.INTER_LINEAR)
    # Colour = (dark + (light - dark) * grain) * shade, by channel.
    channels = [(low + (high - low) * grain) * shade for low, high in zip(dark, light, strict=True)]
    small = cv2.merge([np.clip(c, 0, 255).astype(np.uint8) for c in channels])
    full = cv2.resize(small, (columns * _SHRINK, rows * _SHRINK), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(full[:height, :width], np.uint8)


def _wood(rows: int, columns: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Long fibres in planks, along the picture or across."""
    if random.random() < 0.5:
        return np.ascontiguousarray(_wood_across(columns, rows, random).T)
    return _wood_across(rows, columns, random)


def _wood_across(rows: int, columns: int, random: np.random.Generator) -> NDArray[np.float32]:
    fibre = 0.07 * smooth_noise(rows, columns, (1.2, 110), random)
    fibre += 0.08 * smooth_noise(rows, columns, (5, 280), random)
    # Year rings: bands whose place wanders slowly along the plank.
    wander = smooth_noise(rows, columns, (80, 330), random) * 2.2
    down = np.arange(rows, dtype=np.float32)[:, None] / 17
    fibre += 0.07 * np.sin(wander + down)
    plank = max(2, int(random.uniform(0.16, 0.3) * max(rows, columns)))
    number = (np.arange(rows) + int(random.integers(plank))) // plank
    level = random.uniform(0.35, 0.65, number[-1] + 1).astype(np.float32)[number]
    seam = np.zeros(rows, np.float32)
    seam[1:][np.diff(number) > 0] = -0.5
    return fibre + (level + seam)[:, None]


def _cloth(rows: int, columns: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Threads over and under each other."""
    pitch = random.uniform(2.3, 3.2)
    y, x = (np.arange(n, dtype=np.float32) * (2 * np.pi / pitch) for n in (rows, columns))
    weave = 0.12 * np.sin(y)[:, None] * np.sin(x)[None, :]
    uneven = 0.10 * smooth_noise(rows, columns, (1.4, 40), random)
    uneven += 0.10 * smooth_noise(rows, columns, (40, 1.4), random)
    return 0.5 + weave + uneven + 0.1 * smooth_noise(rows, columns, (130, 130), random)


def _stone(
    rows: int, columns: int, random: np.random.Generator, *, strong: bool
) -> NDArray[np.float32]:
    """Grains and clouds; weak ones make a painted board."""
    grain = fine_noise((rows, columns), random) / np.float32(NOISE_UNIT)
    clouds = smooth_noise(rows, columns, (26, 26), random)
    clouds += 2 * smooth_noise(rows, columns, (160, 160), random)
    return 0.5 + (0.16 if strong else 0.04) * grain + (0.07 if strong else 0.1) * clouds


def _sheet_shadow(
    width: int, height: int, sheet: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.float32]:
    """The light that reaches the desk, 0..1, small."""
    small = [max(1, side // _SHADOW_SHRINK) for side in (width, height)]
    far = _FAR * max(width, height)
    offset = far * np.array([np.cos(a := random.uniform(0, 2 * np.pi)), np.sin(a)])
    corners = (sheet + offset) * np.array(small) / [width, height]
    covered = np.zeros((small[1], small[0]), np.float32)
    cv2.fillPoly(covered, [np.round(np.clip(corners, -1e4, 1e4)).astype(np.int32)], 1.0)
    soft = max(0.5, _SOFT * max(small))
    return 1 - _DEPTH * np.asarray(cv2.GaussianBlur(covered, (0, 0), soft), np.float32)
