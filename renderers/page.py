"""What the browser is given to draw.

The HTML is ours: a template filled with escaped content. What the templates
hold themselves to, so that every drawn character is measured:

- An element that is one block of ground truth says so by `data-block`, one of
  `BLOCKS`. Blocks nest: a `cell` is in a `table`. Text in no block makes a
  `text` block of the element that holds it.
- A formula is an empty `<span data-tex="…">`, with `data-display` if it stands
  on its own line; KaTeX fills it in the page.
- The reading order is that of the DOM. `data-order`, a number, 0 where it is not
  given, moves an element and all that is in it, as `order` does in CSS.
- List markers, quotation marks and whatever else is drawn as text are real text:
  pseudo-elements, counters, automatic hyphens, ellipses, `text-transform` and
  form controls are switched off, so that nothing is drawn that is not measured.
- Text runs horizontally. Right-to-left text is measured, and refused by
  `checks` until a theme supports it.
- Pictures are `data:` URLs or inline SVG.
"""

from __future__ import annotations

from dataclasses import dataclass

#: What a block of ground truth can be.
BLOCKS = (
    "title", "heading", "paragraph", "list_item", "choice", "table", "cell", "caption", "code",
    "equation", "figure", "footnote", "header", "footer", "page_number", "stamp", "form_field",
    "quote", "text",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A whole HTML document, and the size to draw it in."""

    html: str
    #: CSS pixels.
    width: int
    #: CSS pixels; None is as high as the content.
    height: int | None = None
    #: Pixels of the picture a CSS pixel.
    scale: float = 2.0
    #: ISO 639-1, for the division into words and the fonts' regional forms.
    lang: str = "ko"
