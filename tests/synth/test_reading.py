from __future__ import annotations

import json
import re

import numpy as np
import pytest

from records import ImageRef, Source
from renderers import Encoded, Recipe, Taken
from renderers.taken import Place
from synth import FORMATS, Paper, document_sample, full_text, ocr_sample

TRUTH = {"markdown": "# 공지", "html": "<h1>공지</h1>", "json": '[{"type": "heading"}]'}


def place(*labels):
    boxes = np.array([[10 * k, 20, 10 * k + 9, 40] for k in range(len(labels))], np.int16)
    return Place(list(labels), boxes, [()] * len(labels))


def paper(lang="ko", number=0, **places):
    found = {
        "char": place("공", "지", "!", "공"),
        "word": place("공지", "$x^2$", "회의", "회의"),
        "line": place("공지 사항", "회의 회의"),
        "block": place("공지 사항\n회의 회의"),
        **places,
    }
    taken = Taken(Encoded(b"", "webp", {"lossless": True}), 800, 600, Recipe("clean"), found)
    image = ImageRef(f"{number:064x}", "pack", 0, 1, "webp", 800, 600)
    return Paper(taken, image, lang, TRUTH, ["heading"], {"kind": "notice", "page": "1"})


def asked(maker, count=60, **changes):
    return [
        maker(paper(number=k, **changes), Source("d", "u"), ("a:1",), seed=1) for k in range(count)
    ]


def test_a_document_is_asked_for_in_every_format_and_answered_by_its_truth():
    samples = asked(document_sample)
    assert {s.targets["format"] for s in samples} == set(FORMATS)
    for sample in samples:
        image, ask, answer = sample.parts
        assert (image.type, ask.role, answer.role) == ("image", "user", "assistant")
        assert answer.text == TRUTH[sample.targets["format"]]
        assert sample.bucket == "document"
        assert json.loads(sample.targets["blocks"]) == ["heading"]
        assert json.loads(sample.targets["recipe"]) == {"kind": "clean", "steps": []}


@pytest.mark.parametrize(("lang", "letters"), [("ko", "[가-힣]"), ("en", "[a-z]"), ("vi", "[a-z]")])
def test_questions_are_korean_about_korean_and_english_about_all_else(lang, letters):
    for sample in asked(document_sample, 9, lang=lang) + asked(ocr_sample, 9, lang=lang):
        asks = [p.text for p in sample.parts if p.role == "user" and p.text]
        assert all(re.search(letters, ask) for ask in asks)


def test_places_are_asked_about_truly():
    samples = [s for s in asked(ocr_sample) if len(s.parts) > 3]
    known = paper().taken.places
    assert samples
    for sample in samples:
        turns = [p.text for p in sample.parts[1:]]
        for ask, answer in zip(turns[::2], turns[1::2], strict=True):
            box = re.match(r"(\[.*?\]) 영역", ask)
            if box:
                boxes = {
                    (json.dumps(b), label)
                    for p in known.values()
                    for b, label in zip(p.boxes.tolist(), p.labels, strict=True)
                }
                assert (box[1], answer) in boxes
            else:
                text = re.match("‘(.*)’", ask)[1]
                # What stands twice has no place, and TeX is not what is printed.
                assert text in {"공지", "공지 사항", "회의 회의"}
                assert json.loads(answer)[1::2] == [20, 40]


def test_all_the_text_is_its_lines():
    whole = [s for s in asked(ocr_sample) if len(s.parts) == 3]
    assert {s.parts[2].text for s in whole if "모두" in s.parts[1].text} == {"공지 사항\n회의 회의"}
    assert full_text(paper().taken) == "공지 사항\n회의 회의"


def test_a_page_without_places_to_ask_about_is_read():
    empty = place()
    samples = asked(ocr_sample, 20, char=empty, word=empty, line=place("$a$"))
    assert {len(s.parts) for s in samples} == {3}


def test_the_same_page_gives_the_same_question():
    assert asked(ocr_sample, 5) == asked(ocr_sample, 5)
