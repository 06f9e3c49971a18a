from __future__ import annotations

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
