"""Problems with answers -> stem drafts.

Which data set a row is of, its keys say:

    GSM8K            question, answer: "<steps>\\n#### <answer>"
    MATH, NuminaMath problem, solution with the answer in its last \\boxed{}; perhaps answer
    DeepMath         question, final_answer
    OpenMath         problem, expected_answer
    MMLU             question, choices, answer: an index from 0
    MMLU-Pro         question, options, answer: a letter, answer_index: an index from 0
    KMMLU            question, A, B, C, D …, answer: a number from 1
    ARC, OpenBookQA  question, choices: {text, label}, answerKey: a label

A letter, or the text of exactly one choice, is an answer to any of them. An
index is one only where the keys say what it starts from; nothing is guessed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from string import ascii_uppercase
from typing import Any

from model import boxed
from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Piece
from pipelines.readers.row_images import load_given, place_images, row_images
from pipelines.readers.rows import Record, row_lang, row_url, string
from records import Part

_LETTERS = ascii_uppercase
#: What a problem is about, without which its question means another thing.
_CONTEXTS = ("passage", "context")
_ANSWERS = ("answer", "final_answer", "expected_answer")
_FACTS = ("level", "subject", "type")
FIELDS = (
    *("id", "lang", "problem", "question", "solution", "choices", "options", "answerKey"),
    *("answer_index", "question_type", "image", "images", *_LETTERS),
    *(*_CONTEXTS, *_ANSWERS, *_FACTS),
)
#: What NuminaMath-1.5 writes in place of an answer where there is none.
_NO_ANSWERS = ("proof", "notfound")
#: The last line of a GSM8K solution.
_FINAL_LINE = re.compile(r"^#### *(\S.*)\Z", re.M)
#: GSM8K's calculator: "3*4=<<3*4=12>>12".
_CALCULATION = re.compile(r"<<[^<>\n]*>>")
#: "B. nine", "(B) nine"
_LETTERED = re.compile(r"\(?([A-Z])[.):]\s+(\S.*)", re.S)


def read_problem(record: Record, piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    """A problem, with its pictures where it has some. Raises BadInput."""
    row = _flat(record.read())
    stem = "\n\n".join([*_texts(row, _CONTEXTS), string(row, "problem", "question")])
    choices = _choices(row)
    if choices:
        text, targets = _multiple_choice(stem, choices, row)
    else:
        text, targets = stem, _open(row)
    targets |= {key: str(row[key]) for key in _FACTS if isinstance(row.get(key), str | int)}
    images = tuple(load_given(i, source, config) for i in row_images(row))
    return Draft(
        bucket="stem",
        lang=row_lang(row, source),
        url=row_url(piece, record, row),
        parts=place_images([Part("text", text=text)], len(images)),
        images=images,
        targets=targets,
    )


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """ARC as it was first published holds stem and choices inside the question."""
    question = row.get("question")
    if not isinstance(question, dict):
        return row
    return row | {"question": question.get("stem"), "choices": question.get("choices")}


def _texts(row: dict[str, Any], keys: Sequence[str]) -> Iterator[str]:
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            yield value.strip()


def _open(row: dict[str, Any]) -> dict[str, str]:
    """The final answer, the solution, or both; a proof has no final answer."""
    solution = next(_texts(row, ["solution"]), "")
    answer = _answer(row)
    if final := _FINAL_LINE.search(answer):
        solution = solution or _CALCULATION.sub("", answer[: final.start()]).strip()
        answer = final[1].strip()
    elif not answer and not _has_no_answer(row):
        answer = boxed(solution) or ""
    if not answer and not solution:
        raise BadInput("no_answer", "neither an answer nor a solution is there as text")
    return {k: v for k, v in (("answer", answer), ("solution", solution)) if v}


def _answer(row: dict[str, Any]) -> str:
    """The answer that the row gives as a text or a number; "" where it gives none."""
    value = next((row[k] for k in _ANSWERS if row.get(k) is not None), "")
    if isinstance(value, str):
        return "" if _has_no_answer(row) else value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput("bad_answer", f"{value!r} is neither a text nor a number"[:200])
    return repr(value).removesuffix(".0")


def _has_no_answer(row: dict[str, Any]) -> bool:
    return "question_type" in row and row.get("answer") in _NO_ANSWERS


def _choices(row: dict[str, Any]) -> list[str]:
    """The choices' texts without letters of their own; [] for an open problem."""
    given = row.get("choices") or row.get("options") or _columns(row)
    if not given:
        return []
    if isinstance(given, str):
        given = given.strip().split("\n")
        if not all(_LETTERED.fullmatch(line) for line in given):
            raise BadInput("bad_choices", "the text is not one lettered choice a line")
    elif isinstance(given, dict):
        given = given.get("text")
    elif isinstance(given, list) and all(isinstance(c, dict) for c in given):
        given = [c.get("text") for c in given]
    if not isinstance(given, list) or not 2 <= len(given) <= len(_LETTERS):
        raise BadInput("bad_choices", f"2 to {len(_LETTERS)} texts are choices")
    # Numbers are none: of these, what an answer 2 means would not be known.
    texts = [c.strip() if isinstance(c, str) else "" for c in given]
    if not all(texts):
        raise BadInput("bad_choices", f"choice {_LETTERS[texts.index('')]} is not a text")
    found = [_LETTERED.fullmatch(text) for text in texts]
    if all(m and m[1] == letter for m, letter in zip(found, _LETTERS, strict=False)):
        return [m[2].strip() for m in found if m]
    return texts


