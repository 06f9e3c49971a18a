"""What lenses, sensors, copiers, fax machines and codecs take away. Nothing moves."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from renderers.effects.randomness import NOISE_UNIT, fine_noise, smooth_noise

Pixels = NDArray[np.uint8]

#: Rows that are worked on at a time: what they need stays in the processor's cache.
_BAND = 64


def blur(pixels: Pixels, random: np.random.Generator, *, sigma: float) -> Pixels:
    """A lens out of focus, as a Gaussian; `sigma` in pixels."""
    return _pixels(cv2.GaussianBlur(pixels, (0, 0), sigma))


def motion(pixels: Pixels, random: np.random.Generator, *, length: float, angle: float) -> Pixels:
    """A hand that moved `length` pixels in the direction `angle` (degrees) meanwhile."""
    half = math.ceil(length / 2)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    way = math.radians(angle)
    # Points of the way, each shared between the four pixels round it.
    for step in np.linspace(-length / 2, length / 2, 4 * half + 1):
        x, y = half + step * math.cos(way), half + step * math.sin(way)
        left, top = min(int(x), 2 * half - 1), min(int(y), 2 * half - 1)
        fx, fy = x - left, y - top
        kernel[top : top + 2, left : left + 2] += np.outer([1 - fy, fy], [1 - fx, fx])
    kernel[kernel < kernel.max() / 20] = 0  # each pixel that is not zero costs time
    return _pixels(cv2.filter2D(pixels, -1, kernel / kernel.sum()))


def noise(pixels: Pixels, random: np.random.Generator, *, read: float, shot: float) -> Pixels:
    """A sensor's Poisson-Gaussian noise: its variance is read² + shot² · level / 255.

    Both are levels of 0..255; `shot` is the standard deviation at white (Foi et
    al., 2008). It is made after the sensor's tone curve, and is that of each
    channel alone.
    """
    level = np.arange(256)
    deviation = np.sqrt(read**2 + shot**2 * level / 255)
    steps = np.clip(np.round(deviation * 8), 0, 255).astype(np.uint8)
    unit = fine_noise(pixels.shape, random)
    out = np.empty_like(pixels)
    for top in range(0, len(pixels), _BAND):
        rows = slice(top, top + _BAND)
        scaled = cv2.multiply(
            unit[rows], cv2.LUT(pixels[rows], steps), scale=1 / (8 * NOISE_UNIT), dtype=cv2.CV_16S
        )
        cv2.add(pixels[rows], scaled, dst=out[rows], dtype=cv2.CV_8U)
    return out


def grey(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Without colour."""
    return _pixels(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def jpeg(pixels: Pixels, random: np.random.Generator, *, quality: float) -> Pixels:
    """What is left after JPEG with half the colour's resolution, as phones and chats send it."""
    how = [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), how)
    return _pixels(cv2.cvtColor(_pixels(cv2.imdecode(data, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB))


def fax(
    pixels: Pixels,
    random: np.random.Generator,
    *,
    threshold: int,
    ragged: float,
    specks: float,
    drops: int,
) -> Pixels:
    """Black and white, as a fax machine sends it.

    `threshold` is the level between; `ragged` the noise, in levels, before it;
    `specks` are a million pixels; `drops` are rows lost on the line, of which the
    receiver repeats the row before, or leaves a part white.
    """
    level = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 0.6)
    unit = fine_noise(level.shape, random)
    rough = cv2.addWeighted(
        level.astype(np.int16), 1.0, cv2.GaussianBlur(unit.astype(np.int16), (0, 0), 0.8),
        ragged * 2.8 / NOISE_UNIT, 0.0,
    )  # fmt: skip
    # The blur takes all but 1 / 2.8 of the noise's deviation (1 / (2 * 0.8 * sqrt(pi))).
    bilevel = np.where(rough > threshold, np.uint8(255), np.uint8(0))
    _specks(bilevel, random, specks, level=0, largest=2)
    height, width = bilevel.shape
    for row in random.integers(1, max(2, height), drops if height > 1 else 0):
        if random.random() < 0.6:
            bilevel[row] = bilevel[row - 1]
        else:
            start = int(random.integers(width))
            bilevel[row, start : start + int(random.uniform(0.05, 0.4) * width)] = 255
    return _pixels(cv2.cvtColor(bilevel, cv2.COLOR_GRAY2RGB))


def copier(
    pixels: Pixels,
    random: np.random.Generator,
    *,
    contrast: float,
    edge: float,
    streaks: int,
    specks: float,
    toner: float,
) -> Pixels:
    """A photocopy of a photocopy.

    `contrast` is the steepness of its tone curve at mid-grey; `edge` the width of
    the dark rim, as a share of the long side; `streaks` are faint lines down the
    drum's way; `specks` are a million pixels; `toner` is how uneven it lies, in levels.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    level = np.arange(256) / 255
    curve = 1 / (1 + np.exp(-4 * contrast * (level - 0.5)))
    curve = (curve - curve[0]) / (curve[-1] - curve[0])
    grey = cv2.LUT(grey, np.round(curve * 247 + 6).astype(np.uint8))
    rows, columns = max(1, height // 2), max(1, width // 2)
    uneven = fine_noise((rows, columns), random) / np.float32(NOISE_UNIT)
    uneven += 0.6 * smooth_noise(rows, columns, (90, 30), random)
    cloud = toner * cv2.resize(uneven, (width, height), interpolation=cv2.INTER_LINEAR)
    gain = np.outer(_rim(height, edge, max(height, width), random),
                    _rim(width, edge, max(height, width), random))  # fmt: skip
    for at in random.integers(0, width, streaks):
        gain[:, at : at + int(random.integers(1, 3))] *= random.uniform(0.75, 0.93)
    inked = np.clip(grey * gain + cloud, 0, 255).astype(np.uint8)
    _specks(inked, random, specks, level=30, largest=3)
    return _pixels(cv2.cvtColor(cv2.GaussianBlur(inked, (0, 0), 0.5), cv2.COLOR_GRAY2RGB))


def _rim(side: int, edge: float, long: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Gain along a side: dark at both its ends, each as wide as chance has it."""
    place = np.arange(side, dtype=np.float32) + 0.5
    gain = np.ones(side, np.float32)
    for far in (place, side - place):
        width = max(0.5, edge * long * random.uniform(0.1, 1.0))
        gain *= 1 - random.uniform(0.3, 0.95) * np.exp(-((far / width) ** 2))
    return gain


def _specks(
    grey: NDArray[np.uint8], random: np.random.Generator, rate: float, *, level: int, largest: int
) -> None:
    """Dots of dirt, in place."""
    height, width = grey.shape
    count = int(random.poisson(rate * grey.size / 1e6))
    x, y = random.integers(0, width, count), random.integers(0, height, count)
    sides = random.integers(1, largest + 1, (count, 2))
    for left, top, (w, h) in zip(x, y, sides, strict=True):
        grey[top : top + h, left : left + w] = level


def _pixels(array: object) -> Pixels:
    return np.asarray(array, np.uint8)
