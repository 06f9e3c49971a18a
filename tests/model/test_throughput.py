"""Hours on paper: they give back what was published, and grow with what is asked."""

from __future__ import annotations

import pytest

from model import PUBLISHED, PUBLISHED_SIZE, RequestSize, gpu_hours, seconds_a_request, speeds
from model.throughput import H200_BANDWIDTH, H200_FLOPS, PUBLISHED_GPUS


@pytest.mark.parametrize("concurrency", PUBLISHED)
def test_the_published_speeds_come_out_again(concurrency):
    speed = PUBLISHED_SIZE.output / seconds_a_request(PUBLISHED_SIZE, concurrency)
    assert speed == pytest.approx(PUBLISHED[concurrency], rel=0.06)


def test_the_published_speeds_are_within_two_h200_and_beyond_one():
    bandwidth, flops = speeds()
    assert H200_BANDWIDTH < bandwidth < PUBLISHED_GPUS * H200_BANDWIDTH
    assert H200_FLOPS < flops < PUBLISHED_GPUS * H200_FLOPS


def test_the_work_of_a_prompt_is_twice_the_weights_a_token():
    text = RequestSize(prompt=100, image=0, output=1)
    assert text.operations == pytest.approx(100 * 2 * 31e9, rel=0.01)
    assert RequestSize(prompt=0, image=100, output=1).operations > text.operations


def test_an_answer_reads_the_cache_of_what_went_before_it():
    layer = 2 * 8 * 128 * 2
    assert RequestSize(prompt=1000, image=0, output=1).cache_bytes == 64 * 1000 * layer
    # Beyond the window the sliding layers read no more.
    far = RequestSize(prompt=100_000, image=0, output=1)
    assert far.cache_bytes == (16 * 100_000 + 48 * 4096) * layer


def test_hours_grow_with_requests_and_gpus_and_shrink_with_company():
    size = RequestSize(prompt=400, image=1227, output=200)
    hours = gpu_hours(1000, size)
    assert gpu_hours(2000, size) == pytest.approx(2 * hours)
    assert gpu_hours(1000, size, gpus=4) == pytest.approx(2 * hours)
    assert gpu_hours(1000, size, concurrency=8) > gpu_hours(1000, size, concurrency=32) > hours
    assert hours == pytest.approx(1000 * seconds_a_request(size, 128) * 2 / 3600)


@pytest.mark.parametrize("concurrency", [7, 129])
def test_nothing_is_said_beyond_what_was_published(concurrency):
    with pytest.raises(ValueError, match="published are 8 to 128"):
        seconds_a_request(PUBLISHED_SIZE, concurrency)
