r"""A text problem as a value: its blocks, formulas, choices and figures.

TeX stands between `$…$`, `\(…\)` (inline) or `$$…$$`, `\[…\]` (on a line of
its own), or in an environment that needs none of them, as `align*`. A `$` is
money where it opens no formula by pandoc's rule (`tex_math_dollars`: the
opening `$` has no space after it, the closing one no space before and no digit
after it), or where what it would close reads as prose. `\$` is always money.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from renderers.errors import Refused
from renderers.sheet.figures import Figure, is_mentioned, is_table_mentioned

#: Languages that sheets are written in, and the one that stands in for others.
LANGUAGES = ("ko", "en", "es", "de", "ja", "vi")
DEFAULT_LANGUAGE = "en"
#: Characters of a problem with its choices. Longer ones do not fit one legible sheet.
MAX_CHARACTERS = 6000
#: Choices of a problem, as many as there are labels.
MAX_CHOICES = 10

#: Environments that are formulas without delimiters around them.
_ENVIRONMENTS = "align|aligned|equation|gather|gathered|multline|eqnarray|cases|array"
_FORMULA = re.compile(
    rf"""
    (?P<escaped>\\\$)
  | \$\$ (?P<display> (?:[^$\\]|\\.)+? ) \$\$
  | \\\[ (?P<bracket> .+? ) \\\]
  | \\\( (?P<paren> .+? ) \\\)
  | (?P<environment> \\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}} .+? \\end\{{(?P=name)\}} )
  | (?<![\\$]) \$ (?P<inline> (?! [\s$] ) (?: [^$\\\n] | \\. | \n (?!\s*\n) )+? (?<! \s ) )
    \$ (?! \d )
    """,
    re.X | re.S,
)
#: Two words in a row, which no formula has outside of \text{}.
_PROSE = re.compile(r"[A-Za-z]{2,}[,;]?\s+[A-Za-z]{2,}|[A-Za-z]{3,}\s|[가-힣ぁ-んァ-ヶ]")
_IN_TEX_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|textit|operatorname)\s*\{[^{}]*\}")
#: What tells that a text is TeX, although it is not in a formula.
_STRAY = re.compile(
    r"\\(?:frac|dfrac|tfrac|sqrt|sum|int|cdot|times|div|left|right|begin|end|text(?:bf|it)?|"
    r"mathrm|mathbb|mathbf|pi|theta|alpha|beta|leq?|geq?|neq?|infty|overline|angle|triangle|"
    r"circ|log|sin|cos|tan|lim|pmod|binom|ldots|dots|quad|item|emph|boxed|ce)(?![A-Za-z])"
    r"|\\[\[\]()]|\$\$|(?<!\\)\$(?=[A-Za-z\\{(])"
)
#: Columns made of spaces, which a proportional face would not keep.
_ALIGNED = re.compile(r"^[ \t]+\S|\S(?:\t| {2,})\S", re.M)
_EXAMPLES = re.compile(r"[<〈＜\[] ?보 ?기 ?[>〉＞\]] *\n")
_FENCE = re.compile(r"^```[^\n`]*\n(.*?)^```[ \t]*$", re.M | re.S)


@dataclass(frozen=True)
class Span:
    """A run of text, or one formula."""

    text: str
    #: None for text; else whether the formula stands on its own line.
    display: bool | None = None

    @property
    def is_formula(self) -> bool:
        return self.display is not None


@dataclass(frozen=True)
class ProblemBlock:
    """A paragraph, a displayed equation (one span), or code, whose spaces count.

    `examples` is the 보기 of Korean exams: statements in a box that choices name.
    """

    #: `paragraph`, `equation`, `code`, `examples`.
    kind: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Problem:
    """A problem as it will be printed. Made by `parse_problem`."""

    blocks: tuple[ProblemBlock, ...]
    choices: tuple[tuple[Span, ...], ...] = ()
    figures: tuple[Figure, ...] = ()
    #: One of LANGUAGES.
    lang: str = DEFAULT_LANGUAGE
    #: What it is about, as a key of `words.SUBJECTS`.
    subject: str = "general"
    #: What it is worth, where that is printed.
    points: int | None = None

    @property
    def question(self) -> int:
        """The index of the block that points are printed after: what asks, before any 보기."""
        asking = [k for k, b in enumerate(self.blocks) if b.kind != "examples"]
        return asking[-1] if asking else len(self.blocks) - 1

    @property
    def spans(self) -> tuple[Span, ...]:
        """Everything that is said, in reading order."""
        body = [span for block in self.blocks for span in block.spans]
        return (*body, *(span for choice in self.choices for span in choice))

    @property
    def characters(self) -> str:
        """The characters that the text's own font must have: all outside of formulas."""
        return "".join(span.text for span in self.spans if not span.is_formula)


