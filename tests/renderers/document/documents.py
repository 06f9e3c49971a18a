"""Hypothesis strategies for documents."""

from __future__ import annotations

from hypothesis import strategies as st

from renderers.document import (
    Break,
    Cell,
    Code,
    Document,
    Equation,
    Heading,
    Item,
    KeyValue,
    Math,
    Paragraph,
    Quote,
    Table,
    Text,
)

#: Letters, and every sign that Markdown or HTML could take for its own.
SIGNS = "ab가나 12.)*_`#+-=~|<>&[]!\\$:\"'“”()^"
words = st.text(SIGNS, min_size=1, max_size=12)
texts = st.builds(Text, words, bold=st.booleans(), italic=st.booleans(), code=st.booleans())
formulas = st.builds(Math, st.sampled_from(["x", "a+b", r"\frac{1}{2}", "a<b"]))
runs = st.lists(
    st.one_of(texts, texts, texts, formulas, st.just(Break())), min_size=1, max_size=5
).map(tuple)
said = runs.filter(lambda content: any(isinstance(r, Text) and r.text.strip() for r in content))
in_headings = (
    st.lists(texts, min_size=1, max_size=3)
    .map(tuple)
    .filter(lambda content: any(r.text.strip() for r in content))
)


@st.composite
def tables(draw):
    """Any grid, cut into spans by joining free places."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    taken = [[False] * columns for _ in range(rows)]
    lines = []
    for row in range(rows):
        line = []
        for column in range(columns):
            if taken[row][column]:
                continue
            wide = draw(st.integers(1, 2))
            while column + wide > columns or any(taken[row][column : column + wide]):
                wide -= 1
            tall = draw(st.integers(1, 2)) if row + 1 < rows else 1
            for below in range(row, row + tall):
                taken[below][column : column + wide] = [True] * wide
            line.append(Cell(draw(runs), draw(st.booleans()), rowspan=tall, colspan=wide))
        lines.append(tuple(line))
    head = draw(st.integers(0, 1))
    return Table(tuple(lines), head=head, caption=draw(st.one_of(st.just(()), said)))


@st.composite
def lists(draw):
    items, depth = [], -1
    for _ in range(draw(st.integers(1, 6))):
        depth = draw(st.integers(0, min(depth + 1, 3)))
        number = draw(st.one_of(st.none(), st.integers(1, 14)))
        numbering = draw(st.sampled_from(["decimal", "hangul", "circled"]))
        items.append(Item(draw(said), depth, number, numbering))
        if draw(st.integers(0, 4)) == 0:
            items.append(Paragraph(draw(said), depth=depth + 1))
    return tuple(items)


blocks = st.one_of(
    st.builds(Heading, st.integers(1, 6), in_headings).map(lambda b: (b,)),
    st.builds(Paragraph, said).map(lambda b: (b,)),
    lists(),
    tables().map(lambda b: (b,)),
    st.builds(Code, st.text(SIGNS + "\n", min_size=1)).map(lambda b: (b,)),
    st.builds(Equation, st.sampled_from(["x^2", "a & b"])).map(lambda b: (b,)),
    st.builds(Quote, said).map(lambda b: (b,)),
    st.builds(KeyValue, st.lists(st.tuples(said, said), min_size=1, max_size=3).map(tuple)).map(
        lambda b: (b,)
    ),
)
documents = st.lists(blocks, min_size=1, max_size=6).map(
    lambda groups: Document("report", "ko", tuple(b for group in groups for b in group))
)