def _columns(row: dict[str, Any]) -> list[Any]:
    """The choices of KMMLU, from the columns A, B, …"""
    return [row[letter] for letter in takewhile(row.__contains__, _LETTERS)]


def _multiple_choice(
    stem: str, choices: Sequence[str], row: dict[str, Any]
) -> tuple[str, dict[str, str]]:
    index, solution = _chosen(row, choices), next(_texts(row, ["solution"]), None)
    lines = [f"{letter}. {text}" for letter, text in zip(_LETTERS, choices, strict=False)]
    targets = {
        "answer": _LETTERS[index],
        "answer_text": choices[index],
        "choices": json.dumps(choices, ensure_ascii=False),
    }
    if solution is not None:
        targets["solution"] = solution
    return "\n".join([f"{stem}\n", *lines]), targets


def _chosen(row: dict[str, Any], choices: Sequence[str]) -> int:
    """The index of the right choice, on which all of the row's answers must agree."""
    found = set[int]()
    if row.get("answerKey") is not None:
        found.add(_labelled(row, row["answerKey"]))
    if row.get("answer_index") is not None:
        found.add(_index(row["answer_index"], 0))
    if row.get("answer") is not None:
        found.add(_meant(row, row["answer"], choices))
    if not found:
        raise BadInput("no_answer", "the fields answer, answerKey and answer_index are missing")
    if len(found) > 1:
        raise BadInput("answers_disagree", f"choices {sorted(found)}")
    (index,) = found
    if not 0 <= index < len(choices):
        raise BadInput("answer_not_a_choice", f"{len(choices)} choices, index {index} from 0")
    return index


def _meant(row: dict[str, Any], answer: Any, choices: Sequence[str]) -> int:
    if not isinstance(answer, str):
        if isinstance(row.get("choices"), list):
            return _index(answer, 0)
        if not row.get("choices") and not row.get("options"):
            return _index(answer, 1)
        raise BadInput("answer_unclear", f"{answer!r}: neither text nor an index from 0 or 1")
    text = answer.strip()
    if lettered := _LETTERED.fullmatch(text):
        index = _LETTERS.index(lettered[1])
        if choices[index : index + 1] == [lettered[2].strip()]:
            return index
    if text.isdecimal() and int(text) <= len(choices):
        raise BadInput("answer_unclear", f"{text!r}: a choice's text, or its number?")
    meant = {i for i, choice in enumerate(choices) if choice == text}
    if len(text) == 1 and text in _LETTERS[: len(choices)]:
        meant.add(_LETTERS.index(text))
    if len(meant) > 1:
        raise BadInput("answer_unclear", f"{text!r} may be the choices {sorted(meant)}")
    if not meant:
        raise BadInput("answer_not_a_choice", text[:200])
    return meant.pop()


def _labelled(row: dict[str, Any], key: Any) -> int:
    """The index of the choice with this label; ARC labels some with letters, some with digits."""
    choices = row.get("choices")
    labels = choices.get("label") if isinstance(choices, dict) else None
    if isinstance(choices, list):
        labels = [c.get("label") if isinstance(c, dict) else None for c in choices]
    if not isinstance(labels, list) or labels.count(key) != 1:
        raise BadInput("answer_not_a_choice", f"label {key!r} of {labels!r}"[:200])
    return labels.index(key)


def _index(value: Any, first: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput("answer_unclear", f"{value!r} is no index")
    return value - first
