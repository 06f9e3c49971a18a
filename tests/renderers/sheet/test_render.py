from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderers import Browser, Figure, Refused, parse_problem, render_problem
from renderers.sheet import KINDS

MAX_PIXELS = 1_003_520

PROBLEMS = {
    "ko": (
        "등차수열 $\\{a_n\\}$에서 $a_2=5$, $a_5=14$일 때, 첫째항부터 제$n$항까지의 합이 처음으로 "
        "$100$보다 커지는 $n$의 값은?",
        ["7", "8", "9", "10", "11"],
    ),
    "en": (
        "A tank holds 240 litres. One pipe fills it in 6 hours, another in 4 hours.\n\n"
        "How long do both take together, if the first costs $2 an hour?",
        ["2 h 24 min", "2 h 30 min", "3 h", "5 h"],
    ),
    "es": ("¿Cuántos divisores positivos tiene el número 360?", ["20", "22", "24", "26"]),
    "de": ("Löse die Gleichung und prüfe das Ergebnis.\n\n$$\\frac{x}{3}+5=2x$$", []),
    "ja": ("連続する三つの整数の和が72であるとき、最も大きい整数を求めなさい。", ["23", "24", "25", "26"]),
    "vi": ("Tìm tất cả các số nguyên tố nhỏ hơn 30. Có bao nhiêu số như vậy?", []),
}  # fmt: skip


def render(browser, problem, key="k", **changes):
    options = {"seed": 0, "key": key, "max_pixels": MAX_PIXELS, **changes}
    return render_problem(browser, problem, **options)


def problem_in(lang, **changes):
    text, choices = PROBLEMS[lang]
    return parse_problem(text, choices, **{"lang": lang, "subject": "math", **changes})


def said(text):
    return "".join(text.split())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", PROBLEMS)
def test_all_of_a_problem_is_in_the_layout_in_reading_order(browser, lang, kind):
    """And the checks of every drawing, ink in each box among them, found nothing."""
    if (lang, kind) == ("vi", "notebook"):
        pytest.skip("no hand of the catalogue need have Vietnamese")
    problem = problem_in(lang)
    sheet = render(browser, problem, kinds=[kind])
    printed = said("".join(sheet.layout.line.labels))
    at = 0
    pieces = [
        f"$${s.text}$$" if s.display else f"${s.text}$" if s.is_formula else s.text
        for s in problem.spans
    ]
    for piece in map(said, pieces):
        found = printed.find(piece, at)
        assert found >= 0, f"{piece!r} is not in {printed[at:]!r}"
        at = found + len(piece)
    assert [label for label in sheet.style.labels if label not in printed] == []
    assert "".join(sheet.layout.word.labels) == said("".join(sheet.layout.line.labels))
    assert sheet.pixels.shape == (sheet.layout.height, sheet.layout.width, 3)


@pytest.mark.parametrize("key", ["a", "b", "c"])
def test_there_is_no_text_outside_of_the_boxes(browser, key):
    """A shifted box would leave some of its text outside."""
    sheet = render(browser, problem_in("ko"), key, kinds=["exam"], scale=2)
    grey = sheet.pixels.min(axis=2).astype(int)
    paper = int(np.median(grey))
    choices = [k for k, kind in enumerate(sheet.layout.block.kinds) if kind == "choice"]
    frames = sheet.layout.block.frames[choices].round().astype(int)
    boxes = np.concatenate([sheet.layout.word.boxes, sheet.layout.formulas.boxes])
    for x1, y1, x2, y2 in boxes.round().astype(int):
        grey[max(0, y1 - 2) : y2 + 2, max(0, x1 - 2) : x2 + 2] = paper
    for x1, y1, x2, y2 in frames:
        assert (np.abs(grey[y1:y2, x1:x2] - paper) < 60).all()


def test_the_same_sheet_has_the_same_bytes_in_any_order_and_browser(browser):
    first = render(browser, problem_in("ko"), "x")
    render(browser, problem_in("en"), "y")
    again = render(browser, problem_in("ko"), "x")
    other = Browser()
    try:
        fresh = render(other, problem_in("ko"), "x")
    finally:
        other.close()
    for sheet in (again, fresh):
        assert (sheet.pixels == first.pixels).all()
        assert (sheet.layout.char.boxes == first.layout.char.boxes).all()
        assert (sheet.style, sheet.targets) == (first.style, first.targets)


@pytest.mark.parametrize("kind", KINDS)
def test_markup_in_a_problem_is_text(browser, kind):
    text = (
        "Is <script>document.body.remove()</script> or </style><img src=x onerror=alert(1)> "
        '&amp; {{ 7*7 }} "safe"?'
    )
    problem = parse_problem(text, ["<b>yes</b>", "</body>no"], subject="computing")
    sheet = render(browser, problem, kinds=[kind])
    printed = said("".join(sheet.layout.line.labels))
    assert said(text) in printed
    assert "<b>yes</b>" in printed and "</body>no" in printed
    assert "<script" not in sheet.targets["html"]


@pytest.mark.parametrize("key", ["0", "1", "2"])
def test_signs_that_are_one_stroke_are_not_taken_for_rules_or_for_nothing(browser, key):
    signs = "_ 4 _ 1 - 2 | 3 — ' \" . ___"
    sheet = render(
        browser, parse_problem(f"Fill in:\n{signs}"), key, kinds=["exam", "worksheet"], scale=2
    )
    labels = sheet.layout.word.labels
    assert signs.split() == labels[labels.index("in:") + 1 :][: len(signs.split())]


