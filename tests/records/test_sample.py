from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from records import (
    REFUSED_SCHEMA,
    SAMPLE_SCHEMA,
    ImageRef,
    Part,
    Region,
    Sample,
    Source,
    from_batch,
    sample_id,
    scores,
    set_scores,
    texts,
    to_batch,
)

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
MAYBE = st.none() | TEXT
IMAGES = st.builds(
    ImageRef, TEXT, TEXT, st.integers(0, 2**40), st.integers(0, 2**40), TEXT,
    st.integers(0, 2**30), st.integers(0, 2**30), MAYBE,
)  # fmt: skip
REGIONS = st.builds(
    Region, st.integers(0, 9), TEXT, TEXT, st.tuples(*[st.integers(0, 1000)] * 4), st.just(0.5)
)
SAMPLES = st.builds(
    Sample,
    id=TEXT,
    bucket=TEXT,
    lang=MAYBE,
    parts=st.lists(
        st.builds(Part, st.sampled_from(["text", "image"]), MAYBE, st.none(), MAYBE), max_size=4
    ).map(tuple),
    images=st.lists(IMAGES, max_size=2).map(tuple),
    regions=st.lists(REGIONS, max_size=2).map(tuple),
    targets=st.dictionaries(TEXT, TEXT, max_size=3),
    scores=st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=3),
    source=st.builds(Source, TEXT, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE),
    lineage=st.lists(TEXT, max_size=2).map(tuple),
)


@given(st.lists(SAMPLES, max_size=4))
def test_samples_survive_arrow(samples):
    batch = to_batch(samples)
    assert batch.schema.equals(SAMPLE_SCHEMA)
    assert list(from_batch(batch)) == samples


@given(st.lists(SAMPLES, max_size=6), st.integers(0, 3))
def test_texts_of_a_batch_are_the_texts_of_its_samples(samples, start):
    batch = to_batch(samples).slice(start)
    assert texts(batch).to_pylist() == [s.text for s in samples[start:]]


@given(st.lists(SAMPLES, max_size=6), st.integers(0, 3), TEXT)
def test_scores_of_a_batch_are_the_scores_of_its_samples(samples, start, name):
    given = [s.replace(scores={**s.scores, name: i}) for i, s in enumerate(samples) if i != 1]
    batch = to_batch([*given, *samples[1:2]]).slice(start)
    expected = [s.scores.get(name, np.nan) for s in [*given, *samples[1:2]][start:]]
    assert np.array_equal(scores(batch, name), expected, equal_nan=True)


@given(st.lists(SAMPLES, max_size=6), st.integers(0, 3), st.lists(TEXT, max_size=3))
def test_setting_scores_of_a_batch_is_setting_them_in_each_sample(samples, start, names):
    rows = samples[start:]
    values = {
        name: np.array([np.nan if (i + k) % 3 == 0 else float(i) for i in range(len(rows))])
        for k, name in enumerate(names)
    }
    expected = [
        s.replace(
            scores={k: v for k, v in s.scores.items() if k not in values}
            | {name: given[i] for name, given in values.items() if not np.isnan(given[i])}
        )
        for i, s in enumerate(rows)
    ]
    found = set_scores(to_batch(samples).slice(start), values)
    assert found.equals(to_batch(expected))


def test_refused_rows_are_samples_with_a_reason():
    assert REFUSED_SCHEMA.names[: len(SAMPLE_SCHEMA)] == SAMPLE_SCHEMA.names
    assert REFUSED_SCHEMA.names[len(SAMPLE_SCHEMA) :] == ["reason", "score", "threshold", "detail"]


def test_the_id_depends_on_content_place_and_parent():
    parts = (Part("text", text="a"),)
    variants = [
        sample_id(Source("d", "u"), parts, []),
        sample_id(Source("d", "v"), parts, []),
        sample_id(Source("d", "u", parent="p"), parts, []),
        sample_id(Source("d", "u"), (Part("text", text="b"),), []),
        sample_id(Source("d", "u"), (Part("text", text="a", role="user"),), []),
    ]
    assert len(set(variants)) == len(variants)
    assert sample_id(Source("d", "u", license="MIT"), parts, []) == variants[0]
