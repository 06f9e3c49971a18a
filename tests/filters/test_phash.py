"""Perceptual hashes: copies meet, and plots that only look alike do not."""

from __future__ import annotations

import io
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filters import (
    BANDS,
    HASH_BITS,
    MAX_DIFFERENCE,
    MAX_DISTANCE,
    differences,
    hamming,
    hash_words,
    near_hashes,
    perceptual_hashes,
    thumbnails,
)
from pipelines.judge_images import read_view
from tests.pipelines.readers import packages

hashes = st.integers(0, 2**HASH_BITS - 1).map(lambda n: f"{n:064x}")


def load(path):
    with Image.open(path) as picture:
        picture.thumbnail((1024, 1024))
        return view(picture.convert("RGB"), "PNG")


def view(picture, encoding, **options):
    file = io.BytesIO()
    picture.save(file, encoding, **options)
    return read_view(file.getvalue(), 100_000_000)


def copies(original):
    picture = Image.fromarray(original)
    width, height = picture.size
    half = picture.resize((width // 2, height // 2), Image.Resampling.LANCZOS)
    return [
        view(picture, "JPEG", quality=75),
        view(picture, "WEBP", quality=50),
        view(half, "PNG"),
        view(half, "JPEG", quality=85),
    ]


def words(views):
    found = perceptual_hashes(thumbnails(views))
    assert all(found)
    return hash_words(found)


@cache
def photos():
    root = packages.debian("lomiri-wallpapers-16.04") / "usr/share/backgrounds"
    return [load(path) for path in sorted(root.glob("*.jpg"))[:8]]


@pytest.fixture(scope="module")
def plots(samples):
    """Plots of one gallery: the same axes, fonts and colours."""
    root = samples / "scikit-learn" / "_images"
    names = ("plot_nearest_centroid", "plot_classification", "plot_gpr_prior_posterior",
             "plot_cv_indices", "plot_agglomerative_clustering_metrics")  # fmt: skip
    return [load(p) for name in names for p in sorted(root.glob(f"sphx_glr_{name}_0*.png"))]


@given(st.lists(st.tuples(hashes, hashes), min_size=1, max_size=20))
def test_the_distance_is_the_number_of_bits_that_differ(pairs):
    one, two = (hash_words(side) for side in zip(*pairs, strict=True))
    assert hamming(one, two).tolist() == [(int(a, 16) ^ int(b, 16)).bit_count() for a, b in pairs]


@given(hashes, st.sets(st.integers(0, HASH_BITS - 1), max_size=BANDS - 1))
def test_fewer_changed_bits_than_bands_leave_a_band_whole(text, places):
    changed = int(text, 16)
    for place in places:
        changed ^= 1 << place
    one, two = hash_words([text, f"{changed:064x}"])
    assert hamming(one, two) == len(places)
    assert (one == two).any()


def test_copies_meet_in_a_band(plots):
    groups = [words([original, *copies(original)]) for original in (*photos(), *plots)]
    pairs = [(a, b) for group in groups for a, b in combinations(group, 2)]
    assert np.mean([(a == b).any() for a, b in pairs]) > 0.98


def test_copies_are_found_and_verified(plots):
    originals = [*photos(), *plots]
    pairs = [(original, copy) for original in originals for copy in copies(original)]
    one, two = (list(side) for side in zip(*pairs, strict=True))
    near = hamming(words(one), words(two)) <= MAX_DISTANCE
    same = differences(one, two) <= MAX_DIFFERENCE
    assert (near & same).mean() > 0.95


def test_different_plots_of_one_gallery_are_close_by_hash_and_not_the_same(plots):
    pairs = list(combinations(plots, 2))
    one, two = (list(side) for side in zip(*pairs, strict=True))
    near = hamming(words(one), words(two)) <= MAX_DISTANCE
    apart = [(a.tobytes() != b.tobytes()) for a, b in pairs]
    assert (near & apart).sum() >= 3
    assert not (near & apart & (differences(one, two) <= MAX_DIFFERENCE)).any()


def test_different_photos_are_far_apart():
    found = words(photos())
    assert min(hamming(a, b) for a, b in combinations(found, 2)) > 3 * MAX_DISTANCE


def test_what_shows_too_little_has_no_hash():
    blank = np.full((100, 80, 3), 255, np.uint8)
    faint = np.tile(np.arange(100, 110, dtype=np.uint8)[:, None, None], (8, 80, 3))
    views = [blank, faint, photos()[0]]
    assert [h is None for h in perceptual_hashes(thumbnails(views))] == [True, True, False]


def test_pictures_of_other_proportions_are_not_compared():
    (photo,) = photos()[:1]
    assert differences([photo], [photo[:, : photo.shape[1] * 9 // 10]]) == [np.inf]
    assert differences([photo], [photo]) == [0]


def test_the_order_of_two_pictures_does_not_matter(plots):
    one, two = plots[:2]
    assert differences([one], [two]) == differences([two], [one])


def test_a_batch_has_the_hashes_of_its_pictures_alone():
    views = photos()[:4]
    together = perceptual_hashes(thumbnails(views))
    assert together == [perceptual_hashes(thumbnails([v]))[0] for v in views]
    assert perceptual_hashes(thumbnails([])) == []


def test_a_hash_of_another_length_is_refused():
    with pytest.raises(ValueError, match="64 hex digits"):
        hash_words(["ab"])


@given(st.lists(hashes, max_size=12), st.lists(hashes, max_size=6), st.data())
def test_near_hashes_are_those_of_all_pairs_that_share_a_band(some, others, data):
    # Copies with some bits turned, so that there is something to find.
    for original in data.draw(st.lists(st.sampled_from(some), max_size=6)) if some else ():
        turned = data.draw(st.sets(st.integers(0, HASH_BITS - 1), max_size=30))
        others = [*others, f"{int(original, 16) ^ sum(1 << bit for bit in turned):064x}"]
    one, other = hash_words(some), hash_words(others)
    found = set(zip(*(places.tolist() for places in near_hashes(one, other)), strict=True))
    assert found == {
        (i, j)
        for i, a in enumerate(one)
        for j, b in enumerate(other)
        if (a == b).any() and hamming(a, b) <= MAX_DISTANCE
    }
