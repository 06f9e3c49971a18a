"""How stored answers lie on disk: files of JSON lines, and sorted indexes beside them.

    answers-1764000000123456-5f0c9a1e.jsonl   an answer a line, in the order in which they came
    answers-1764000000123456-5f0c9a1e.npy     its index, made when nobody writes to it any more

A line begins with its key and its time at fixed places, so that both are read
without parsing JSON:

    {"key":"<32 hex digits>","when":1764000000.123456,"sampling":…,"answer":{"text":"…",…}}

The lines are the truth. An index is made from them, and not believed where it
is not of the file's size; a file without one is scanned. What is no whole line
of this shape (cut by a crash, garbage) is passed over. A file's name is never
used again for other bytes, and only its writer appends to it, under its lock.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.messages import Response

#: Where answers are, shape (5, answers) of uint64; one of the rows named below each.
Rows = NDArray[np.uint64]
#: The key as two numbers; when it was stored, in µs since 1970; the line's place in bytes.
HI, LO, WHEN, OFFSET, LENGTH = range(5)

#: Hex digits of a key, as `records.digest` makes them: 16 bytes, two numbers in `Rows`.
KEY_DIGITS = 32
#: Bytes of a line, at most. An answer of 262,144 tokens, the model's context, has 1 to 2 MB.
LINE_BYTES = 64 << 20
#: Bytes read at once: as much as a core's cache holds.
_BLOCK_BYTES = 1 << 20
#: Answers of all tables together that are compared at once.
_RANGE_ANSWERS = 1 << 18

#: How a line begins; zeros stand for the digits of its key and its time.
_HEAD = b'{"key":"' + bytes(KEY_DIGITS) + b'","when":' + bytes(10) + b"." + bytes(6) + b',"'
_HEAD_BYTES = np.frombuffer(_HEAD, np.uint8)
_LITERAL = _HEAD_BYTES != 0
_KEY_AT = _HEAD.index(0)
#: Where the digits of the time are, and what each is worth in µs.
_WHEN_DIGITS = np.flatnonzero(~_LITERAL)[KEY_DIGITS:]
_WORTH = 10 ** np.arange(15, -1, -1, dtype=np.uint64)
#: What a byte is worth as a hex digit; 16 where it is none.
_HEX = np.full(256, 16, np.uint8)
_HEX[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
#: Fields of a response that belong to the request at hand, not to the answer.
_OF_THE_REQUEST = ("id", "stored")


class Entry(msgspec.Struct):
    """A line: an answer, its key, and what is known about it."""

    key: str
    #: When it was stored, in seconds since 1970.
    when: float
    #: The fields of the `Response`, less `id` and `stored`.
    answer: dict[str, Any]
    #: The sampling parameters that were sent.
    sampling: dict[str, Any] | None = None

    def response(self, request_id: str) -> Response | None:
        """The answer as a response to that request; None where it is not a whole one.

        Fields that this version does not know are passed over, those that
        were not there yet get their defaults.
        """
        fields = {**self.answer, "id": request_id, "stored": True}
        try:
            response = msgspec.convert(fields, Response)
        except msgspec.ValidationError:
            return None
        return response if is_whole(response) else None


_DECODER = msgspec.json.Decoder(Entry)


def is_whole(response: Response) -> bool:
    """Whether a response may be stored and served: it ended by itself and has a text."""
    return response.finish == "stop" and response.text is not None


def encode_line(
    key: str, when: int, response: Response, sampling: Mapping[str, Any] | None
) -> bytes:
    """The line of an answer stored at `when`, in µs. ValueError for one over `LINE_BYTES`."""
    answer = {
        f.name: getattr(response, f.name)
        for f in dataclasses.fields(response)
        if f.name not in _OF_THE_REQUEST
    }
    rest = (
        {"answer": answer} if sampling is None else {"sampling": dict(sampling), "answer": answer}
    )
    try:
        body = msgspec.json.encode(rest)
    except UnicodeEncodeError:  # lone surrogates, which models do write
        body = json.dumps(msgspec.to_builtins(rest), separators=(",", ":")).encode()
    seconds, micros = divmod(when, 10**6)
    head = f'{{"key":"{key}","when":{seconds:010d}.{micros:06d},'
    line = head.encode() + body[1:] + b"\n"
    if len(line) > LINE_BYTES:
        raise ValueError(f"an answer of {len(line):,} bytes is over the limit of {LINE_BYTES:,}")
    return line


def decode_line(line: bytes | memoryview) -> Entry | None:
    """The entry of a line, or None where it is none."""
    try:
        return _DECODER.decode(line)
    except ValueError:
        pass
    try:  # msgspec takes no lone surrogates
        return msgspec.convert(json.loads(bytes(line)), Entry)
    except (ValueError, RecursionError):
        return None


def read_rows(path: Path, start: int = 0) -> tuple[Rows, int]:
    """Where the answers of a file are from byte `start` on, and where its whole lines end.

    Looks at the beginning and the end of each line only.
    """
    parts, end = [np.zeros((5, 0), np.uint64)], start
    for offset, data in _blocks(path, start):
        parts.append(_rows(data, offset))
        end = offset + len(data)
    return np.concatenate(parts, axis=1), end


def read_entries(path: Path) -> Iterator[tuple[int, int, Entry]]:
    """The offset, length and entry of every line of a file that can be served."""
    for start, data in _blocks(path, 0):
        for offset, length in _rows(data, 0)[OFFSET:].T.tolist():
            entry = decode_line(data[offset : offset + length])
            if entry is not None and entry.response("") is not None:
                yield start + offset, length, entry


def read_answer(path: str | Path, offset: int, length: int, key: str, id: str) -> Response | None:
    """The answer at a place, to the request of that id; None where none of `key` can be served."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        line = os.pread(descriptor, length, offset)
    finally:
        os.close(descriptor)
    entry = decode_line(line)
    return entry.response(id) if entry is not None and entry.key == key else None


