"""A rendered problem as a sample: the picture asks, the answer is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase

from records import ImageRef, Part, Sample, sample_id
from renderers import Figure, Problem, Sheet, Taken, parse_problem, subject_of

#: What the user says beside the picture, by language.
ASK = {
    "ko": "그림 속 문제를 풀고 최종 답만 쓰세요.",
    "ja": "画像の問題を解き、最終的な答えだけを書いてください。",
    "de": "Löse die Aufgabe im Bild und gib nur die endgültige Antwort an.",
    "es": "Resuelve el problema de la imagen y escribe solo la respuesta final.",
    "vi": "Giải bài toán trong hình và chỉ viết đáp án cuối cùng.",
    "en": "Solve the problem in the picture. Give only the final answer.",
}


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


def sheet_sample(problem: Sample, sheet: Sheet, taken: Taken, image: ImageRef) -> Sample:
    """The sample of a rendered problem; its regions are `taken`'s.

    The answer to a multiple-choice problem is the label that is printed, such
    as ③. Targets: `answer`, `answer_text`, `problem`, the problem as printed in
    `markdown`, `html`, `tex` and `json`, and as JSON the `style` of the sheet, the
    `recipe` of effects and the `encoding`.
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
        "recipe": taken.recipe.as_json(),
        "encoding": taken.encoded.as_json(),
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
        targets=targets,
        source=source,
        lineage=problem.lineage,
    )


def _choices(sample: Sample) -> list[str]:
    choices: list[str] = json.loads(sample.targets.get("choices", "[]"))
    return choices


def _answer(problem: Sample, sheet: Sheet) -> str:
    answer = problem.targets["answer"]
    names = sheet.style.label_names
    return names[ascii_uppercase.index(answer)] if names else answer
