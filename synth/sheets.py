"""A rendered problem as a sample: the picture asks, the answer is known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from string import ascii_uppercase

import numpy as np

from records import ImageRef, Part, Region, Sample, normalise, sample_id
from renderers import Figure, Problem, Sheet, parse_problem, subject_of

#: What the user says beside the picture, by language.
ASK = {
    "ko": "그림 속 문제를 풀고 최종 답만 쓰세요.",
    "ja": "画像の問題を解き、最終的な答えだけを書いてください。",
    "de": "Löse die Aufgabe im Bild und gib nur die endgültige Antwort an.",
    "es": "Resuelve el problema de la imagen y escribe solo la respuesta final.",
    "vi": "Giải bài toán trong hình và chỉ viết đáp án cuối cùng.",
    "en": "Solve the problem in the picture. Give only the final answer.",
}
#: Levels of the regions. Those of `char` would make rows twenty times as long.
REGION_LEVELS = ("word", "line", "block")


def sheet_problem(sample: Sample, figures: Sequence[Figure] = ()) -> Problem:
    """The problem that a `stem` row asks, its choices apart from its text.

    Raises Refused, as `parse_problem` does.
    """
    choices = _choices(sample)
    text = sample.text
    # The reader of problems writes them below the text.
    lettered = zip(ascii_uppercase, choices, strict=False)
    listed = "\n".join(f"{letter}. {choice}" for letter, choice in lettered)
    if not text.endswith(listed):
        choices, listed = [], ""
    text = text.removesuffix(listed)
    label = sample.targets.get("subject", "") or sample.targets.get("type", "")
    return parse_problem(
        text, choices, lang=sample.lang or "en", figures=figures, subject=subject_of(label)
    )


def sheet_sample(
    problem: Sample,
    sheet: Sheet,
    image: ImageRef,
    levels: Sequence[str] = REGION_LEVELS,
) -> Sample:
    """The sample of a rendered problem, with regions for everything that is printed.

    The answer to a multiple-choice problem is the label that is printed, such
    as ③. Targets: `answer`, `answer_text`, `problem`, the problem as printed in
    `markdown`, `html`, `tex` and `json`, and the `style` of the sheet as JSON.
    """
    answer = _answer(problem, sheet)
    parts = (
        Part("image", image=0, role="user"),
        Part("text", text=ASK.get(problem.lang or "en", ASK["en"]), role="user"),
        Part("text", text=answer, role="assistant"),
    )
    source = replace(problem.source, parent=problem.id)
    targets = {
        "answer": answer,
        "problem": problem.text,
        "style": json.dumps(sheet.style.as_json(), ensure_ascii=False),
        **sheet.targets,
    }
    if "answer_text" in problem.targets:
        targets["answer_text"] = problem.targets["answer_text"]
    return Sample(
        id=sample_id(source, parts, [image]),
        bucket="stem",
        lang=problem.lang,
        parts=parts,
        images=(image,),
        regions=tuple(_regions(sheet, levels)),
        targets=targets,
        source=source,
        lineage=problem.lineage,
    )


def _regions(sheet: Sheet, levels: Sequence[str]) -> Iterator[Region]:
    layout = sheet.layout
    for name in levels:
        level = layout.level(name)
        keep = np.ones(len(level), np.bool_)
        if name == "block":
            keep = np.array([bool(label) for label in level.labels], np.bool_)
        boxes = normalise(level.boxes[keep], layout.width, layout.height).tolist()
        labels = (level.labels[k] for k in np.flatnonzero(keep).tolist())
        for label, box in zip(labels, boxes, strict=True):
            yield Region(0, name, label, (box[0], box[1], box[2], box[3]))


def _choices(sample: Sample) -> list[str]:
    choices: list[str] = json.loads(sample.targets.get("choices", "[]"))
    return choices


def _answer(problem: Sample, sheet: Sheet) -> str:
    answer = problem.targets["answer"]
    names = sheet.style.label_names
    return names[ascii_uppercase.index(answer)] if names else answer