def parse_problem(
    text: str,
    choices: Sequence[str] = (),
    *,
    lang: str = DEFAULT_LANGUAGE,
    figures: Sequence[Figure] = (),
    subject: str = "general",
    points: int | None = None,
) -> Problem:
    """The problem that `text` and `choices` (without labels of their own) say.

    Paragraphs are parted by empty lines; single line breaks are kept. A
    language that is not one of LANGUAGES gets the headings of English.

    Raises Refused: no_text, too_long, too_many_choices, tex_error (a formula
    that is not closed, TeX outside of formulas; what KaTeX does not
    understand is found when it is drawn), figure_missing.
    """
    body = _clean(text)
    options = [_clean(choice) for choice in choices]
    length = len(body) + sum(map(len, options))
    if not body or not all(options):
        raise Refused("no_text")
    if length > MAX_CHARACTERS:
        raise Refused("too_long", f"{length} characters")
    if len(options) > MAX_CHOICES:
        raise Refused("too_many_choices", f"{len(options)} choices")
    said = "\n".join([body, *options])
    if not figures and (mention := is_mentioned(said)):
        raise Refused("figure_missing", mention)
    if not figures and (mention := is_table_mentioned(said)):
        raise Refused("figure_missing", mention)
    return Problem(
        blocks=tuple(_blocks(body)),
        choices=tuple(_inline(option) for option in options),
        figures=tuple(figures),
        lang=lang if lang in LANGUAGES else DEFAULT_LANGUAGE,
        subject=subject,
        points=points,
    )


def parse_spans(text: str) -> tuple[Span, ...]:
    """Text and formulas in turn. Raises Refused(tex_error)."""
    spans, at, pending = list[Span](), 0, ""
    for found in _FORMULA.finditer(text):
        if found["inline"] is not None and _is_prose(found["inline"]):
            continue
        pending += text[at : found.start()]
        at = found.end()
        if found["escaped"]:
            pending += "\\$"
            continue
        if pending:
            spans.append(_plain(pending))
            pending = ""
        inline = found["inline"] or found["paren"]
        tex = inline or found["display"] or found["bracket"] or found["environment"]
        spans.append(Span(tex.strip(), inline is None))
    if pending or text[at:]:
        spans.append(_plain(pending + text[at:]))
    return tuple(spans)


def _plain(text: str) -> Span:
    if stray := _STRAY.search(text):
        raise Refused("tex_error", f"outside of a formula: {text[stray.start() :][:60]}")
    return Span(text.replace("\\$", "$"))


def _is_prose(tex: str) -> bool:
    return bool(_PROSE.search(_IN_TEX_TEXT.sub("", tex))) and not re.search(r"\\[a-z]|[\^_=]", tex)


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[ \t]+$", "", text, flags=re.M).strip("\n").rstrip()


def _blocks(text: str) -> list[ProblemBlock]:
    blocks, at = list[ProblemBlock](), 0
    for fence in _FENCE.finditer(text):
        blocks += _paragraphs(text[at : fence.start()])
        blocks.append(ProblemBlock("code", (Span(fence[1].rstrip("\n")),)))
        at = fence.end()
    return blocks + _paragraphs(text[at:])


def _paragraphs(text: str) -> list[ProblemBlock]:
    blocks, paragraph = list[ProblemBlock](), list[Span]()

    def close() -> None:
        said = _trimmed(paragraph)
        if said:
            aligned = len(said) == 1 and not said[0].is_formula and _ALIGNED.search(said[0].text)
            examples = not said[0].is_formula and _EXAMPLES.match(said[0].text)
            kind = "examples" if examples else "code" if aligned else "paragraph"
            blocks.append(ProblemBlock(kind, tuple(said)))
        paragraph.clear()

    for span in parse_spans(text):
        if span.display:
            close()
            blocks.append(ProblemBlock("equation", (span,)))
            continue
        if span.is_formula:
            paragraph.append(span)
            continue
        first, *others = re.split(r"\n(?:[ \t]*\n)+", span.text)
        paragraph.append(Span(first))
        for other in others:
            close()
            paragraph.append(Span(other))
    close()
    return blocks


def _trimmed(spans: list[Span]) -> list[Span]:
    """Without line breaks and spaces around; indents of the first line are kept."""
    kept = list(spans)
    while kept and not kept[0].is_formula and not kept[0].text.strip():
        kept.pop(0)
    while kept and not kept[-1].is_formula and not kept[-1].text.strip():
        kept.pop()
    if kept and not kept[0].is_formula:
        text = kept[0].text.lstrip("\n")
        kept[0] = Span(text if "\n" in text else text.lstrip())
    if kept and not kept[-1].is_formula:
        kept[-1] = Span(kept[-1].text.rstrip())
    return kept


def _inline(text: str) -> tuple[Span, ...]:
    """A choice: its formulas stand in its line."""
    spans = _trimmed(list(parse_spans(text)))
    return tuple(Span(s.text, False) if s.is_formula else s for s in spans)
