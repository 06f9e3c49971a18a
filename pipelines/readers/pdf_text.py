"""The text layer of a PDF page: its characters, where they are, and which of them to believe.

A text layer is truth for a picture only where it says what the picture shows.
Three things are not believed:

    hidden       not on the picture: drawn with the invisible text mode, below a picture
                 or in the colour of the paper, as programs put the output of OCR there
    unreadable   drawn, but its font does not tell the character: no Unicode value,
                 a control character, or one of private use
    improbable   an ideograph or a Hangul syllable that no national character set has.
                 One may be right; many are a font's broken table (real files give
                 U+C931 for "1", or U+4D00 for "M")
"""

from __future__ import annotations

import ctypes
import itertools
import sys
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

REPLACEMENT = 0xFFFD
SOFT_HYPHEN = 0xAD
#: pdfium's mark for a hyphen that splits a word at the end of a line.
SPLIT = 0x02
#: Modes in which text cuts what is drawn later (PDF 2.0, table 104).
_STENCILS = range(raw.FPDF_TEXTRENDERMODE_FILL_CLIP, raw.FPDF_TEXTRENDERMODE_CLIP + 1)
#: Forms inside each other; a form may not contain itself, but files lie.
_MAX_DEPTH = 8
#: The part of a letter by which the heights of two may differ that begin at one height.
_SAME_HEIGHT = 0.5
#: How much more down than across text without a turn runs that is written down the page.
_STEEP = 2.0
#: Levels of 255 by which some pixel of a word must differ from another: paper is even.
_MIN_CONTRAST = 16
#: Points across a character's box, and as many down, at which the picture is looked at.
_PROBES = 5
#: What `_pixel_map` measures with: a fine grid, as pdfium rounds to whole numbers.
_CANVAS = 1 << 20
#: First and last of the CJK ideographs of the BMP, and of the Hangul syllables.
_IDEOGRAPHS, _HANGUL = (0x3400, 0x9FFF), (0xAC00, 0xD7A3)


def _plain(function: Any, *arguments: Any, answer: Any = ctypes.c_int) -> Any:
    """A function of pdfium's about a page and a character, with addresses for pointers.

    Called for each character, it takes half of the time that it takes with objects.
    """
    prototype = ctypes.CFUNCTYPE(answer, ctypes.c_void_p, ctypes.c_int, *arguments)
    return prototype(_address(function))


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


_unicode_of = _plain(raw.FPDFText_GetUnicode)
_has_error = _plain(raw.FPDFText_HasUnicodeMapError)
_object_of = _plain(raw.FPDFText_GetTextObject, answer=ctypes.c_ssize_t)
_write_matrix = _plain(raw.FPDFText_GetMatrix, ctypes.c_void_p)
_write_origin = _plain(raw.FPDFText_GetCharOrigin, *[ctypes.c_void_p] * 2)
_write_box = _plain(raw.FPDFText_GetCharBox, *[ctypes.c_void_p] * 4)


