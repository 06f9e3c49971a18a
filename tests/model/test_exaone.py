from __future__ import annotations

import pytest

from model import TASKS, task_of, visual_tokens

#: The processor's counts at a limit of 1,003,520 pixels, frame included.
MEASURED = {(800, 1000): 1046, (1600, 2000): 1282, (448, 448): 258}


@pytest.mark.parametrize("size", MEASURED)
def test_visual_tokens_are_what_the_processor_makes(size):
    assert visual_tokens(*size, max_pixels=1_003_520) == MEASURED[size]


def test_a_picture_never_takes_more_than_its_limit():
    for width, height in [(1, 1), (10_000, 30), (5000, 5000), (1399, 1), (999, 1004)]:
        assert 3 <= visual_tokens(width, height, 1_003_520) <= 1_003_520 // 784 + 2


def test_a_picture_without_area_is_refused():
    with pytest.raises(ValueError, match="0 x 5"):
        visual_tokens(0, 5, 1_003_520)


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
