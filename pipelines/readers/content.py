"""Which parts of a page are its content; the rest is navigation and page furniture.

Pages say it themselves: by landmarks (HTML 5 elements, ARIA roles), or, where
they have none, by the names they give to their furniture as `id` and `class`.

Extractors that guess from the text (link density, stop words) lose short lists,
and now and then a page: of the paragraphs of the scikit-learn documentation,
resiliparse's main content holds 68%, what is left here 95% (benchmarks/ingest.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from typing import Any

from resiliparse.parse.html import DocumentNode, ElementNode, Node

#: CSS selectors of what is never content, by what a page has that has such elements:
#: each selector costs time.
_FURNITURE = (
    ("", ("nav", "footer", "dialog", "template", "noscript", "iframe", "button", "select")),
    ("role=", [f"[role={r}]" for r in ("navigation", "contentinfo", "complementary", "search")]),
    ("role=", [f"[role={r}]" for r in ("banner", "menu", "menubar", "dialog")]),
    # What is not seen, and the signs that link to a heading.
    (" hidden", ("[hidden]",)),
    ("aria-hidden", ("[aria-hidden=true]",)),
    ("display:", ('[style*="display:none"]', '[style*="display: none"]')),
    ("visibility:", ('[style*="visibility:hidden"]', '[style*="visibility: hidden"]')),
    ("headerlink", (".headerlink",)),
)
#: Those that are none where they stand beside the content, not in it.
_BESIDE = ["aside", "body > header", "body > div > header"]
#: The element that holds the content where there is no <main>, the surest first, in the
#: same way.
_MAIN = (
    ("role=", "[role=main]"),
    ("articleBody", "[itemprop=articleBody]"),
)
#: Names of furniture, as words of an `id` or `class`.
_WORDS = (
    "nav|navbar|navigation|menu|menubar|sidebar|footer|breadcrumbs?|pagination|pager|toolbar|"
    "cookies?|consent|social|share|sharing|related[a-z]*|newsletter|subscribe|promo|advert|ads?|"
    "banner|popup|modal|masthead|toc|skip|search|headerlink|donate|donation|login|comments?|"
    "dropdowns?|treeview|bookmarks?"
)
_NAME = re.compile(rf"(?:^|[\s_-])(?i:{_WORDS})(?=[A-Z\s_-]|$)")
#: The share of a list's text that is links, above which it is a menu.
_MENU_SHARE = 0.8
#: What ends a CSS string, or an escape in it.
_NOT_IN_CSS = re.compile(r'["\\\n\r\f]')
_NAMES = re.compile(r"""\s(id|class)=(?:"([^"<>]*)"|'([^'<>]*)'|([\w-]+))""", re.I)


def keep_content(
    document: DocumentNode,
    body: ElementNode,
    page: str,
    elements: Mapping[str, Sequence[ElementNode]],
) -> list[str]:
    """Take out of the tree what stands beside the content.

    `elements` are, by name, the page's <main>, <article> and <form>.

    Returns selectors of what is still in it and is no content.
    """
    furniture = [s for sign, selectors in _FURNITURE if sign in page for s in selectors]
    main = _main(document, page, elements)
    if main is None:
        _drop_named(document, body, page)
        _drop_menus(document)
        _drop_forms(elements["form"], body)
        return furniture + _BESIDE
    inner: Node = main
    while inner != body and inner.parent is not None:
        siblings: list[Any] = inner.parent.child_nodes.values()
        for sibling in siblings:
            if sibling != inner:
                # Not decompose(): images and others in it are at hand.
                sibling.remove()
        inner = inner.parent
    _drop_forms(elements["form"], main)
    return furniture


def _main(
    document: DocumentNode, page: str, elements: Mapping[str, Sequence[ElementNode]]
) -> ElementNode | None:
    """The element that holds the content, where the page says which it is."""
    if elements["main"]:
        return elements["main"][0]
    for sign, selector in _MAIN:
        found = document.query_selector(selector) if sign in page else None
        if found is not None:
            return found
    articles = elements["article"]
    return articles[0] if len(articles) == 1 else None


def _drop_named(document: DocumentNode, body: ElementNode, page: str) -> None:
    """Take out elements whose name says that they are no content.

    One that holds most of the text is named after what is in it: "has-sidebar".
    """
    found = {(kind.lower(), a or b or c) for kind, a, b, c in _NAMES.findall(page)}
    named = sorted((kind, name) for kind, name in found if _NAME.search(name))
    if not named:
        return
    most = _letters(body) / 2
    selector = ", ".join(f'[{kind}="{_in_css(name)}"]' for kind, name in named)
    for element in document.query_selector_all(selector).values():
        if element != body and _letters(element) < most:
            element.remove()


def _drop_menus(document: DocumentNode) -> None:
    """Take out lists of links, which nothing says to be content."""
    for items in document.get_elements_by_tag_name("ul").values():
        links = items.get_elements_by_tag_name("a").values()
        linked = sum(map(_letters, links))
        if len(links) > 1 and linked > _MENU_SHARE * _letters(items):
            items.remove()


def _drop_forms(forms: Iterable[ElementNode], content: ElementNode) -> None:
    """Take out forms; of those that hold the content, as ASP.NET wraps a page, the fields."""
    for form in forms:
        if form.contains(content) or (content.contains(form) and _holds_most(form, content)):
            for field in form.get_elements_by_tag_name("textarea").values():
                field.remove()
        else:
            form.remove()


def _holds_most(form: ElementNode, content: ElementNode) -> bool:
    """Whether an article is in it, or half of the text."""
    article = form.query_selector("article") is not None
    return article or 2 * _letters(form) >= _letters(content)


def _in_css(value: str) -> str:
    """An attribute's value, from the page's text, as it is written in a CSS string."""
    value = unescape(value.replace("\r\n", "\n").replace("\r", "\n"))
    return _NOT_IN_CSS.sub(lambda m: f"\\{ord(m[0]):x} ", value)


def _letters(element: ElementNode) -> int:
    """Characters of its text but for white space."""
    return len("".join((element.text or "").split()))