def _blocks(path: Path, start: int) -> Iterator[tuple[int, memoryview]]:
    """The file in blocks of whole lines, each with its offset; not what follows the last.

    A block is good until the next one.
    """
    buffer, held = bytearray(_BLOCK_BYTES), 0
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        while count := file.readinto(memoryview(buffer)[held:]):
            held += count
            end = buffer.rfind(b"\n", 0, held) + 1
            if end:
                yield start, memoryview(buffer)[:end]
            elif held > LINE_BYTES:  # no line of ours: its end is looked for, not kept
                end = held
            start, held = start + end, held - end
            buffer[:held] = buffer[end : end + held]
            if held == len(buffer):
                buffer = buffer + bytes(len(buffer))


def _rows(data: memoryview, base: int) -> Rows:
    """Where the answers are in a block of whole lines that begins at byte `base` of its file."""
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == ord("\n")) + 1
    starts = np.concatenate([[0], ends[:-1]])
    long = ends - starts > len(_HEAD) + 2
    starts, ends = starts[long], ends[long]
    if not len(starts):
        return np.zeros((5, 0), np.uint64)
    heads = np.lib.stride_tricks.sliding_window_view(text, len(_HEAD))[starts]
    key = _HEX[heads[:, _KEY_AT : _KEY_AT + KEY_DIGITS]]
    when = heads[:, _WHEN_DIGITS] - np.uint8(ord("0"))  # what is below "0" wraps to above 9
    whole = (heads[:, _LITERAL] == _HEAD_BYTES[_LITERAL]).all(axis=1)
    whole &= (key < 16).all(axis=1) & (when < 10).all(axis=1) & (text[ends - 2] == ord("}"))
    numbers = (key[whole, ::2] << 4 | key[whole, 1::2]).view(">u8")
    rows = np.empty((5, len(numbers)), np.uint64)
    rows[HI], rows[LO] = numbers[:, 0], numbers[:, 1]
    rows[WHEN] = when[whole] @ _WORTH
    rows[OFFSET], rows[LENGTH] = starts[whole] + base, (ends - starts)[whole]
    return rows


@dataclasses.dataclass(frozen=True)
class Index:
    """The index of a file that nobody writes to any more, as it lies on disk."""

    #: By ascending `HI`; mapped, so that processes share what they look at.
    rows: Rows
    #: Bytes of the data, and how many of them are lines of the index.
    size: int
    covered: int


def open_index(data: Path) -> Index | None:
    """The index of a data file; None where there is none, or none of the file as it is now."""
    try:
        table = np.load(index_path(data), mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    if table.dtype != np.uint64 or table.ndim != 2 or len(table) != 5 or not table.shape[1]:
        return None
    table = np.asarray(table)  # the same memory, without the cost of the class
    size, covered = int(table[OFFSET, -1]), int(table[LENGTH, -1])
    return Index(table[:, :-1], size, covered) if data.stat().st_size == size else None


def create_index(path: Path, answers: int, size: int, covered: int) -> Rows:
    """A new index of data of `size` bytes: a mapped table for the caller to fill, by `HI`.

    Its last column is no answer: it says what data the index is of.
    """
    table = np.lib.format.open_memmap(path, "w+", np.uint64, (5, answers + 1))
    table[:, -1] = (np.iinfo(np.uint64).max, np.iinfo(np.uint64).max, 0, size, covered)
    return table


def write_index(data: Path, rows: Rows) -> None:
    """Give a data file the index that those rows make, atomically."""
    temporary = hidden(index_path(data))
    covered = int(rows[LENGTH].sum())
    table = create_index(temporary, rows.shape[1], data.stat().st_size, covered)
    table[:, :-1] = rows[:, np.argsort(rows[HI], kind="stable")]
    del table  # written back
    sync(temporary)
    os.replace(temporary, index_path(data))


def hash_ranges(tables: Sequence[Rows]) -> Iterator[list[Rows]]:
    """Tables by `HI`, range by range: what each has of the same keys. Memory stays small."""
    count = 1 + sum(t.shape[1] for t in tables) // _RANGE_ANSWERS
    edges = np.array([i * 2**64 // count for i in range(1, count)], np.uint64)
    cuts = [[0, *t[HI].searchsorted(edges).tolist(), t.shape[1]] for t in tables]
    for i in range(count):
        yield [t[:, c[i] : c[i + 1]] for t, c in zip(tables, cuts, strict=True)]


def repeated(rows: Rows) -> NDArray[np.bool_]:
    """Which answers of a table, by key, have the key of the one before."""
    keys = rows[: LO + 1]
    return np.concatenate([np.zeros(1, bool), (keys[:, 1:] == keys[:, :-1]).all(axis=0)])[
        : rows.shape[1]
    ]


def data_files(folder: Path) -> list[Path]:
    """The data files of a store, by name; none where there is no folder."""
    return sorted(folder.glob("answers-*.jsonl"))


def new_data_file(folder: Path) -> Path:
    """A name that no data file has or ever had."""
    return folder / f"answers-{time.time_ns() // 1000:016d}-{uuid.uuid4().hex[:8]}.jsonl"


def index_path(data: Path) -> Path:
    """Where a data file's index is."""
    return data.with_suffix(".npy")


def hidden(path: Path) -> Path:
    """What a file is called until it is whole."""
    return path.with_name(f".{path.name}.tmp")


def lock(descriptor: int) -> bool:
    """Take an open file's lock if nobody has it; the system releases it when the holder dies."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk itself when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
