"""EXAONE 4.5 33B as this project needs it: its tokens, sampling, answers, and pictures' cost.

Sources: the model card of LGAI-EXAONE/EXAONE-4.5-33B, and `Exaone4_5_Processor`
and its `Qwen2VLImageProcessor` in transformers 5.19.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MODEL_ID = "LGAI-EXAONE/EXAONE-4.5-33B"
LICENSE = "EXAONE 1.2-NC (research and education only)"
#: Tokens.
CONTEXT = 262_144

#: What stands for one token of a picture or of a video, and its id.
IMAGE_TOKEN, IMAGE_TOKEN_ID = "<|image_pad|>", 67
VIDEO_TOKEN, VIDEO_TOKEN_ID = "<|video_pad|>", 68
#: What frames a picture or a video, and the ids.
VISION_START, VISION_START_ID = "<vision>", 73
VISION_END, VISION_END_ID = "</vision>", 74
#: A picture in a prompt; the processor repeats the token in the middle.
IMAGE_PLACEHOLDER = f"{VISION_START}{IMAGE_TOKEN}{VISION_END}"
#: What frames a thought. With thinking on the prompt ends with the first one.
THINK_START, THINK_END = "<think>", "</think>"

#: Pixels of a patch's side, and patches merged to one token a side.
PATCH, MERGE = 14, 2
#: Tokens of a picture that are not of its pixels: its frame.
FRAME_TOKENS = 2
#: Pixels that a picture is scaled to lie between, where the checkpoint says nothing else
#: (see `processor_pixels`): the defaults of `Qwen2VLImageProcessor`.
MIN_PIXELS, MAX_PIXELS = 56 * 56, 28 * 28 * 1280
#: The processor refuses a picture with a side that is more times as long as the other.
MAX_ASPECT_RATIO = 200

#: What vLLM has to be told for this model, by the names of its `EngineArgs`. By itself vLLM 0.32
#: hands the vision encoder pixels of 0 to 255 and counts on it to normalise them
#: (vllm-project/vllm#50411); this model's encoder there does not, and sees noise.
VLLM_ARGUMENTS: Mapping[str, Any] = {"mm_device_do_normalize": False}

#: Asks for an answer that `boxed` can read, by language; the model prefers to answer so.
BOXED_INSTRUCTION = {
    "en": "Reason step by step, and put your final answer in \\boxed{}.",
    "ko": "차근차근 단계별로 풀고, 최종 답은 \\boxed{} 안에 쓰세요.",
}
_BOX = "\\boxed{"


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

#: Sampling parameters by task, as the model card recommends them.
TASKS: Mapping[str, Sampling] = {
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


def visual_tokens(
    width: ArrayLike,
    height: ArrayLike,
    max_pixels: int = MAX_PIXELS,
    min_pixels: int = MIN_PIXELS,
) -> NDArray[np.int64]:
    """Tokens that each picture of width x height pixels takes, its frame included.

    0 where the processor refuses the picture, as one side is more than
    `MAX_ASPECT_RATIO` times the other.

    Sides are rounded to whole tokens (28 pixels). Where that makes more than
    `max_pixels` or fewer than `min_pixels`, both are scaled first: `smart_resize`
    of transformers' Qwen2-VL, for arrays. The limits are the processor's
    `size["longest_edge"]` and `size["shortest_edge"]`, which a request can set.
    Raises ValueError for a picture without area.
    """
    widths, heights = np.asarray(width, np.float64), np.asarray(height, np.float64)
    if np.any(widths < 1) or np.any(heights < 1):
        raise ValueError("a picture without area has no tokens")
    side = PATCH * MERGE
    # rint takes ties to the even number, as Python's round does.
    columns, rows = np.rint(widths / side), np.rint(heights / side)
    pixels = columns * rows * side * side
    shrink = np.sqrt(widths * heights / max_pixels)
    grow = np.sqrt(min_pixels / (widths * heights))

    def scaled(sides: NDArray[np.float64], tokens: NDArray[np.float64]) -> NDArray[np.float64]:
        smaller = np.maximum(1, np.floor(sides / shrink / side))
        larger = np.ceil(sides * grow / side)
        return np.select([pixels > max_pixels, pixels < min_pixels], [smaller, larger], tokens)

    tokens = scaled(widths, columns) * scaled(heights, rows) + FRAME_TOKENS
    ratio = np.maximum(widths, heights) / np.minimum(widths, heights)
    return np.where(ratio > MAX_ASPECT_RATIO, 0, tokens).astype(np.int64)


def processor_pixels(folder: Path) -> tuple[int, int]:
    """The (min_pixels, max_pixels) of a checkpoint's image processor, by its own files.

    Raises ValueError where they do not say.
    """
    for name in ("processor_config.json", "preprocessor_config.json"):
        path = folder / name
        settings = json.loads(path.read_bytes()) if path.is_file() else {}
        settings = settings.get("image_processor", settings)
        size = settings.get("size") or {}
        # Files of before transformers 5 name the limits so, and they go first there too.
        least = settings.get("min_pixels") or size.get("shortest_edge")
        most = settings.get("max_pixels") or size.get("longest_edge")
        if least and most:
            return least, most
    raise ValueError(f"{folder}: no file says how many pixels its image processor allows")


def boxed(text: str) -> str | None:
    """What the last \\boxed{} of a text holds; None without one, or where it is empty or cut."""
    start = text.rfind(_BOX)
    depth = 0
    for step in re.finditer(r"\\.|[{}]", text[start:] if start >= 0 else "", re.S):
        # \\boxed comes as one escape; so do \\{ and \\}, which need not be in pairs.
        depth += {"{": 1, "}": -1}.get(step[0], 0)
        if step[0] == "}" and depth == 0:
            return text[start + len(_BOX) : start + step.start()].strip() or None
    return None


def split_thought(text: str, *, thinking: bool = False) -> tuple[str | None, str]:
    """What a model thought, and what it then said: for engines that do not part them.

    `thinking` says that the prompt ended with <think>, as it does with thinking
    on: then a text without </think> was cut inside the thought, and says nothing.
    """
    thought, end, said = text.partition(THINK_END)
    begun = thought.lstrip().startswith(THINK_START)
    if not (end or begun or thinking):
        return None, text.strip()
    return thought.lstrip().removeprefix(THINK_START).strip(), said.strip()
