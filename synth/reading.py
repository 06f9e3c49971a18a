"""Questions about a page whose every character is known: to parse it, to read it, to find text.

The EXAONE 4.5 report names both: documents as HTML, Markdown and JSON, and OCR
of characters, words and whole documents, in Korean and English.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from records import ImageRef, Part, Sample, Source, generator, sample_id
from renderers import Taken

#: What the answer of a document can be written in.
FORMATS = ("markdown", "html", "json")

#: How to ask for a page in a format.
_PARSE = {
    "ko": {
        "markdown": (
            "이 문서를 마크다운으로 옮겨 주세요.",
            "문서 내용을 마크다운 형식으로 변환하세요.",
        ),
        "html": (
            "이 문서를 HTML로 옮겨 주세요.",
            "문서 내용을 HTML로 변환하세요. 표의 병합된 셀도 그대로 나타내세요.",
        ),
        "json": (
            "이 문서의 내용을 JSON으로 정리해 주세요.",
            "문서를 블록 단위로 나누어 JSON으로 출력하세요.",
        ),
    },
    "en": {
        "markdown": (
            "Convert this document to Markdown.",
            "Write the content of the document as Markdown.",
        ),
        "html": (
            "Convert this document to HTML.",
            "Write the document as HTML. Keep merged cells as they are.",
        ),
        "json": (
            "Give the content of this document as JSON.",
            "Split the document into blocks and write them as JSON.",
        ),
    },
}
_READ = {
    "ko": (
        "그림에 있는 글자를 읽는 순서대로 모두 옮겨 쓰세요.",
        "이미지 속 텍스트를 빠짐없이 그대로 적어 주세요.",
    ),
    "en": (
        "Write down all the text in the picture, in reading order.",
        "Transcribe every word that can be seen.",
    ),
}
_TEXT_AT = {
    "ko": "{box} 영역에 적힌 글자를 그대로 쓰세요. ",
    "en": "What is written at {box}? ",
}
_BOX_OF = {
    "ko": "‘{text}’의 위치를 좌표로 답하세요. ",
    "en": "Where does “{text}” stand? Answer with its coordinates. ",
}
_COORDINATES = {
    "ko": "좌표는 [x1, y1, x2, y2]이며, 그림의 너비와 높이를 각각 1000으로 봅니다.",
    "en": "Coordinates are [x1, y1, x2, y2]; the picture is 1000 wide and 1000 high.",
}

#: Questions of one sample about places.
QUESTIONS = 4
#: The share of OCR samples that ask about places; the others ask for all the text.
PLACES = 0.5


@dataclass(frozen=True)
class Paper:
    """A page to ask about, and what it says."""

    taken: Taken
    image: ImageRef
    lang: str
    #: `html`, `markdown`, `json`.
    truth: Mapping[str, str]
    #: Kinds of the blocks that have text, in reading order.
    blocks: Sequence[str]
    #: Whatever else is known of it, for the sample's targets.
    about: Mapping[str, str]


def document_sample(paper: Paper, source: Source, lineage: Sequence[str], *, seed: int) -> Sample:
    """Parse the page; its seed and picture choose the format and the words."""
    random = generator(seed, "document", paper.image.sha256)
    form = FORMATS[int(random.integers(len(FORMATS)))]
    ask = _pick(random, _PARSE[_spoken(paper.lang)][form])
    parts = _turns([(ask, paper.truth[form])])
    return _sample("document", paper, parts, source, lineage, {"format": form})


def ocr_sample(paper: Paper, source: Source, lineage: Sequence[str], *, seed: int) -> Sample:
    """Read the page, or answer questions about places on it."""
    random = generator(seed, "ocr", paper.image.sha256)
    spoken = _spoken(paper.lang)
    turns = _places(paper, spoken, random) if random.random() < PLACES else []
    if not turns:
        turns = [(_pick(random, _READ[spoken]), full_text(paper.taken))]
    return _sample("ocr", paper, _turns(turns), source, lineage, {})


def full_text(taken: Taken) -> str:
    """All lines in reading order."""
    return "\n".join(taken.places["line"].labels)


def _places(paper: Paper, spoken: str, random: np.random.Generator) -> list[tuple[str, str]]:
    """What stands at a box, and where a text stands that stands there only."""
    turns = []
    for level in ("line", "word", "char"):
        place = paper.taken.places[level]
        counts = Counter(place.labels)
        # A formula's label is TeX, which nobody reads off a box.
        plain = [k for k, label in enumerate(place.labels) if label.strip() and "$" not in label]
        if level == "char":
            plain = [k for k in plain if place.labels[k].isalnum()]
        if plain:
            k = plain[int(random.integers(len(plain)))]
            box = json.dumps(place.boxes[k].tolist())
            ask = _TEXT_AT[spoken].format(box=box) + _COORDINATES[spoken]
            turns.append((ask, place.labels[k]))
        once = [k for k in plain if counts[place.labels[k]] == 1 and len(place.labels[k]) > 1]
        if once:
            k = once[int(random.integers(len(once)))]
            ask = _BOX_OF[spoken].format(text=place.labels[k]) + _COORDINATES[spoken]
            turns.append((ask, json.dumps(place.boxes[k].tolist())))
    order = random.permutation(len(turns)).tolist()
    return [turns[k] for k in order[:QUESTIONS]]


def _sample(
    bucket: str,
    paper: Paper,
    parts: tuple[Part, ...],
    source: Source,
    lineage: Sequence[str],
    more: Mapping[str, str],
) -> Sample:
    targets = {
        **paper.truth,
        **paper.about,
        "blocks": json.dumps(list(paper.blocks)),
        "recipe": paper.taken.recipe.as_json(),
        "encoding": paper.taken.encoded.as_json(),
        **more,
    }
    return Sample(
        id=sample_id(source, parts, [paper.image]),
        bucket=bucket,
        lang=paper.lang,
        parts=parts,
        images=(paper.image,),
        targets=targets,
        source=source,
        lineage=tuple(lineage),
    )


def _turns(turns: Sequence[tuple[str, str]]) -> tuple[Part, ...]:
    """The picture, and questions with their answers."""
    parts = [Part("image", image=0, role="user")]
    for ask, answer in turns:
        parts += [Part("text", text=ask, role="user"), Part("text", text=answer, role="assistant")]
    return tuple(parts)


def _spoken(lang: str) -> str:
    return "ko" if lang == "ko" else "en"


def _pick(random: np.random.Generator, several: Sequence[str]) -> str:
    return several[int(random.integers(len(several)))]
