from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import (
    BOXED_INSTRUCTION,
    TASKS,
    boxed,
    exaone,
    processor_pixels,
    split_thought,
    task_of,
    visual_tokens,
)
from model.exaone import MAX_PIXELS, MIN_PIXELS

#: The processor's counts at a limit of 1,003,520 pixels, frame included.
MEASURED = {(800, 1000): 1046, (1600, 2000): 1282, (448, 448): 258}


@pytest.mark.parametrize("size", MEASURED)
def test_visual_tokens_are_what_the_processor_makes(size):
    assert visual_tokens(*size, max_pixels=1_003_520) == MEASURED[size]


def test_a_side_between_two_tokens_is_rounded_to_the_even_number():
    # 14 x 3 is half way between one token and two, and 14 x 5 between two and three.
    assert visual_tokens([14 * 3, 14 * 5], 280, min_pixels=784).tolist() == [2 * 10 + 2, 2 * 10 + 2]


def test_a_picture_never_takes_more_than_its_limit():
    sizes = np.array([(1, 1), (5000, 30), (5000, 5000), (140, 1), (999, 1004), (200, 1)])
    tokens = visual_tokens(*sizes.T, 1_003_520)
    assert ((tokens >= 3) & (tokens <= 1_003_520 // 784 + 2)).all()


def test_a_picture_without_area_is_refused():
    with pytest.raises(ValueError, match="without area"):
        visual_tokens([5, 0], [5, 5])


def test_a_picture_that_the_processor_refuses_takes_no_tokens():
    assert visual_tokens([200, 201, 1, 1], [1, 1, 200, 201]).tolist() == [31, 0, 31, 0]


def resized(height: int, width: int, least: int, most: int) -> tuple[int, int]:
    """Qwen2-VL's `smart_resize`, one picture at a time; below it is held against the real one."""
    tall, wide = round(height / 28) * 28, round(width / 28) * 28
    if tall * wide > most:
        shrink = math.sqrt(height * width / most)
        return tuple(max(28, math.floor(side / shrink / 28) * 28) for side in (height, width))
    if tall * wide < least:
        grow = math.sqrt(least / (height * width))
        return tuple(math.ceil(side * grow / 28) * 28 for side in (height, width))
    return tall, wide


SIDES = st.integers(1, 400) | st.integers(1, 20_000) | st.integers(0, 500).map(lambda n: 14 * n + 1)
LIMITS = st.tuples(st.integers(784, 20_000), st.integers(20_000, 5_000_000))
#: Multiples of half a token too, which are ties.
SIZES = st.lists(st.tuples(SIDES | st.integers(1, 300).map(lambda n: 14 * n), SIDES), min_size=1)


@given(SIZES, LIMITS)
def test_visual_tokens_of_many_are_those_of_each(sizes, limits):
    least, most = limits
    widths, heights = np.array(sizes).T
    expected = [
        0 if max(size) / min(size) > 200 else math.prod(resized(*size[::-1], *limits)) // 784 + 2
        for size in sizes
    ]
    assert visual_tokens(widths, heights, most, least).tolist() == expected


@given(SIZES, LIMITS)
def test_the_reference_is_smart_resize_itself(transformers, sizes, limits):
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

    for width, height in sizes:
        if max(width, height) / min(width, height) <= 200:
            real = smart_resize(height, width, 28, *limits)
            assert resized(height, width, *limits) == real


def grid() -> list[tuple[int, int]]:
    """Sizes on both sides of everything that decides: limits, ties, aspect ratios, single pixels."""
    sides = [1, 13, 14, 15, 27, 28, 29, 41, 42, 43, 70, 98, 112, 126, 200, 280, 301, 399, 448, 463]
    sizes = [(w, h) for w in sides for h in sides if max(w, h) / min(w, h) <= 200]
    near = [(447, 449), (448, 447), (462, 462), (463, 461), (1000, 5), (5, 1000), (990, 702)]
    return [*sizes, *near]


def test_the_real_processor_makes_as_many_tokens(processor):
    from PIL import Image

    sizes = grid()
    assert len(sizes) > 300
    for least, most in [(784, 28 * 28 * 4), (12_544, 200_704), (3136, 100_000)]:
        inputs = processor(
            text=[exaone.IMAGE_PLACEHOLDER] * len(sizes),
            images=[Image.new("RGB", size) for size in sizes],
            size={"shortest_edge": least, "longest_edge": most},
            input_data_format="channels_first",
        )
        counts = [len(tokens) for tokens in inputs["input_ids"]]
        assert visual_tokens(*np.array(sizes).T, most, least).tolist() == counts


def test_the_real_processor_refuses_what_takes_no_tokens(processor):
    from PIL import Image

    for size in [(1, 201), (201, 1), (28, 28 * 200 + 1)]:
        assert visual_tokens(*size) == 0
        with pytest.raises(ValueError, match="aspect ratio"):
            processor(
                text=exaone.IMAGE_PLACEHOLDER,
                images=[Image.new("RGB", size)],
                input_data_format="channels_first",
            )


def test_the_tokens_are_those_that_transformers_and_vllm_know(transformers, processor):
    from vllm.model_executor.models.exaone4_5 import Exaone4_5_ForConditionalGeneration

    config = transformers.Exaone4_5_Config()
    assert config.image_token_id == exaone.IMAGE_TOKEN_ID
    assert config.video_token_id == exaone.VIDEO_TOKEN_ID
    assert processor.image_token == exaone.IMAGE_TOKEN
    assert processor.video_token == exaone.VIDEO_TOKEN
    placeholder = Exaone4_5_ForConditionalGeneration.get_placeholder_str("image", 0)
    assert placeholder == exaone.IMAGE_PLACEHOLDER


def test_the_limits_are_read_from_the_checkpoint(processor, tiny_exaone):
    size = processor.image_processor.size
    assert processor_pixels(tiny_exaone) == (size["shortest_edge"], size["longest_edge"])


def test_limits_without_another_are_those_of_the_processor_class(transformers):
    size = transformers.Qwen2VLImageProcessor().size
    assert (size["shortest_edge"], size["longest_edge"]) == (MIN_PIXELS, MAX_PIXELS)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("preprocessor_config.json", {"size": {"shortest_edge": 3136, "longest_edge": 99_999}}),
        ("preprocessor_config.json", {"min_pixels": 3136, "max_pixels": 99_999, "size": None}),
        ("processor_config.json", {"image_processor": {"min_pixels": 3136, "max_pixels": 99_999}}),
    ],
)
def test_limits_are_read_from_older_and_newer_files(tmp_path, name, settings):
    (tmp_path / "processor_config.json").write_text("{}")
    (tmp_path / name).write_text(json.dumps(settings))
    assert processor_pixels(tmp_path) == (3136, 99_999)


