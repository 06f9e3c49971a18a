"""Pages that tests draw, with what is on them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TEXT = (
    "The committee reviewed the annual budget and approved the new library building while "
    "the mayor praised everyone who had helped to finish the work before winter began."
)


def blank(width, height, level=255):
    return np.full((height, width, 3), level, np.uint8)


def page(width=800, height=1000, size=24, ink=(20, 20, 24)):
    """A page of words: pixels, the words, and their boxes (N, 4)."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size)  # Pillow's own, the same on every machine
    text, words, boxes = TEXT.split(), [], []
    margin = 3 * size
    x, y = margin, margin
    while y < height - 2 * margin:
        word = text[len(words) % len(text)]
        box = draw.textbbox((x, y), word, font=font)
        if box[2] > width - margin:
            x, y = margin, y + round(1.7 * size)
            continue
        draw.text((x, y), word, ink, font)
        words.append(word)
        boxes.append(box)
        x = box[2] + round(0.4 * size)
    return np.asarray(picture), words, np.array(boxes, np.float64)


def dots(width, height, points, radius=3.0):
    """Soft dark dots on white, each with its middle at a point."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    dark = np.zeros((height, width))
    for px, py in points:
        dark += np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * (radius / 2) ** 2))
    level = np.round(255 - 230 * np.minimum(dark, 1)).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=2)


def dot_middle(pixels, point, reach=9):
    """The middle of the dot that is near a point."""
    left, top = (int(v) - reach for v in point)
    part = pixels[top : top + 2 * reach + 1, left : left + 2 * reach + 1].mean(axis=2)
    dark = part.max() - part
    dark[dark < 0.2 * dark.max()] = 0  # the paper around
    y, x = np.mgrid[top : top + dark.shape[0], left : left + dark.shape[1]] + 0.5
    return np.array([(x * dark).sum(), (y * dark).sum()]) / dark.sum()
