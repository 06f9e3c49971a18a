"""A rendered problem as a sample: the picture asks, the answer is known."""

from __future__ import annotations

from dataclasses import replace

from records import ImageRef, Part, Region, Sample, sample_id
from renderers import Sheet

#: What the user says beside the picture, by language.
ASK = {
    "ko": "그림 속 문제를 풀고 최종 답만 쓰세요.",
    "ja": "画像の問題を解き、最終的な答えだけを書いてください。",
    "de": "Löse die Aufgabe im Bild und gib nur die endgültige Antwort an.",
    "es": "Resuelve el problema de la imagen y escribe solo la respuesta final.",
    "vi": "Giải bài toán trong hình và chỉ viết đáp án cuối cùng.",
    "en": "Solve the problem in the picture. Give only the final answer.",
}


def sheet_sample(problem: Sample, sheet: Sheet, image: ImageRef) -> Sample:
    """The sample of a rendered problem, with a word region for everything that is printed."""
    answer = problem.targets["answer"]
    parts = (
        Part("image", image=0, role="user"),
        Part("text", text=ASK.get(problem.lang or "en", ASK["en"]), role="user"),
        Part("text", text=answer, role="assistant"),
    )
    regions = tuple(
        Region(0, "word", word, (box[0], box[1], box[2], box[3]))
        for word, box in zip(sheet.words, sheet.boxes.tolist(), strict=True)
    )
    source = replace(problem.source, parent=problem.id)
    return Sample(
        id=sample_id(source, parts, [image]),
        bucket="stem",
        lang=problem.lang,
        parts=parts,
        images=(image,),
        regions=regions,
        targets={"answer": answer, "problem": problem.text, "style": sheet.style},
        source=source,
        lineage=problem.lineage,
    )
