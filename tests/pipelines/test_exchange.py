from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.exchange import (
    count_rows_of,
    hash_ranges,
    lookup,
    open_array,
    read_range,
    write_sorted,
)

KEYS = st.integers(0, 2**64 - 1)


@given(st.lists(st.lists(KEYS, max_size=8), max_size=4), st.integers(1, 5))
def test_every_row_is_in_one_range_and_ranges_are_in_order(tmp_path_factory, files, parts):
    folder = tmp_path_factory.mktemp("x")
    paths = []
    for index, keys in enumerate(files):
        paths.append(folder / f"{index}.npy")
        column = np.array(keys, np.uint64)
        write_sorted(paths[-1], column, np.full(len(keys), index, np.uint64))
    found = [read_range(paths, low, high, columns=2) for low, high in hash_ranges(parts)]
    together = np.concatenate(found, axis=1)
    expected = sorted((key, index) for index, keys in enumerate(files) for key in keys)
    assert list(zip(*together.tolist(), strict=True)) == expected
    assert count_rows_of(paths) == len(expected)


@given(st.dictionaries(KEYS, st.integers(1, 9), max_size=20), st.lists(KEYS, max_size=5))
def test_a_key_is_looked_up_in_whatever_file_it_is(tmp_path_factory, values, others):
    folder = tmp_path_factory.mktemp("x")
    paths = [folder / "even.npy", folder / "odd.npy"]
    for parity, path in enumerate(paths):
        mine = [k for k in values if k % 2 == parity]
        write_sorted(
            path, np.array(mine, np.uint64), np.array([values[k] for k in mine], np.uint64)
        )
    asked = [*values, *others]
    found = lookup(paths, np.array(asked, np.uint64)).tolist()
    assert found == [values.get(key, 0) for key in asked]


def test_the_last_range_has_the_last_hash():
    assert hash_ranges(3)[0][0] == 0
    assert hash_ranges(3)[-1][1] == 2**64


def test_arrays_lie_in_their_files(tmp_path):
    path = tmp_path / "a.npy"
    write_sorted(path, np.arange(10, dtype=np.uint64))
    assert isinstance(open_array(path), np.memmap)
    with pytest.raises(FileNotFoundError):
        open_array(tmp_path / "none.npy")