@pytest.mark.parametrize(
    "tex", [r"\frac{1}{", r"\nosuchcommand x", r"\def\a{\a\a}\a", r"\href{http://x.y}{z}"]
)
def test_tex_that_is_none_is_refused(browser, tex):
    with pytest.raises(Refused) as refused:
        render(browser, parse_problem(rf"Find \({tex}\)."))
    assert refused.value.reason == "tex_error"


@pytest.mark.parametrize("place", ["beside", "above", "below"])
def test_a_figure_is_a_block_that_no_text_covers(browser, place):
    png = io.BytesIO()
    Image.new("RGB", (400, 300), (30, 90, 200)).save(png, "PNG")
    problem = problem_in("ko", figures=[Figure(png.getvalue(), "파란 직사각형")])
    keys = (str(k) for k in range(50))
    sheet = next(
        s
        for k in keys
        if (s := render(browser, problem, k, kinds=["exam", "worksheet"])).style.figure_place
        == place
    )
    (k,) = [i for i, kind in enumerate(sheet.layout.block.kinds) if kind == "figure"]
    x1, y1, x2, y2 = sheet.layout.block.frames[k].astype(int)
    middle = sheet.pixels[(y1 + y2) // 2, (x1 + x2) // 2].astype(int)
    assert np.abs(middle - [30, 90, 200]).max() <= 16  # of the paper's tone
    assert 'alt="파란 직사각형"' in sheet.targets["html"]


def test_a_problem_worth_points_says_so(browser):
    sheet = render(browser, problem_in("ko", points=4))
    assert "[4점]" in sheet.layout.word.labels
    assert "[4점]" in sheet.targets["markdown"]


def test_the_statements_of_a_korean_exam_stand_in_a_box_after_the_points(browser):
    problem = parse_problem(
        "옳은 것만을 <보기>에서 있는 대로 고른 것은?\n\n<보기>\nㄱ. 소수는 모두 홀수이다.\nㄴ. 2는 소수이다.",
        ["ㄱ", "ㄴ", "ㄱ, ㄴ"], lang="ko", points=3,
    )  # fmt: skip
    assert [b.kind for b in problem.blocks] == ["paragraph", "examples"]
    sheet = render(browser, problem, kinds=["exam"])
    assert "고른 것은? [3점]\n\n<보기>\nㄱ. 소수는" in sheet.targets["markdown"]
    printed = said("".join(sheet.layout.line.labels))
    assert printed.index("[3점]") < printed.index("ㄱ.소수는") < printed.index("①")


def test_targets_say_the_problem_as_printed(browser):
    problem = parse_problem(
        "Find $x<1$ in 5 * 3*a* <b>.\n\n$$x^2$$", ["$1$", "#2 & 50%"], lang="en", points=2
    )
    sheet = render(browser, problem, kinds=["worksheet"])
    style, targets = sheet.style, sheet.targets
    first, second = style.labels
    before = style.number if style.inline_number else ""
    assert f"{before} Find $x<1$ in 5 * 3\\*a\\* \\<b>.".strip() in targets["markdown"]
    assert "$$x^2$$" in targets["markdown"]
    assert targets["markdown"].endswith(f"{first} $1$  \n{second} #2 & 50%")
    assert r"Find \(x&lt;1\) in 5 * 3*a* &lt;b&gt;." in targets["html"]
    assert f"<ul><li>{first} \\(1\\)</li><li>{second} #2 &amp; 50%</li></ul>" in targets["html"]
    assert r"\[x^2\]" in targets["tex"]
    assert rf"\item[{second}] \#2 \& 50\%" in targets["tex"]
    record = json.loads(targets["json"])
    assert record["choices"] == [
        {"label": first, "spans": [{"tex": "1"}]}, {"label": second, "spans": [{"text": "#2 & 50%"}]}
    ]  # fmt: skip
    assert said("".join(b["text"] for b in record["page"])) == said(
        "".join(sheet.layout.line.labels)
    )


def test_sixty_sheets_of_real_problems_to_look_at(browser, samples, tmp_path_factory):
    """Saves the contact sheet, whose path the test's output names."""
    lines = (samples / "problems" / "problems.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    problems = [parse_problem(r["problem"], lang=r["lang"], subject="math") for r in rows[::4]]
    problems += [problem_in(lang) for lang in PROBLEMS for _ in range(3)]
    sheets, refused = [], []
    for key, problem in enumerate(problems[-60:]):
        try:
            sheets.append(render(browser, problem, str(key)))
        except Refused as error:
            refused.append(str(error))
    assert len(refused) <= 2, refused
    path = tmp_path_factory.mktemp("sheets") / "contact.png"
    contact_sheet([s.pixels for s in sheets], path)
    print(f"contact sheet: {path}")
    assert len({s.style.layout for s in sheets}) >= 35
    assert len({s.style.font for s in sheets}) >= 8


def contact_sheet(pictures, path: Path, columns=6, width=360, gap=8):
    """Pictures side by side, each column filled up in turn."""
    heights, placed = [0] * columns, []
    for pixels in pictures:
        picture = Image.fromarray(pixels)
        small = picture.resize((width, max(1, picture.height * width // picture.width)))
        column = heights.index(min(heights))
        placed.append((small, (column * (width + gap), heights[column])))
        heights[column] += small.height + gap
    sheet = Image.new("RGB", (columns * (width + gap) - gap, max(heights)), "#888888")
    for small, place in placed:
        sheet.paste(small, place)
    sheet.save(path)
