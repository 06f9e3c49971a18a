"""Formulas of a page as TeX, where the page has it.

    MathML (KaTeX, MathJax 3, LaTeXML, Wikipedia)   its TeX annotation
    <script type="math/tex">  (MathJax 2)           its text
    class="math" with \\(…\\) or \\[…\\]  (Sphinx, Pandoc)   its text
    images of formulas  (Sphinx imgmath, Wikipedia)   their alt text

The TeX is kept to the byte, but for white space at its ends. MathML without
TeX stays the text that it is. Works on the page's text, before it is parsed:
none of these elements holds another of its kind.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from pipelines.readers.marks import DISPLAY, INLINE, mark

_NUMBER = r'(?:<span\s[^<>]*class="eqno[^<>]*>(?:(?!</?span\b).)*</span>)?'
_REST_OF_TAG = r"""(?:[^<>"']|"[^"]*+"|'[^']*+')*+>"""
_FORMULA = re.compile(
    rf"""<(?:
      math\b(?P<math>[^<>]*)>(?P<content>(?:(?!</?math\b).)*)</math>
    | script\s[^<>]*type=["']?math/tex(?P<mode>[^<>]*)>(?P<script>(?:(?!</?script\b).)*)</script>
    | (?P<tag>span|div)\s[^<>]*class="math\b[^<>]*>\s*(?P<number>{_NUMBER})\s*
      \\(?P<open>[(\[])(?P<text>[^<]*)\\[)\]]\s*</(?P=tag)>
    | div\s[^<>]*class="math\b[^<>]*>\s*<p>\s*(?P<imagenumber>{_NUMBER})\s*
      (?P<display><img\s{_REST_OF_TAG})\s*</p>\s*</div>
    | (?P<image>img\s{_REST_OF_TAG})
    )""",
    re.X | re.S,
)
#: Wikipedia shows an image and hides the MathML.
_HIDDEN = re.compile(r"<span\s[^<>]*mwe-math-mathml[^<>]*>")
_ANNOTATION = re.compile(
    r"<annotation\b[^<>]*encoding=[\"'](?:application/x-(?:la)?tex|(?:La)?TeX)[\"'][^<>]*>"
    r"([^<]*)</annotation>",
    re.I,
)
#: What MathML holds beside the formula that a reader sees.
_ANNOTATIONS = re.compile(r"<(annotation(?:-xml)?)\b[^<>]*>(?:(?!</?annotation).)*</\1>", re.S)
_BLOCK = re.compile(r"(?:display=[\"']?block|mode=[\"']?display)")
_IMAGE_CLASS = re.compile(r'\bclass="(?:[^"]*\s)?(?:math\b|mwe-math-fallback-image)')
_ALT = re.compile(r"\balt=(?:\"([^\"]*)\"|'([^']*)')")
#: Kramdown writes scripts that are also XML.
_CDATA = re.compile(r"^\s*%?\s*<!\[CDATA\[|%?\s*\]\]>\s*$")

#: What MathJax 2 draws beside the script with the TeX.
DRAWN = (".MathJax_Preview", "span.MathJax", ".MathJax_Display", ".MathJax_SVG", ".mjx-chtml")


@dataclass(frozen=True)
class Formula:
    """TeX, and whether it stands on a line of its own."""

    tex: str
    display: bool

    def __str__(self) -> str:
        return f"$${self.tex}$$" if self.display else f"${self.tex}$"


def mark_formulas(page: str) -> tuple[str, list[Formula]]:
    """The page with a mark in place of each formula, and the formulas."""
    if not (
        "<math" in page or "math/tex" in page or 'class="math' in page or "fallback-image" in page
    ):
        return page, []
    page = _HIDDEN.sub("<span>", page)
    marker = _Marker(page)
    return _FORMULA.sub(marker.replace, page), marker.found


class _Marker:
    """Replaces formulas in the order of the page."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.found: list[Formula] = []
        #: Where the last MathML ended.
        self._mathml_end = -1

    def replace(self, match: re.Match[str]) -> str:
        if match["content"] is not None:
            return self._mathml(match)
        if match["script"] is not None:
            tex = _CDATA.sub("", match["script"])
            return self._mark(tex, "display" in match["mode"], match)
        if match["text"] is not None:
            display = match["open"] == "["
            return self._mark(html.unescape(match["text"]), display, match, match["number"])
        return self._image(match)

    def _mathml(self, match: re.Match[str]) -> str:
        annotation = _ANNOTATION.search(match["content"])
        if annotation is None:
            return _ANNOTATIONS.sub("", match[0])
        self._mathml_end = match.end()
        return self._mark(html.unescape(annotation[1]), bool(_BLOCK.search(match["math"])), match)

    def _image(self, match: re.Match[str]) -> str:
        if match["image"] and not _IMAGE_CLASS.search(match["image"]):
            return match[0]
        alt = _ALT.search(match["display"] or match["image"])
        tex = html.unescape(alt[1] or alt[2] or "") if alt else ""
        twin = bool(self.found) and tex.strip() == self.found[-1].tex
        if twin and not _has_text(self.page, self._mathml_end, match.start()):
            return ""
        display = match["display"] is not None or "fallback-image-display" in match[0]
        return self._mark(tex, display, match, match["imagenumber"])

    def _mark(
        self, tex: str, display: bool, match: re.Match[str], number: str | None = None
    ) -> str:
        tex = tex.strip()
        if not tex:
            return match[0]
        self.found.append(Formula(tex, display))
        text = mark(DISPLAY if display else INLINE, len(self.found) - 1)
        # Block elements that must not run into the text around them.
        block = match[0].startswith("<div")
        return f"<div>{text} {number or ''}</div>" if block else text


def _has_text(page: str, start: int, end: int) -> bool:
    """Whether there is more than tags between two places; also where they are far apart."""
    gap = page[start:end] if start >= 0 and end - start < 1000 else "text"
    return bool(re.sub(r"<[^<>]*>", "", gap).strip())
