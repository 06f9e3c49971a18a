"""Which parts of a page are its content; the rest is navigation and page furniture.

Pages say it themselves: by landmarks (HTML 5 elements, ARIA roles), or, where
they have none, by the names they give to their furniture as `id` and `class`.

Extractors that guess from the text (link density, stop words) lose short lists,
and now and then a page: of the paragraphs of the scikit-learn documentation,
resiliparse's main content holds 68%, what is left here 95% (benchmarks/ingest.py).
"""

from __future__ import annotations

import re

from resiliparse.parse.html import DocumentNode, ElementNode, Node

#: CSS selectors of what is never content, by what a page has that has such elements:
#: each selector costs time.
_FURNITURE = (
    ("", ("nav", "footer", "dialog", "template", "form", "noscript", "iframe", "button", "select")),
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
#: The element that holds the content, the surest first, in the same way.
_MAIN = (
    ("<main", "main"),
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
_NAMES = re.compile(r"""\s(id|class)=(?:"([^"<>]*)"|'([^"'<>]*)'|([\w-]+))""", re.I)


def keep_content(document: DocumentNode, body: ElementNode, page: str) -> list[str]:
    """Take out of the tree what stands beside the content.

    Returns selectors of what is still in it and is no content.
    """
    furniture = [s for sign, selectors in _FURNITURE if sign in page for s in selectors]
    main = _main(document, page)
    if main is None:
        _drop_named(document, body, page)
        _drop_menus(document)
        return furniture + _BESIDE
    inner: Node = main
    while inner != body and inner.parent is not None:
        for sibling in inner.parent.child_nodes.values():
            if sibling != inner:
                sibling.decompose()
        inner = inner.parent
    return furniture


def _main(document: DocumentNode, page: str) -> ElementNode | None:
    """The element that holds the content, where the page says which it is."""
    for sign, selector in _MAIN:
        found = document.query_selector(selector) if sign in page else None
        if found is not None:
            return found
    articles = document.get_elements_by_tag_name("article").values()
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
    selector = ", ".join(f'[{kind}="{name}"]' for kind, name in named)
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


def _letters(element: ElementNode) -> int:
    """Characters of its text but for white space."""
    return len("".join((element.text or "").split()))
