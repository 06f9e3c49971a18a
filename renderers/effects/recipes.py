"""What happened to a page on its way to being a picture, as a list that can be repeated.

A recipe is chosen once, is stored with the sample, and gives the same bytes each time:
every effect draws from a generator of its own seed, and OpenCV runs in one thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from records import generator
from renderers.effects import degradation, geometry, light
from renderers.effects.surfaces import SURFACES

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
Random = np.random.Generator

#: Effects that move things: (pixels, points, random, **parameters) to pixels, points.
MOVING: dict[str, Callable[..., tuple[Pixels, Points]]] = {
    effect.__name__: effect for effect in (geometry.photograph, geometry.rescale, geometry.rotate)
}
#: Effects that do not: (pixels, random, **parameters) to pixels.
STILL: dict[str, Callable[..., Pixels]] = {
    effect.__name__: effect
    for effect in (
        light.bend_light, light.light, light.moire, light.paper, light.show_through,
        degradation.blur, degradation.copier, degradation.fax, degradation.grey,
        degradation.jpeg, degradation.motion, degradation.noise,
    )
}  # fmt: skip

#: Pixels of the em of the smallest text below which nothing is scaled down: Hangul of
#: 14 pixels has strokes of 1 that are 2 apart, and Tesseract begins to fail.
MIN_TEXT = 14.0
#: Sigma of blur, in ems of the smallest text. A stroke is 0.08 to 0.1 em, the gap
#: between two of Hangul as wide: at a sigma of half a stroke both are still there.
MAX_BLUR = 0.05
#: Pixels of motion, in ems: a line as long as a stroke is wide, and half as much again.
MAX_MOTION = 0.13
#: Decimals of a recipe's parameters.
_DECIMALS = 4


@dataclass(frozen=True)
class Step:
    """One effect, of MOVING or STILL; its parameters are JSON values."""

    effect: str
    seed: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Effects in the order in which they are applied; none leaves a picture as it is."""

    kind: str
    steps: tuple[Step, ...] = ()

    def as_json(self) -> str:
        """The recipe for a sample's targets."""
        steps = [
            {"effect": s.effect, "seed": s.seed, "parameters": dict(s.parameters)}
            for s in self.steps
        ]
        return json.dumps({"kind": self.kind, "steps": steps}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `as_json` wrote; raises ValueError for an unknown effect."""
        read = json.loads(text)
        steps = tuple(Step(**step) for step in read["steps"])
        for step in steps:
            if step.effect not in MOVING and step.effect not in STILL:
                known = ", ".join(sorted([*MOVING, *STILL]))
                raise ValueError(f"no effect {step.effect!r}; there are {known}")
        return cls(read["kind"], steps)


def apply_recipe(recipe: Recipe, pixels: Pixels, points: Points) -> tuple[Pixels, Points]:
    """The picture (H, W, 3) after the recipe, and where its points (N, 2) are now.

    Points are in pixels, (0, 0) the upper left corner of the upper left pixel. The
    arguments are left as they are. Raises ValueError for pixels of another shape or
    type, and for sides over `geometry.MAX_SIDE` where the recipe warps.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(f"pixels are uint8 (H, W, 3), not {pixels.dtype} {pixels.shape}")
    points = np.asarray(points, np.float64).reshape(-1, 2)
    for step in recipe.steps:
        random = generator(step.seed, step.effect)
        if step.effect in MOVING:
            pixels, points = MOVING[step.effect](pixels, points, random, **step.parameters)
        else:
            pixels = STILL[step.effect](pixels, random, **step.parameters)
    return pixels, points


def choose_recipe(kind: str, strength: float, random: Random, *, text_height: float) -> Recipe:
    """A recipe of a kind of RECIPE_KINDS.

    `strength` is 0 (hardly to be seen) to 1; `text_height` is the smallest font size
    on the page, in pixels of the picture: it limits blur and scaling.
    Raises ValueError for an unknown kind or a strength outside 0..1.
    """
    if kind not in _MAKERS:
        raise ValueError(f"no kind {kind!r} of recipe; there are {', '.join(_MAKERS)}")
    if not 0 <= strength <= 1:
        raise ValueError(f"a strength is within 0..1, not {strength}")
    maker = _Maker(strength, text_height, random)
    _MAKERS[kind](maker)
    return Recipe(kind, tuple(maker.steps))


class _Maker:
    """Gathers the steps of a recipe; knows how large text is after them."""

    def __init__(self, strength: float, text_height: float, random: Random) -> None:
        self.strength, self.text, self.random = strength, text_height, random
        self.steps: list[Step] = []

    def add(self, effect: str, **parameters: Any) -> None:
        seed = int(self.random.integers(1 << 53))  # what any JSON reader keeps whole
        self.steps.append(Step(effect, seed, _plain(parameters)))

    def between(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def up_to(self, most: float) -> float:
        """Between a third of what the strength allows and all of it."""
        return self.strength * most * self.between(1 / 3, 1)

    def either_side(self, most: float) -> float:
        return self.strength * most * self.between(-1, 1)

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def one_of(self, *values: Any) -> Any:
        return values[self.random.integers(len(values))]

    # What several kinds of pictures have in common.

    def shrink(self, least: float) -> None:
        """Scaled down to `least` of the size at most, as far as the text bears it."""
        lowest = min(1.0, max(MIN_TEXT / self.text, 1 - self.strength * (1 - least)))
        factor = self.between(lowest, 1.0)
        self.add("rescale", factor=factor)
        self.text *= factor

    def soften(self, share: float) -> None:
        """Out of focus by a share of what the text bears."""
        sigma = self.up_to(share * MAX_BLUR * self.text)
        if sigma >= 0.25:  # less is not to be seen
            self.add("blur", sigma=sigma)

    def sheet(self, old: float) -> None:
        """Yellow or grey paper, the more the `old`er, and the back seen through it."""
        if self.chance(0.5):
            yellow = self.up_to(0.16 * old)
            tone = [1 - yellow * 0.15, 1 - yellow * 0.4, 1 - yellow]
            self.add("paper", tone=tone, grain=self.up_to(0.02), mottle=self.up_to(0.02 * old))
        if self.chance(0.3):
            self.add("show_through", depth=self.up_to(0.16), softness=self.between(1.5, 3.5))

    def bend(self, steepest: float) -> dict[str, Any]:
        """A bend's profile; its light is added here, as it falls on the sheet before."""
        profile = {
            "start": self.either_side(steepest),
            "end": self.either_side(steepest),
            "axis": "x" if self.chance(0.75) else "y",
        }
        self.add("bend_light", lamp=self.between(-45, 45), depth=self.between(0.4, 0.9), **profile)
        return {**profile, "tilt": self.between(0.3, 0.8)}


def _clean(make: _Maker) -> None:
    """As drawn."""


def _scan(make: _Maker) -> None:
    """A flatbed, or a feeder that took the sheet askew."""
    make.shrink(0.75)  # first, as all else then costs less
    make.sheet(old=1.0)
    border = make.one_of([252, 252, 250], [236, 236, 238], [70, 70, 72])
    bend = make.bend(0.12) if make.chance(0.2) else None
    make.add("rotate", degrees=make.either_side(2.5), border=border, bend=bend)
    make.add(
        "light", exposure=make.between(0.95, 1.0), warmth=make.either_side(0.02),
        slant=make.up_to(0.08), direction=make.one_of(0, 90, 180, 270),
    )  # fmt: skip
    make.soften(0.7)
    make.add("noise", read=make.up_to(2.5), shot=make.up_to(2.0))
    if make.chance(0.35):
        make.add("grey")
    make.add("jpeg", quality=make.between(92 - 30 * make.strength, 95))


def _photo(make: _Maker) -> None:
    """A phone over a sheet on a desk."""
    make.sheet(old=0.7)
    bend = make.bend(0.5) if make.chance(0.6) else None
    _seen(make, make.one_of(*SURFACES), margin=make.between(-0.005, 0.05), bend=bend)
    shadow = None
    if make.chance(0.6):
        shadow = {
            "shape": make.one_of("edge", "edge", "hand", "phone"),
            "depth": make.up_to(0.5),
            "softness": make.between(0.012, 0.05),
            "reach": make.between(0.15, 0.6),
        }
    slant = make.up_to(0.4)
    make.add(
        "light", exposure=make.between(0.85, 1.0) / (1 - slant / 2), warmth=make.either_side(0.09),
        tint=make.either_side(0.015), slant=slant, direction=make.between(0, 360),
        vignette=make.up_to(0.3), shadow=shadow,
    )  # fmt: skip
    make.soften(1.0)
    if make.chance(0.3):
        length = make.up_to(MAX_MOTION * make.text)
        make.add("motion", length=max(1.0, length), angle=make.between(0, 180))
    make.add("noise", read=0.5 + make.up_to(3.0), shot=1.0 + make.up_to(5.0))
    make.add("jpeg", quality=make.between(92 - 35 * make.strength, 95))


def _screen(make: _Maker) -> None:
    """A screenshot that was sent on, or a phone before a screen."""
    if make.chance(0.4):
        make.shrink(0.5)
        make.add("jpeg", quality=make.between(92 - 40 * make.strength, 95))
        return
    _seen(make, "black", margin=make.between(-0.02, 0.03), bend=None)
    make.add(
        "moire", depth=make.up_to(0.22), period=make.between(9, 42), angle=make.between(-40, 40),
        curve=make.between(-14, 14) * make.strength,
    )  # fmt: skip
    make.add(
        "light", exposure=make.between(0.85, 1.0), warmth=-make.up_to(0.09),
        tint=make.either_side(0.02), slant=make.up_to(0.25), direction=make.between(0, 360),
        vignette=make.up_to(0.25),
    )  # fmt: skip
    make.soften(1.0)
    make.add("noise", read=0.5 + make.up_to(3.0), shot=0.5 + make.up_to(4.0))
    make.add("jpeg", quality=make.between(92 - 30 * make.strength, 95))


def _fax(make: _Maker) -> None:
    """Over the telephone."""
    make.add("rotate", degrees=make.either_side(1.2), border=[255, 255, 255])
    make.add(
        "fax", threshold=round(make.between(140, 185)), ragged=6 + make.up_to(22),
        specks=make.up_to(60), drops=round(make.up_to(6)),
    )  # fmt: skip


def _copy(make: _Maker) -> None:
    """A photocopier."""
    border = make.one_of([255, 255, 255], [60, 60, 60])
    bend = make.bend(0.15) if make.chance(0.35) else None
    make.add("rotate", degrees=make.either_side(2.0), border=border, bend=bend)
    make.soften(0.5)
    make.add(
        "copier", contrast=1 + make.up_to(1.6), edge=make.up_to(0.02),
        streaks=round(make.up_to(5)), specks=make.up_to(70), toner=1 + make.up_to(6),
    )  # fmt: skip
    make.add("jpeg", quality=make.between(80, 95))


def _seen(make: _Maker, surface: str, *, margin: float, bend: dict[str, Any] | None) -> None:
    """Photographed; where text is small, the picture is larger than the page."""
    fill = 0.85 * (1 - 2 * margin)
    zoom = float(np.clip(MIN_TEXT / (fill * make.text), 1.0, 1.3))
    camera = {
        "yaw": make.either_side(16),
        "pitch": make.either_side(20),
        "roll": make.either_side(5),
        "distance": make.between(1.3, 2.4),
        "margin": margin,
        "shift": [make.either_side(0.01), make.either_side(0.01)],
        "zoom": zoom,
    }
    make.add("photograph", camera=camera, surface=surface, bend=bend)
    make.text *= zoom * fill


_MAKERS: dict[str, Callable[[_Maker], None]] = {
    "clean": _clean,
    "scan": _scan,
    "photo": _photo,
    "screen": _screen,
    "fax": _fax,
    "copy": _copy,
}
RECIPE_KINDS = tuple(_MAKERS)


def _plain(value: Any) -> Any:
    """JSON values, rounded: what is stored is what is applied."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value
