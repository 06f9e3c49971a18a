from __future__ import annotations

import random

import pytest

from pipelines.config import IngestConfig
from pipelines.readers import BadInput
from pipelines.readers.pictures import check_picture, load_picture
from tests.pipelines.readers.reading import png


def test_mutated_pictures_decode_or_say_why(tmp_path):
    dice = random.Random(1)
    for _ in range(200):
        data = bytearray(png(40, 30))
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            assert check_picture(bytes(data), IngestConfig()).width > 0
        except BadInput as bad:
            assert bad.reason.startswith("image_")


def test_a_large_image_file_is_not_read(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    with pytest.raises(BadInput, match="image_too_large"):
        load_picture(tmp_path / "a.png", IngestConfig(max_image_bytes=10))
