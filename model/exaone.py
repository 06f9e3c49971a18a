"""EXAONE 4.5 33B as this project needs it: its presets, and what a picture costs in tokens.

Source: the model card of LGAI-EXAONE/EXAONE-4.5-33B and its processor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

MODEL_ID = "LGAI-EXAONE/EXAONE-4.5-33B"
LICENSE = "EXAONE 1.2-NC (research and education only)"
#: Tokens.
CONTEXT = 262_144
#: Pixels of a patch's side, and patches merged to one token a side.
PATCH, MERGE = 14, 2
#: A picture is framed by <vision> and </vision>.
FRAME_TOKENS = 2


@dataclass(frozen=True)
class Sampling:
    """Sampling parameters that the model's authors recommend for a kind of task."""

    temperature: float
    top_p: float
    presence_penalty: float = 0.0
    #: None: the engine's own default.
    top_k: int | None = None

    def as_request(self) -> dict[str, Any]:
        """The fields as an OpenAI-compatible engine names them."""
        fields = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "presence_penalty": self.presence_penalty,
        }
        return fields if self.top_k is None else {**fields, "top_k": self.top_k}


_GENERAL = Sampling(temperature=1.0, top_p=0.95, presence_penalty=1.5)
_DOCUMENT = Sampling(temperature=0.6, top_p=0.95, presence_penalty=1.5, top_k=20)

#: Sampling parameters by task.
TASKS = {
    "general": _GENERAL,
    "ocr": _DOCUMENT,
    "document": _DOCUMENT,
    "korean": _DOCUMENT,
    "text": Sampling(temperature=1.0, top_p=0.95),
    # Ours: a grade is the most probable one, and the same when asked again.
    "judge": Sampling(temperature=0.0, top_p=1.0),
}


def task_of(language: str | None, *, has_image: bool) -> str:
    """The task of a request that is neither OCR nor about documents: Korean has its own."""
    if language == "ko":
        return "korean"
    return "general" if has_image else "text"


def visual_tokens(width: int, height: int, max_pixels: int) -> int:
    """Tokens that a picture of width x height pixels takes, its frame included.

    Sides are rounded to whole tokens (28 pixels); above `max_pixels` both are
    scaled down first. `max_pixels` is the processor's `longest_edge`, which a
    request can set: read it from the loaded processor, or send it.
    """
    if width <= 0 or height <= 0:
        raise ValueError(f"a picture of {width} x {height} pixels has no tokens")
    side = PATCH * MERGE
    columns, rows = max(1, round(width / side)), max(1, round(height / side))
    if columns * rows * side * side > max_pixels:
        shrink = math.sqrt(width * height / max_pixels)
        columns = max(1, math.floor(width / shrink / side))
        rows = max(1, math.floor(height / shrink / side))
    return columns * rows + FRAME_TOKENS
