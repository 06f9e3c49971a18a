from __future__ import annotations

import numpy as np

from renderers import Sheet
from synth import sheet_sample
from tests.conftest import make_image, make_sample


def test_a_sheet_becomes_a_question_with_its_answer():
    problem = make_sample("1 + 1 = ?", bucket="stem", lang="ko", targets={"answer": "2"})
    sheet = Sheet(
        b"", "webp", 1600, 800, ("1", "+"), np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), "exam"
    )
    sample = sheet_sample(problem, sheet, make_image())
    assert [(p.type, p.role) for p in sample.parts] == [
        ("image", "user"), ("text", "user"), ("text", "assistant")
    ]  # fmt: skip
    assert sample.parts[2].text == sample.targets["answer"] == "2"
    assert sample.targets["problem"] == "1 + 1 = ?"
    assert [(r.level, r.label, r.box) for r in sample.regions] == [
        ("word", "1", (1, 2, 3, 4)), ("word", "+", (5, 6, 7, 8))
    ]  # fmt: skip
    assert sample.source.parent == problem.id
    assert sample.id != problem.id
