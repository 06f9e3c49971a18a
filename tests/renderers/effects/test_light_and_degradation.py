"""Effects that change pixels and move nothing: each does what its parameters say."""

from __future__ import annotations

import numpy as np
import pytest

from records import generator
from renderers.effects.degradation import blur, copier, fax, grey, jpeg, motion, noise
from renderers.effects.legibility import noise_floor
from renderers.effects.light import bend_light, light, moire, paper, show_through
from tests.renderers.effects.pages import blank, page


def of(effect, pixels, **parameters):
    before = pixels.copy()
    changed = effect(pixels, generator(1, "test"), **parameters)
    assert changed.shape == pixels.shape and changed.dtype == np.uint8
    assert np.array_equal(pixels, before), "the argument was changed"
    return changed.astype(np.float64)


def test_exposure_is_a_gain():
    assert (of(light, blank(50, 40, 200), exposure=0.5) == 100).all()


def test_warm_light_is_red_more_than_blue():
    red, green, blue = of(light, blank(50, 40, 200), warmth=0.1)[0, 0]
    assert (red, green, blue) == (220, 200, 180)


def test_slanted_light_falls_off_in_its_direction():
    down = of(light, blank(400, 400, 200), slant=0.5, direction=90).mean(axis=(1, 2))
    assert (np.diff(down) <= 0).all()
    assert down[0] == pytest.approx(200, abs=4) and down[-1] == pytest.approx(100, abs=4)


def test_a_vignette_is_darkest_in_the_corners():
    level = of(light, blank(400, 400, 200), vignette=0.4)[..., 0]
    assert level[200, 200] == pytest.approx(200, abs=1)
    assert level[0, 0] == level.min() == pytest.approx(120, abs=6)


@pytest.mark.parametrize("shape", ["edge", "hand", "phone"])
def test_a_shadow_is_as_deep_as_said_and_leaves_light(shape):
    shadow = {"shape": shape, "depth": 0.5, "softness": 0.01, "reach": 0.5}
    level = of(light, blank(600, 800, 200), shadow=shadow)[..., 0]
    assert level.min() == pytest.approx(100, abs=4)
    assert level.max() == 200
    assert 0.03 < (level < 150).mean() < 0.97


def test_a_flat_sheet_has_no_light_and_dark_and_a_bent_one_has():
    profile = {"axis": "x", "lamp": 30.0, "depth": 0.8}
    assert np.ptp(of(bend_light, blank(400, 300, 200), start=0.0, end=0.0, **profile)) == 0
    bent = of(bend_light, blank(400, 300, 200), start=0.5, end=-0.5, **profile)
    assert np.ptp(bent[0]) > 30 and np.ptp(bent[:, 7]) == 0


def test_yellow_paper_has_its_tone_and_grain():
    sheet = of(paper, blank(400, 400), tone=[0.98, 0.95, 0.8], grain=0.01, mottle=0.0)
    assert sheet.mean(axis=(0, 1)) == pytest.approx([250, 242, 204], abs=1)
    assert 1 < sheet[..., 1].std() < 3


def test_the_back_shows_through_as_faintly_as_said():
    pixels, _, _ = page()
    through = of(show_through, pixels, depth=0.1, softness=2.0)
    paper_only = (pixels == 255).all(axis=2)
    assert 225 <= through[paper_only].min() < 245


def test_moire_is_coloured_bands_around_the_pictures_own_level():
    bands = of(moire, blank(800, 800, 200), depth=0.2, period=20, angle=10.0, curve=3.0)
    assert bands.mean() == pytest.approx(180, abs=1)
    assert 160 <= bands.min() < 170 and 190 < bands.max() <= 200
    assert np.ptp(bands.mean(axis=(0, 1))) < 1
    assert np.abs(bands[..., 0] - bands[..., 2]).max() > 15


@pytest.mark.parametrize(("level", "deviation"), [(20, 3.6), (128, 6.4), (235, 8.3)])
def test_noise_has_the_variance_of_its_level(level, deviation):
    # sqrt(3^2 + 8^2 * level / 255), where the level is far enough from black and white.
    noisy = of(noise, blank(300, 300, level), read=3.0, shot=8.0)
    expected = np.sqrt(9 + 64 * level / 255)
    assert expected == pytest.approx(deviation, abs=0.4)
    assert noisy.std() == pytest.approx(expected, rel=0.06)
    assert noisy.mean() == pytest.approx(level, abs=0.6)


def test_noise_of_rows_and_channels_is_not_the_same():
    noisy = of(noise, blank(500, 500, 128), read=10.0, shot=0.0) - 128
    one, other = noisy[:-1, :, 0].ravel(), noisy[1:, :, 0].ravel()
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert abs(np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1]) < 0.03


def test_the_noise_floor_is_measured_through_text():
    pixels, _, _ = page()
    assert noise_floor(pixels[..., 0]) == 0
    for read in (4.0, 12.0):
        noisy = of(noise, (pixels * 0.7).astype(np.uint8), read=read, shot=0.0)
        assert noise_floor(noisy[..., 0].astype(np.uint8)) == pytest.approx(read, rel=0.25)


def test_blur_and_motion_spread_by_their_size():
    line, point = blank(41, 41, 0), blank(41, 41, 0)
    line[:, 20] = point[20, 20] = 255
    x = np.arange(41) - 20
    spread = of(blur, line, sigma=2.0)[20, :, 0]
    assert np.sqrt((spread * x**2).sum() / spread.sum()) == pytest.approx(2, abs=0.1)
    moved = of(motion, point, length=6.0, angle=0.0)[..., 0]
    assert np.ptp(np.flatnonzero(moved.sum(axis=0))) == 6
    assert np.ptp(np.flatnonzero(moved.sum(axis=1))) == 0


def test_a_fax_is_black_and_white():
    pixels, _, _ = page()
    sent = of(fax, pixels, threshold=160, ragged=12.0, specks=30.0, drops=3)
    assert set(np.unique(sent)) == {0, 255}
    assert (sent == 0).mean() == pytest.approx((pixels < 160).mean(), rel=0.2)


def test_a_copy_is_grey_with_dark_edges_and_white_paper():
    pixels, _, _ = page(800, 1000, ink=(160, 40, 40))
    copied = of(copier, pixels, contrast=1.8, edge=0.02, streaks=2, specks=30.0, toner=3.0)
    assert np.ptp(copied, axis=2).max() == 0
    assert copied[[0, -1]].mean() < 0.85 * np.median(copied)
    assert np.median(copied) > 235


def test_grey_has_no_colour():
    assert np.ptp(of(grey, page(ink=(200, 30, 30))[0]), axis=2).max() == 0


def test_less_quality_of_jpeg_is_less_true():
    pixels, _, _ = page()
    error = [np.abs(of(jpeg, pixels, quality=q) - pixels).mean() for q in (95, 75, 50)]
    assert 0 < error[0] < error[1] < error[2] < 5