def test_a_folder_that_tells_no_limits_is_an_error(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text('{"size": {"shortest_edge": 3136}}')
    with pytest.raises(ValueError, match="how many pixels"):
        processor_pixels(tmp_path)


def test_the_language_and_the_picture_choose_the_task():
    assert task_of("ko", has_image=True) == "korean"
    assert task_of("en", has_image=True) == "general"
    assert task_of("en", has_image=False) == "text"


def test_sampling_is_what_the_authors_recommend():
    general = {"temperature": 1.0, "top_p": 0.95, "presence_penalty": 1.5}
    document = {"temperature": 0.6, "top_p": 0.95, "presence_penalty": 1.5, "top_k": 20}
    assert TASKS["general"].as_request() == general
    for task in ("ocr", "document", "korean"):
        assert TASKS[task].as_request() == document
    assert TASKS["text"].as_request() == {**general, "presence_penalty": 0.0}
    assert TASKS["judge"].temperature == 0.0


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"So $x = \boxed{\frac{1}{2}}$.", r"\frac{1}{2}"),
        (r"First \boxed{1}, at last \boxed{ 2 }.", "2"),
        (r"\boxed{\boxed{7}}", "7"),
        (r"\boxed{\left\{ x \right.}", r"\left\{ x \right."),
        (r"\boxed{a\\{b}}", r"a\\{b}"),
        ("답은 \\boxed{세 개\n또는 네 개}입니다.", "세 개\n또는 네 개"),
        (r"First \boxed{1}. Cut: \boxed{1 + {2}", None),
        (r"\boxed{}", None),
        (r"boxed{3}", None),
        ("", None),
    ],
)
def test_the_answer_is_in_the_last_box(text, answer):
    assert boxed(text) == answer


@pytest.mark.parametrize("piece", ["\\boxed{", "{", "\\boxed{1}", "\\", "}"])
def test_a_box_is_found_in_linear_time(piece):
    start = time.process_time()
    boxed(piece * 300_000)
    assert time.process_time() - start < 2  # seconds; a quadratic search takes hours


def test_both_instructions_ask_for_a_box():
    assert BOXED_INSTRUCTION.keys() == {"en", "ko"}
    assert all("\\boxed{}" in text for text in BOXED_INSTRUCTION.values())


@pytest.mark.parametrize(
    ("text", "thinking", "parts"),
    [
        ("<think>\nWhy?\n</think>\n\nSo.", False, ("Why?", "So.")),
        ("Why?\n</think>\n\nSo.", True, ("Why?", "So.")),  # the prompt has the <think>
        ("\n</think>\n\nSo.", True, ("", "So.")),
        ("So.", False, (None, "So.")),
        ("Why? Cut", True, ("Why? Cut", "")),
        ("<think>Why? Cut", False, ("Why? Cut", "")),
        ("Why?</think>So. </think> is a tag.", True, ("Why?", "So. </think> is a tag.")),
    ],
)
def test_a_thought_is_parted_from_what_is_said(text, thinking, parts):
    assert split_thought(text, thinking=thinking) == parts


@pytest.mark.parametrize("text", ["Why?\n</think>\n\nSo.", "<think>Why?</think>So.", "Why? Cut"])
def test_vllm_parts_a_thought_as_we_do(processor, text):
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.reasoning import ReasoningParserManager

    parser = ReasoningParserManager.get_reasoning_parser("qwen3")(processor.tokenizer)
    thought, said = parser.extract_reasoning(text, ChatCompletionRequest(messages=[], model="m"))
    assert split_thought(text, thinking=True) == (thought.strip(), (said or "").strip())
