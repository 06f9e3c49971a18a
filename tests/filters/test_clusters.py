"""Components, by all edges and by stars, against a plain union-find."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from filters import components, large_star, small_star

EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda e: e[0] != e[1]))


def reference(edges):
    """Each node's smallest relative."""
    parent = {}

    def find(x):
        parent.setdefault(x, x)
        while parent[x] != x:
            x = parent[x]
        return x

    for a, b in edges:
        a, b = sorted((find(a), find(b)))
        parent[b] = a
    return {node: find(node) for node in sorted(parent)}


def columns(edges):
    table = np.array(edges, np.uint64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def found(nodes, roots):
    return dict(zip(nodes.tolist(), roots.tolist(), strict=True))


@given(EDGES)
def test_components_are_those_of_a_plain_union_find(edges):
    assert found(*components(*columns(edges))) == reference(edges)


def test_a_long_chain_is_one_component():
    chain = np.random.default_rng(0).permutation(100_000).astype(np.uint64)
    nodes, roots = components(chain[:-1], chain[1:])
    assert len(nodes) == 100_000
    assert not roots.any()


@given(EDGES, st.integers(1, 4))
def test_stars_in_turn_settle_on_the_same_components(edges, parts):
    """Nodes are dealt to some workers, of which each sees the edges of its own."""
    a, b = columns(edges)
    one, other = np.concatenate([a, b]), np.concatenate([b, a])
    for _ in range(20):
        one, other, changed = dealt(large_star, one, other, parts)
        one, other, changed_too = dealt(small_star, one, other, parts)
        pairs = np.unique(np.stack([one, other]), axis=1)
        if not changed + changed_too:
            break
        one, other = np.concatenate([pairs, pairs[::-1]], axis=1)
    roots = found(*pairs)
    roots |= {root: root for root in set(roots.values())}
    assert dict(sorted(roots.items())) == reference(edges)


def dealt(star, one, other, parts):
    results = [star(one[one % parts == p], other[one % parts == p]) for p in range(parts)]
    return (
        np.concatenate([r[0] for r in results]),
        np.concatenate([r[1] for r in results]),
        sum(r[2] for r in results),
    )


def test_no_edges_have_no_components():
    nothing = np.zeros(0, np.uint64)
    assert [len(found) for found in components(nothing, nothing)] == [0, 0]
    assert large_star(nothing, nothing)[2] == small_star(nothing, nothing)[2] == 0
