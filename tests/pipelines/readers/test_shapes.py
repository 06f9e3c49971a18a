from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.readers import BadInput, RawImage
from pipelines.readers.shapes import Shape, grounding_draft
from records import denormalise
from tests.pipelines.readers.annotated import counts, regions


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(1, 5000), st.integers(1, 5000))
def test_every_box_comes_back_within_half_a_grid_step(data, width, height):
    """Or one and a half where it was thinner than one, and had to be widened."""
    x1, y1 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x2, y2 = data.draw(st.integers(x1 + 1, width)), data.draw(st.integers(y1 + 1, height))
    draft = grounding_draft(
        RawImage(b"", "png", width, height), [Shape("a", (x1, y1, x2, y2))], "r"
    )
    back = denormalise([regions(draft)[0]["box"]], width, height)[0]
    step = np.array([width, height] * 2) / 1000
    thin = np.array([x2 - x1, y2 - y1] * 2) < step
    limit = np.where(thin, 1.5, 0.5) * step
    assert (np.abs(back - [x1, y1, x2, y2]) <= limit + 1e-9).all()


def test_a_polygon_is_cut_at_the_border_and_its_box_with_it():
    # A square standing on its corner, half of it left of the picture.
    diamond = Shape.of_polygon("a", [0, 0, 50, 50, 0, 100, -50, 50])
    draft = grounding_draft(RawImage(b"", "png", 100, 100), [diamond], "r")
    (region,) = regions(draft)
    assert region["box"] == [0, 0, 500, 1000]
    corners = list(zip(region["polygon"][0::2], region["polygon"][1::2], strict=True))
    assert set(corners) == {(0, 0), (500, 500), (0, 1000)}
    # The part of a tilted bar inside is narrower than the part of its box inside.
    bar = Shape.of_polygon("a", [10, 90, 20, 80, 60, 180, 50, 190])
    (region,) = regions(grounding_draft(RawImage(b"", "png", 100, 100), [bar], "r"))
    assert region["box"] == [100, 800, 280, 1000]


def test_a_polygon_whose_box_alone_touches_the_picture_is_outside():
    corner = Shape.of_polygon("a", [-50, 20, 20, -50, -50, -50])
    whole = Shape("b", (0, 0, 9, 9))
    draft = grounding_draft(RawImage(b"", "png", 100, 100), [corner, whole], "r")
    assert [f.reason for f in draft.lacks] == ["box_outside_image"]


def test_a_picture_that_lost_all_its_shapes_is_not_one_without_any():
    outside = Shape("a", (200, 0, 300, 50))
    with pytest.raises(BadInput, match="no_region_left"):
        grounding_draft(RawImage(b"", "png", 100, 100), [outside], "r")
    assert counts(grounding_draft(RawImage(b"", "png", 100, 100), [], "r")) == {}


def test_what_goes_on_outside_is_truncated():
    shapes = [Shape("a", (50, 0, 100.5, 50)), Shape("a", (50, 0, 120, 50), ("difficult",))]
    draft = grounding_draft(RawImage(b"", "png", 100, 100), shapes, "r")
    assert [r["flags"] for r in regions(draft)] == [[], ["difficult", "truncated"]]
    assert [r["box"] for r in regions(draft)] == [[500, 0, 1000, 500]] * 2


def test_a_shape_without_a_label_costs_the_counts():
    shapes = [Shape("a", (0, 0, 5, 5)), Shape(" ", (0, 0, 5, 5))]
    draft = grounding_draft(RawImage(b"", "png", 100, 100), shapes, "r")
    assert [f.reason for f in draft.lacks] == ["no_label"]
    assert counts(draft) == {}
    assert len(regions(draft)) == 1
