"""The tiny model is a real one: transformers and vLLM load it, and agree on it."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
from PIL import Image

SCHEMA = {
    "type": "object",
    "properties": {"shape": {"enum": ["circle", "square"]}, "seen": {"type": "boolean"}},
    "required": ["shape", "seen"],
    "additionalProperties": False,
}


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def chat(text: str, *images: Image.Image, system: str | None = None) -> list[dict]:
    content: list[dict] = [
        {"type": "image_url", "image_url": {"url": data_url(image)}} for image in images
    ]
    asked = [{"role": "user", "content": [*content, {"type": "text", "text": text}]}]
    return [{"role": "system", "content": system}, *asked] if system else asked


def test_vllm_sees_a_picture_and_answers_by_a_schema(vllm_llm):
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    sampling = SamplingParams(
        temperature=0.0, max_tokens=200, structured_outputs=StructuredOutputsParams(json=SCHEMA)
    )
    answers = vllm_llm.chat(
        [
            chat("그림에 무엇이 보입니까?", picture(200, 150), system="JSON으로만 답하세요."),
            chat("What is it?"),
        ],
        sampling,
        chat_template_kwargs={"enable_thinking": False},
        use_tqdm=False,
    )
    for answer in answers:
        assert answer.outputs[0].finish_reason == "stop"
        assert json.loads(answer.outputs[0].text).keys() == {"shape", "seen"}
    assert answers[0].prompt_token_ids.count(67) == 35  # 7 x 5 tokens of 28 pixels
