"""The tiny model is a real one: transformers and vLLM load it, and agree on it."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from model import exaone, visual_tokens
from tests.model.tiny_exaone import MAX_PIXELS, MIN_PIXELS, SLIDING_WINDOW, build

SCHEMA = {
    "type": "object",
    "properties": {"shape": {"enum": ["circle", "square"]}, "seen": {"type": "boolean"}},
    "required": ["shape", "seen"],
    "additionalProperties": False,
}

#: Difference of two log probabilities that float32 explains; 1.1e-5 is the largest that was
#: measured. One number of any of the 55 tensors changed by 0.1 makes one of 1.5e-4 to 0.3.
TOLERANCE = 1e-4

#: A system prompt or none, sizes of pictures, a question, and whether the model thinks.
PROMPTS = {
    "text": (None, [], "hi", False),
    "longer than the sliding window": (
        "당신은 문제를 푸는 사람입니다.",
        [],
        "막대는 몇 개입니까? " * 9,
        True,
    ),
    "scaled up, a window": (None, [(20, 30)], "What is it?", True),
    "part of a window": ("Answer in Korean.", [(200, 150)], "그림을 설명하세요.", False),
    "sixteen windows": (None, [(448, 448)], "Describe the picture.", True),
    "scaled down, long": ("JSON으로만 답하세요.", [(1500, 170)], "Read it.", False),
    "two pictures": (None, [(130, 301), (301, 130)], "Which is the wider one?", False),
}


def pictures(sizes: list[tuple[int, int]]) -> list[Image.Image]:
    """Noise over a gradient: every part of a picture differs from every other."""
    found = []
    for width, height in sizes:
        noise = np.random.default_rng(width).integers(0, 128, (height, width, 3))
        slope = np.linspace(0, 127, width)[None, :, None] * np.array([1.0, 0.5, 0.0])
        found.append(Image.fromarray((noise + slope).astype(np.uint8)))
    return found


def data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def chat(system: str | None, parts: list[dict], text: str) -> list[dict]:
    asked = [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}]
    return [{"role": "system", "content": system}, *asked] if system else asked


def for_vllm(system, sizes, text, _):
    parts = [
        {"type": "image_url", "image_url": {"url": data_url(image)}} for image in pictures(sizes)
    ]
    return chat(system, parts, text)


def for_transformers(processor, system, sizes, text, thinking):
    parts = [{"type": "image", "image": image} for image in pictures(sizes)]
    return processor.apply_chat_template(
        chat(system, parts, text),
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        add_generation_prompt=True,
        enable_thinking=thinking,
    )


@pytest.fixture(scope="module")
def reference(transformers, tiny_exaone):
    model = transformers.Exaone4_5_ForConditionalGeneration
    return model.from_pretrained(tiny_exaone, dtype="float32").eval()


@pytest.fixture(scope="module")
def answers(vllm_llm):
    """What vLLM makes of each prompt: its tokens, and the likeliest tokens at each place."""
    from vllm import SamplingParams

    found = {}
    sampling = SamplingParams(temperature=0.0, max_tokens=8, prompt_logprobs=20, logprobs=20)
    for thinking in (True, False):
        asked = {name: prompt for name, prompt in PROMPTS.items() if prompt[3] == thinking}
        outputs = vllm_llm.chat(
            [for_vllm(*prompt) for prompt in asked.values()],
            sampling,
            chat_template_kwargs={"enable_thinking": thinking},
            use_tqdm=False,
        )
        found |= dict(zip(asked, outputs, strict=True))
    return found


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "mark").touch()
    assert build(tmp_path) == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


def test_vllm_sees_a_picture_and_answers_by_a_schema(vllm_llm):
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    sampling = SamplingParams(
        temperature=0.0, max_tokens=60, structured_outputs=StructuredOutputsParams(json=SCHEMA)
    )
    outputs = vllm_llm.chat(
        [for_vllm(*PROMPTS["part of a window"]), for_vllm(*PROMPTS["text"])],
        sampling,
        chat_template_kwargs={"enable_thinking": False},
        use_tqdm=False,
    )
    for output in outputs:
        assert output.outputs[0].finish_reason == "stop"
        assert json.loads(output.outputs[0].text).keys() == {"shape", "seen"}


@pytest.mark.parametrize("name", PROMPTS)
def test_vllm_renders_a_chat_as_the_models_processor_does(processor, answers, name):
    inputs = for_transformers(processor, *PROMPTS[name])
    assert answers[name].prompt_token_ids == inputs["input_ids"][0].tolist()


@pytest.mark.parametrize("name", PROMPTS)
def test_pictures_take_the_tokens_that_are_counted_for_them(answers, name):
    _, sizes, _, _ = PROMPTS[name]
    counted = sum(int(visual_tokens(*size, MAX_PIXELS, MIN_PIXELS)) for size in sizes)
    ids = np.array(answers[name].prompt_token_ids)
    kinds = [exaone.IMAGE_TOKEN_ID, exaone.VISION_START_ID, exaone.VISION_END_ID]
    assert np.isin(ids, kinds).sum() == counted


def test_a_prompt_ends_inside_a_thought_or_after_an_empty_one(processor, answers):
    for name, (_, _, _, thinking) in PROMPTS.items():
        prompt = processor.tokenizer.decode(answers[name].prompt_token_ids)
        empty = f"{exaone.THINK_START}\n\n{exaone.THINK_END}\n\n"
        assert prompt.endswith(f"{exaone.THINK_START}\n" if thinking else empty)


@pytest.mark.parametrize("name", PROMPTS)
def test_transformers_and_vllm_agree_on_every_token_of_a_prompt(
    processor, reference, answers, name
):
    import torch

    inputs = for_transformers(processor, *PROMPTS[name])
    answer = answers[name]
    with torch.inference_mode():
        logits = reference(**inputs).logits[0].double()
    expected = logits.log_softmax(-1).numpy()
    # The place after the prompt is the first of the answer.
    told = [*answer.prompt_logprobs[1:], answer.outputs[0].logprobs[0]]
    differences = [
        abs(logprob.logprob - row[token])
        for row, likely in zip(expected, told, strict=True)
        for token, logprob in likely.items()
    ]
    assert len(differences) >= 20 * len(expected)
    assert max(differences) < TOLERANCE


def test_one_prompt_is_longer_than_a_sliding_layer_sees(answers):
    assert len(answers["longer than the sliding window"].prompt_token_ids) > 3 * SLIDING_WINDOW
