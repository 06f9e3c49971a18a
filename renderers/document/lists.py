"""Flat list items as the trees that HTML and Markdown have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from renderers.document.model import Block, Item, Paragraph


@dataclass
class Branch:
    """An item, and what stands inside it: paragraphs and lists."""

    item: Item
    inner: list[Paragraph | list[Branch]] = field(default_factory=list)


def group(blocks: Iterable[Block]) -> list[Block | list[Branch]]:
    """Blocks in their order, with each list as the branches of its items.

    A list ends where something else stands, where the kind of its numbers
    changes, or where they do not go on by one. An item deeper than its list
    allows, as at the head of a page, counts as the deepest allowed.
    """
    entries: list[Block | list[Branch]] = []
    path: list[Branch] = []
    for block in blocks:
        if isinstance(block, Item):
            depth = min(block.depth, len(path))
            home = path[depth - 1].inner if depth else entries
            branch = Branch(block)
            last = home[-1] if home else None
            if depth < len(path) and isinstance(last, list) and follows(last[-1].item, block):
                last.append(branch)
            else:
                home.append([branch])
            path[depth:] = [branch]
        elif isinstance(block, Paragraph) and block.depth and path:
            del path[block.depth :]
            path[-1].inner.append(block)
        else:
            path.clear()
            entries.append(block)
    return entries


def follows(before: Item, item: Item) -> bool:
    """Whether `item` is the next one of the list of `before`."""
    if item.number is None or before.number is None:
        return item.number is before.number
    return item.numbering == before.numbering and item.number == before.number + 1
