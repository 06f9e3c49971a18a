"""What a parser of a sheet should say: the problem as printed, in four notations.

Markdown, HTML and TeX have the problem with its number, points and labels of
choices; JSON has also all that is printed around it, block by block in reading
order. In HTML formulas stand as MathJax and KaTeX's auto-render read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html import escape

from renderers.layout import Layout
from renderers.sheet.problem import Problem, ProblemBlock, Span
from renderers.sheet.style import SheetStyle

_TEX_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "%": r"\%", "&": r"\&",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
#: Marks at which Markdown would not read a text as it is.
_MARKS = re.compile(
    r"[\\`$]|(?<=\S)[*_]|[*_](?=\S)|<(?=[A-Za-z/!?])|^(?:#{1,6}|[>+-])(?= )|^(?:=+|-{3,})$", re.M
)


def targets(problem: Problem, style: SheetStyle, layout: Layout) -> dict[str, str]:
    """`markdown`, `html`, `tex` and `json` of the problem on a sheet."""
    return {
        "markdown": _markdown(problem, style),
        "html": _html(problem, style),
        "tex": _tex(problem, style),
        "json": json.dumps(_record(problem, style, layout), ensure_ascii=False),
    }


def _markdown(problem: Problem, style: SheetStyle) -> str:
    def said(spans: Sequence[Span]) -> str:
        return "".join(
            (f"$${s.text}$$" if s.display else f"${s.text}$")
            if s.is_formula
            else _MARKS.sub(lambda m: "\\" + m[0], s.text)
            for s in spans
        )

    def block(b: ProblemBlock) -> str:
        return f"```\n{b.spans[0].text}\n```" if b.kind == "code" else said(b.spans)

    parts = _with_marks(problem, style, block, lambda text: text)
    parts += [f"![{_one_line(figure.alt)}]()" for figure in problem.figures]
    choices = zip(style.labels, problem.choices, strict=True)
    parts += ["  \n".join(f"{label} {said(spans)}" for label, spans in choices)]
    return "\n\n".join(part for part in parts if part)


def _html(problem: Problem, style: SheetStyle) -> str:
    def said(spans: Sequence[Span]) -> str:
        return "".join(
            escape(rf"\[{s.text}\]" if s.display else rf"\({s.text}\)", quote=False)
            if s.is_formula
            else escape(s.text, quote=False).replace("\n", "<br>")
            for s in spans
        )

    def block(b: ProblemBlock) -> str:
        if b.kind == "code":
            return f"<pre>{escape(b.spans[0].text, quote=False)}</pre>"
        return f"<p>{said(b.spans)}</p>"

    parts = _with_marks(problem, style, block, lambda text: f"<p>{escape(text, quote=False)}</p>")
    parts += [f'<img alt="{escape(figure.alt)}">' for figure in problem.figures]
    if problem.choices:
        choices = zip(style.labels, problem.choices, strict=True)
        items = "".join(f"<li>{escape(label)} {said(spans)}</li>" for label, spans in choices)
        parts.append(f"<ul>{items}</ul>")
    return "\n".join(parts)


def _tex(problem: Problem, style: SheetStyle) -> str:
    def plain(text: str) -> str:
        return "".join(_TEX_SPECIAL.get(c, c) for c in text)

    def said(spans: Sequence[Span]) -> str:
        return "".join(
            (rf"\[{s.text}\]" if s.display else rf"\({s.text}\)")
            if s.is_formula
            else plain(s.text).replace("\n", "\\\\\n")
            for s in spans
        )

    def block(b: ProblemBlock) -> str:
        if b.kind == "code":
            return f"\\begin{{verbatim}}\n{b.spans[0].text}\n\\end{{verbatim}}"
        return said(b.spans)

    parts = _with_marks(problem, style, block, plain)
    if problem.choices:
        choices = zip(style.labels, problem.choices, strict=True)
        items = "\n".join(rf"\item[{plain(label)}] {said(spans)}" for label, spans in choices)
        parts.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    return "\n\n".join(parts)


def _with_marks(
    problem: Problem,
    style: SheetStyle,
    block: Callable[[ProblemBlock], str],
    paragraph: Callable[[str], str],
) -> list[str]:
    """The blocks in a notation, with the number before the text and the points after it."""
    blocks = list(problem.blocks)
    parts = list[str]()
    if style.number and style.inline_number and blocks[0].kind == "paragraph":
        blocks[0] = _around(blocks[0], f"{style.number} ", "")
    elif style.number:
        parts.append(paragraph(style.number))
    question = problem.question
    beside = blocks[question].kind in ("paragraph", "examples")
    if style.points and beside:
        blocks[question] = _around(blocks[question], "", f" {style.points}")
    for index, item in enumerate(blocks):
        parts.append(block(item))
        if style.points and index == question and not beside:
            parts.append(paragraph(style.points))
    return parts


def _around(block: ProblemBlock, before: str, after: str) -> ProblemBlock:
    spans = (Span(before), *block.spans, Span(after))
    return ProblemBlock(block.kind, tuple(s for s in spans if s.text))


def _record(problem: Problem, style: SheetStyle, layout: Layout) -> dict[str, object]:
    def said(spans: Sequence[Span]) -> list[dict[str, str]]:
        return [{"tex" if s.is_formula else "text": s.text} for s in spans]

    leaves = sorted(set(layout.line.parent.tolist()))
    return {
        "lang": problem.lang,
        "number": style.number,
        "points": style.points,
        "blocks": [{"kind": b.kind, "spans": said(b.spans)} for b in problem.blocks],
        "choices": [
            {"label": label, "spans": said(spans)}
            for label, spans in zip(style.labels, problem.choices, strict=True)
        ],
        "figures": [{"alt": figure.alt} for figure in problem.figures],
        "page": [{"kind": layout.block.kinds[k], "text": layout.block.labels[k]} for k in leaves],
    }


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("]", r"\]")