@dataclass(frozen=True)
class Characters:
    """A page's characters in reading order; all arrays have the length N."""

    #: Unicode; REPLACEMENT where it is unreadable.
    codes: NDArray[np.uint32]
    #: (N, 4): left, top, right, bottom in pixels of the picture, cut to it.
    boxes: NDArray[np.float64]
    #: White space, which divides words, drawn or not.
    spaces: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]
    improbable: NDArray[np.bool_]
    hidden: NDArray[np.bool_]

    def select(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Characters:
        """Those where `kept`, of shape (N,), is true; or those at such places."""
        return Characters(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def read_characters(page: pdfium.PdfPage, picture: NDArray[np.uint8]) -> Characters:
    """The page's characters; `picture` is all of it as drawn, (height, width[, 3]).

    Characters beside the page are left out. Raises pdfium.PdfiumError.
    """
    text = page.get_textpage()
    try:
        return _read(page, text, picture)
    finally:
        text.close()


def _read(page: pdfium.PdfPage, text: pdfium.PdfTextPage, picture: NDArray[np.uint8]) -> Characters:
    count, handle = text.count_chars(), text.raw
    codes = np.minimum(_each(_unicode_of, handle, count).astype(np.uint32), sys.maxunicode)
    halves = _join_surrogates(codes)
    unmapped = _each(_has_error, handle, count) == 1
    for index in np.flatnonzero(codes == SPLIT):
        unmapped[index] |= raw.FPDFText_IsHyphen(handle, int(index)) != 1
    kinds = _kinds(codes)
    spaces = (kinds == _SPACE) & ~unmapped
    unreadable = unmapped | (kinds == _MEANINGLESS)
    codes[unreadable] = REPLACEMENT
    height, width = picture.shape[:2]
    pixels = _pixel_map(page, width, height)
    boxes = pixels.boxes(_page_boxes(handle, spaces))
    middle = _middles(boxes)
    beside = ((middle < 0) | (middle >= (width, height))).any(axis=1)
    np.clip(boxes, 0, (width, height, width, height), out=boxes)
    area = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    drawn = area & ~beside & ~spaces & ((kinds != _FORMAT) | unmapped)
    objects = _each(_object_of, handle, count)
    hidden = _are_hidden(page, objects) | _without_ink(picture, boxes, drawn)
    found = Characters(codes, boxes, spaces, unreadable, kinds == _IMPROBABLE, hidden)
    kept = np.append(spaces | (drawn & ~halves), [True])
    order = _reading_order(handle, np.where(drawn, objects, 0), boxes, pixels)
    return _with_break(found).select(order[kept[order]])


def _with_break(characters: Characters) -> Characters:
    """The characters, and the end of a line."""
    line_end = (ord("\n"), (0, 0, 0, 0), True, False, False, False)
    arrays = (getattr(characters, name) for name in Characters.__dataclass_fields__)
    pairs = zip(arrays, line_end, strict=True)
    return Characters(*(np.concatenate([a, np.array([b], a.dtype)]) for a, b in pairs))


def _join_surrogates(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Make each pair of surrogates its character, in place, at the first; which are the second."""
    high, low = (codes & 0xFFFFFC00) == 0xD800, (codes & 0xFFFFFC00) == 0xDC00
    pairs = np.flatnonzero(high[:-1] & low[1:])
    codes[pairs] = 0x10000 + ((codes[pairs] & 0x3FF) << 10) + (codes[pairs + 1] & 0x3FF)
    halves = np.zeros(len(codes), np.bool_)
    halves[pairs + 1] = True
    return halves


def _each(ask: Any, handle: Any, count: int) -> NDArray[np.int64]:
    """What pdfium answers of each character, shape (count,)."""
    return np.fromiter(map(ask, itertools.repeat(_address(handle)), range(count)), np.int64, count)


def _write_each(write: Any, handle: Any, places: Iterable[int], *arrays: NDArray[Any]) -> None:
    """Let pdfium write of the character at each place into the array's row of it."""
    rows = (itertools.count(a.ctypes.data, a.strides[0]) for a in arrays)
    deque(map(write, itertools.repeat(_address(handle)), places, *rows), maxlen=0)


def _page_boxes(handle: Any, spaces: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Boxes (N, 4) on the page: left, right, bottom, top.

    They are the box of the glyph itself. The box that a font gives all its
    characters (advance, ascent and descent) goes with no ink; it stands in
    only where the glyph has none of its own.
    """
    count = len(spaces)
    edges = np.zeros((4, count))
    _write_each(_write_box, handle, range(count), *edges)
    loose = raw.FS_RECTF()
    for index in np.flatnonzero(((edges[0] >= edges[1]) | (edges[2] >= edges[3])) & ~spaces):
        raw.FPDFText_GetLooseCharBox(handle, int(index), loose)
        edges[:, index] = loose.left, loose.right, loose.bottom, loose.top
    return edges.T


@dataclass(frozen=True)
class _PixelMap:
    """From the page to its picture, turned as that is; all of shape (2,)."""

    #: Where the page's origin lies, and what a step across and one up the page become.
    origin: NDArray[np.float64]
    across: NDArray[np.float64]
    up: NDArray[np.float64]

    def steps(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float64]:
        """Steps (N,) on the page as steps (N, 2) in the picture."""
        return np.outer(x, self.across) + np.outer(y, self.up)

    def boxes(self, edges: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 4): left, right, bottom, top on the page to left, top, right, bottom."""
        corners = [self.origin + self.steps(edges[:, x], edges[:, y]) for x, y in ((0, 2), (1, 3))]
        return np.hstack([np.minimum(*corners), np.maximum(*corners)])


def _pixel_map(page: pdfium.PdfPage, width: int, height: int) -> _PixelMap:
    """pdfium knows the page's rotation, its crop box and what a viewer makes of them.

    From three points that it places, the map follows.
    """
    span_x, span_y = page.get_size()
    origin, right, up = (_place(page, x, y) for x, y in ((0, 0), (span_x, 0), (0, span_y)))
    scale = np.array([width, height]) / _CANVAS
    across, along = (right - origin) * scale / span_x, (up - origin) * scale / span_y
    return _PixelMap(origin * scale, across, along)


def _place(page: pdfium.PdfPage, x: float, y: float) -> NDArray[np.float64]:
    column, row = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _CANVAS, _CANVAS, 0, x, y, column, row)
    return np.array([column.value, row.value], np.float64)


def _reading_order(
    handle: Any, objects: NDArray[np.int64], boxes: NDArray[np.float64], pixels: _PixelMap
) -> NDArray[np.intp]:
    """Places of the characters in the order in which they are read; N is a break between two.

    `objects` has 0 for what is not drawn. pdfium puts text objects that follow
    each other and begin at one height from left to right. So come, last to
    first, the lines of text that runs down the page, and the words of text that
    stands on its head. What pdfium has put between them, such as a space, it
    has guessed from the wrong order; a break stands there.
    """
    letters = np.flatnonzero(objects)
    starts = np.flatnonzero(np.diff(objects[letters], prepend=0))
    first, last = letters[starts], letters[np.append(starts[1:], len(letters))[: len(starts)] - 1]
    order: list[range | list[int]] = []
    done = 0
    for start, end in _true_runs(_are_swapped(handle, first, last, boxes, pixels)):
        order.append(range(done, first[start]))
        for k in range(end, start - 1, -1):
            order += [range(first[k], last[k] + 1), [len(objects)]]
        done = last[end] + 1
    return np.concatenate([*order, range(done, len(objects))]).astype(np.intp)


def _are_swapped(
    handle: Any,
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    boxes: NDArray[np.float64],
    pixels: _PixelMap,
) -> NDArray[np.bool_]:
    """Which of the text objects, by the places of their ends, is read after the next; (N - 1,)."""
    origins, matrices = np.zeros((2, len(first))), np.zeros((len(first), 6), np.float32)
    _write_each(_write_origin, handle, first.tolist(), *origins)
    _write_each(_write_matrix, handle, first.tolist(), matrices)
    way_x, way_y = pixels.steps(matrices[:, 0], matrices[:, 1]).T
    travel_x, travel_y = (_middles(boxes[last]) - _middles(boxes[first])).T
    # Text without a turn runs down the page in the vertical writing of East Asia.
    down = (way_y > np.abs(way_x)) | (travel_y > _STEEP * np.abs(travel_x))
    backward = down | (-way_x > np.abs(way_y))
    right, lower = np.diff(pixels.steps(*origins), axis=0).T
    sides = (boxes[first, 2:] - boxes[first, :2]).max(axis=1, initial=0)
    level = np.abs(lower) < _SAME_HEIGHT * np.maximum(sides[1:], sides[:-1])
    return level & (right > 0) & backward[1:] & backward[:-1]


def _middles(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _true_runs(values: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First place, and the one behind the last, of each run that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _are_hidden(page: pdfium.PdfPage, objects: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which characters the page's objects do not show, by the object of each."""
    children = _children(page.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject)
    return np.isin(objects, list(_hidden_texts(children)))


def _hidden_texts(objects: list[Any], depth: int = 0) -> Iterator[int]:
    """Addresses of text objects that are invisible, or lie below an opaque picture."""
    covers: list[tuple[float, ...]] = []
    for item in reversed(objects):
        kind = raw.FPDFPageObj_GetType(item)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            mode = raw.FPDFTextObj_GetTextRenderMode(item)
            # Text as a stencil shows the picture drawn through it.
            covered = mode not in _STENCILS and _is_covered(item, covers)
            if covered or mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
                yield _address(item)
        elif kind == raw.FPDF_PAGEOBJ_IMAGE and not raw.FPDFPageObj_HasTransparency(item):
            covers.append(_bounds(item))
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            inner = _children(item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject)
            yield from _hidden_texts(inner, depth + 1)


def _is_covered(item: Any, covers: list[tuple[float, ...]]) -> bool:
    if not covers:
        return False
    left, bottom, right, top = _bounds(item)
    return any(c[0] <= left and c[1] <= bottom and c[2] >= right and c[3] >= top for c in covers)


def _bounds(item: Any) -> tuple[float, ...]:
    """Left, bottom, right, top."""
    edges = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(item, *edges)
    return tuple(edge.value for edge in edges)


def _children(
    parent: Any, count: Callable[[Any], int], get: Callable[[Any, int], Any]
) -> list[Any]:
    return [get(parent, index) for index in range(count(parent))]


def _without_ink(
    picture: NDArray[np.uint8], boxes: NDArray[np.float64], drawn: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the drawn characters belong to words in whose place the picture is even."""
    height, width = picture.shape[:2]
    steps = np.linspace(0, 1, _PROBES)[:, None]
    # From one pixel before the box to one behind it, so that there is paper to compare with.
    first, span = boxes[:, :2].T - 1, (boxes[:, 2:] - boxes[:, :2]).T + 1
    columns, rows = (
        np.clip(first[axis] + span[axis] * steps, 0, side - 1).astype(np.intp)
        for axis, side in enumerate((width, height))
    )
    probes = picture[rows[:, None], columns].reshape(_PROBES**2, len(boxes), picture[0, 0].size)
    contrast = (probes.max(axis=0) - probes.min(axis=0)).max(axis=1)
    words = np.cumsum(~drawn)
    inked = np.zeros(len(boxes) + 1, np.bool_)
    inked[words[(contrast >= _MIN_CONTRAST) & drawn]] = True
    return ~inked[words] & drawn


def _kinds(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """What the codes are, shape (N,)."""
    unique, places = np.unique(codes, return_inverse=True)
    return np.fromiter(map(_kind, unique.tolist()), np.uint8, len(unique))[places]


#: Kinds of codes. A format character directs others and is not drawn; meaningless are
#: control characters, surrogates, those for private use and those not assigned.
_LETTER, _SPACE, _FORMAT, _MEANINGLESS, _IMPROBABLE = range(5)


@lru_cache(1 << 16)
def _kind(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    if character.isspace():
        return _SPACE
    if code in (SPLIT, SOFT_HYPHEN):
        return _LETTER
    if code == REPLACEMENT or category in ("Cc", "Cs", "Co", "Cn"):
        return _MEANINGLESS
    if category == "Cf":
        return _FORMAT
    east_asian = any(low <= code <= high for low, high in (_IDEOGRAPHS, _HANGUL))
    return _IMPROBABLE if east_asian and character not in _national_characters() else _LETTER


@lru_cache
def _national_characters() -> frozenset[str]:
    """What KS X 1001, GB 2312, JIS X 0208 and Big5 hold: together 20,000 characters."""
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    pairs = [bytes((lead, trail)) for lead in range(0xA1, 0xFF) for trail in trails]
    encodings = ("euc_kr", "gb2312", "euc_jp", "big5")
    return frozenset(pair.decode(e, "ignore") for e in encodings for pair in pairs)
