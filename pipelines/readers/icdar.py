"""Ground truth of the Robust Reading competitions (https://rrc.cvc.uab.es) -> ocr drafts.

A text file a picture, a line a text. Four formats, each of a whole file:

    x1, y1, x2, y2, "text"              ICDAR 2013, also with spaces for commas
    x1,y1,x2,y2,x3,y3,x4,y4,text        ICDAR 2015, and most sets since
    x1,y1,…,x4,y4,script,text           MLT 2017 and 2019
    x1,y1,…,xn,yn,####text              CTW1500: polygons of any number of corners

A file has the format that most of its lines have, the first of those that fit
equally well: quoted, CTW1500, corners. It is of MLT where every line with
corners goes on with one of that competition's names of scripts and a comma. A
file of ICDAR 2015 each of whose texts begins so would be misread; none is known.

After the last comma of the format all is text, commas too; in ICDAR 2013 a
backslash escapes quotes and backslashes. `###` and `*` stand for a text that
nobody could read; a line without text is refused, for it does not say why.

Coordinates are pixels from 0. Right and bottom of ICDAR 2013 are the last
pixels of the box, as its evaluation counts them (`min(xmax) - max(xmin) + 1`);
corners are points between pixels.

The picture of `gt_X.txt` or `X.txt` is X beside it, at the same place below
the folder of pictures, or at that folder's top. No size is stated, so nothing
says how a picture with an EXIF orientation was seen: it is refused.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage
from pipelines.readers.files import read_whole
from pipelines.readers.lookup import find_picture
from pipelines.readers.ocr import ocr_draft, text_shape
from pipelines.readers.pictures import SUFFIXES, load_picture
from pipelines.readers.shapes import Shape

#: Of MLT 2017 (rrc.cvc.uab.es/?ch=8&com=tasks); Hindi came with 2019 (ch=15).
SCRIPTS = (
    *("Arabic", "Latin", "Chinese", "Japanese", "Korean", "Bangla", "Hindi"),
    *("Symbols", "Mixed", "None"),
)
_ILLEGIBLE = ("###", "*")

_NUMBER = r"[+-]?\d+(?:\.\d*)?"
_QUOTED = re.compile(rf'\s*((?:{_NUMBER}[,\s]\s*){{4}})"(.*)"\s*')
_CURVED = re.compile(rf"\s*((?:{_NUMBER}\s*,\s*){{6,}})####(.*)")
_CORNERS = re.compile(rf"\s*((?:{_NUMBER}\s*,\s*){{8}})(.*)")
_SCRIPT = re.compile(rf"\s*(?:{'|'.join(SCRIPTS)})\s*,(.*)")
_ESCAPE = re.compile(r'\\(["\\])')
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class _Line:
    number: int
    points: tuple[float, ...]
    text: str


def read_icdar(piece: Piece, source: SourceConfig, config: IngestConfig) -> Draft:
    """The picture of a file of ground truth, with its texts. Raises BadInput."""
    data = read_whole(piece.path, config.max_file_bytes)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("bad_encoding", str(error), data) from error
    lines, lacks = _parse(text, piece.name)
    shapes: list[Shape] = []
    for line in lines:
        try:
            shapes.append(_shape(line))
        except BadInput as bad:
            lacks.append(_lost(piece.name, line.number, bad.reason, line.text))
    picture = _picture(piece, source, config)
    return ocr_draft(picture, {source.level: shapes}, piece.name, source.lang, lacks)


def _parse(text: str, name: str) -> tuple[list[_Line], list[Failure | LeftOut]]:
    """The file's lines, and those that are not of its format."""
    numbered = [(k, ln) for k, ln in enumerate(text.split("\n"), start=1) if ln.strip()]
    found = [[p.fullmatch(ln.rstrip("\r")) for _, ln in numbered] for p in _FORMATS]
    matches = max(found, key=lambda ms: sum(m is not None for m in ms))
    if numbered and not any(matches):
        raise BadInput("not_icdar", numbered[0][1][:200])
    lines: list[_Line] = []
    lacks: list[Failure | LeftOut] = []
    for (number, raw), match in zip(numbered, matches, strict=True):
        if match is None:
            lacks.append(_lost(name, number, "bad_line", raw))
            continue
        points = tuple(float(v) for v in re.findall(_NUMBER, match[1]))
        lines.append(_Line(number, points, match[2].strip()))
    if matches is found[0]:
        return [_box(line) for line in lines], lacks
    return (_without_scripts(lines) if matches is found[2] else lines), lacks


_FORMATS = (_QUOTED, _CURVED, _CORNERS)


def _box(line: _Line) -> _Line:
    left, top, right, bottom = line.points
    points = (left, top, right + 1, bottom + 1)
    return _Line(line.number, points, _ESCAPE.sub(r"\1", line.text))


def _without_scripts(lines: list[_Line]) -> list[_Line]:
    scripts = [_SCRIPT.fullmatch(line.text) for line in lines]
    texts = [match[1].strip() for match in scripts if match is not None]
    if len(texts) < len(lines):
        return lines
    return [_Line(ln.number, ln.points, text) for ln, text in zip(lines, texts, strict=True)]


def _shape(line: _Line) -> Shape:
    if len(line.points) % 2:
        raise BadInput("bad_line")
    if not line.text:
        raise BadInput("no_transcription")
    return text_shape(None if line.text in _ILLEGIBLE else line.text, line.points)


def _lost(name: str, number: int, reason: str, text: str) -> Failure:
    return Failure(name, reason, f"line {number}", text[:200], lost="region")


def _picture(piece: Piece, source: SourceConfig, config: IngestConfig) -> RawImage:
    folder, base = posixpath.split(piece.name)
    stem = base[: -len(piece.path.suffix)]
    stems = [stem.removeprefix("gt_"), stem] if stem.startswith("gt_") else [stem]
    suffixes = sorted(s for low in SUFFIXES for s in (low, low.upper()))
    names = [n + s for n in stems for s in suffixes]
    try:
        path = find_picture(source.pictures, *(posixpath.join(folder, n) for n in names), *names)
    except BadInput as bad:
        detail = f"no {stems[0]}.* beside it or in the source's `images:`"
        raise BadInput(bad.reason, detail) from None
    picture = load_picture(path, config)
    if _is_turned(path):
        raise BadInput("image_orientation_unclear", "an EXIF orientation, and no size stated")
    return picture


def _is_turned(path: Path) -> bool:
    """Whether EXIF says that a picture, known to decode, is to be turned."""
    with Image.open(path) as picture:
        return picture.getexif().get(_ORIENTATION, 1) in range(2, 9)
