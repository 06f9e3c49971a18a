"""Small pages for tests."""

from __future__ import annotations

from renderers import Page

#: Fonts that `scripts/setup` makes sure of.
FONT = '"Noto Sans CJK KR"'


def page(body: str, css: str = "", **changes) -> Page:
    """A page of 400 CSS pixels at scale 1, without margins."""
    html = (
        f"<!doctype html><html><head><style>* {{ margin: 0; box-sizing: border-box }}"
        f"body {{ width: 400px; padding: 10px; background: #fff; color: #111; "
        f"font: 20px/1.5 {FONT} }} {css}</style></head><body>{body}</body></html>"
    )
    return Page(html, **{"width": 400, "height": None, "scale": 1.0, "lang": "ko", **changes})
