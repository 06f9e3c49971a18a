from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import READERS, Draft, Failure, Piece, Row
from tests.pipelines.readers.packages import debian, ocrmypdf_pdfs
from tests.pipelines.readers.packages import npm as npm_package
from tests.pipelines.readers.reading import read


@pytest.fixture(scope="module")
def korean() -> Path:
    """Manuals in Korean, made by TeX."""
    return debian("texlive-lang-korean") / "usr/share/doc/texlive-doc/latex"


@pytest.fixture(scope="module")
def papers() -> Path:
    """Scientific papers in two columns."""
    sha256 = "ebca13fce97da77fd529f570188aee0fa696d00aac335914cef87d62ac2ac1b1"
    return npm_package("pdf-parse", "1.1.1", sha256) / "package/test/data"


@pytest.fixture(scope="module")
def hostile() -> Path:
    """What ocrmypdf is tested with: scans, broken fonts, forms, OCR."""
    return ocrmypdf_pdfs()


def write_pdf(path, content, page="", mapping=None, trailer="", box="0 0 200 100"):
    """One page, drawn by `content`; F is Helvetica, its codes mean what `mapping` says."""
    pairs = "".join(
        f"<{ord(k):02x}> <{v.encode('utf-16-be').hex()}>\n" for k, v in (mapping or {}).items()
    )
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(mapping or {})} beginbfchar\n{pairs}endbfchar endcmap end end"
    )
    names = "/ToUnicode 5 0 R" if mapping else ""
    square = "q 200 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"
    bodies = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R{page}"
        f"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica{names}>>>>>>>>",
        *(
            f"<</Length {len(s)}>>stream\n{s}\nendstream"
            for s in (content.replace("SQUARE", square), table)
        ),
    ]
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(data)
    data += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(bodies) + 1
    data += f"trailer<</Root 1 0 R/Size {size}{trailer}>>\nstartxref\n{start}\n%%EOF".encode()
    path.write_bytes(data)


def text(string, x=20, y=50, before=""):
    return f"BT {before} /F 12 Tf {x} {y} Td ({string}) Tj ET\n"


def read_page(tmp_path, content, **options):
    config = {k: options.pop(k) for k in ("pdf_dpi", "max_image_pixels") if k in options}
    write_pdf(tmp_path / "a.pdf", content, **options)
    (draft,) = read(tmp_path, "a.pdf", "pdf", **config)
    return draft


def read_pages(path, *numbers, **config):
    """Some pages of a long file, without the work for the others."""
    source = SourceConfig(name="s", kind="pdf", path=path.parent)
    piece = Piece(0, path, path.name, 0, path.stat().st_size)
    rows = READERS["pdf"].rows(piece, source, IngestConfig(**config))
    return [row.read() for row in rows if isinstance(row, Row) and row.place in numbers]


def regions(draft, level):
    return [r for r in draft.regions.to_pylist() if r["level"] == level]


def labels(draft, level):
    return [r["label"] for r in regions(draft, level)]


def picture(draft):
    return Image.open(io.BytesIO(draft.images[0].data))


def inside(draft, region):
    """The part of the picture that a region covers."""
    height, width = draft.images[0].height, draft.images[0].width
    x1, y1, x2, y2 = (
        edge * side / 1000 for edge, side in zip(region["box"], (width, height) * 2, strict=True)
    )
    return slice(int(y1), int(np.ceil(y2))), slice(int(x1), int(np.ceil(x2)))


def test_a_page_gives_its_picture_and_its_text(tmp_path):
    content = text("Hello big world", y=60) + text("Second line", y=44) + text("Far below", y=10)
    draft = read_page(tmp_path, content)
    assert (draft.bucket, draft.lang, draft.url) == ("document", None, "a.pdf#page=1")
    assert draft.targets == {"page": "1", "pages": "1", "text_layer": "full"}
    assert [p.type for p in draft.parts] == ["image", "text"]
    assert draft.parts[1].text == "Hello big world\nSecond line\n\nFar below"
    assert "".join(labels(draft, "char")) == "HellobigworldSecondlineFarbelow"
    assert labels(draft, "word") == ["Hello", "big", "world", "Second", "line", "Far", "below"]
    assert labels(draft, "line") == ["Hello big world", "Second line", "Far below"]
    assert labels(draft, "block") == ["Hello big world\nSecond line", "Far below"]
    assert (draft.images[0].width, draft.images[0].height) == (400, 200)


@pytest.mark.parametrize("crop", [None, (100, 150, 500, 700)])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_lie_on_the_ink_of_a_real_page_whatever_way_up(korean, tmp_path, rotation, crop):
    path = tmp_path / "turned.pdf"
    with pdfium.PdfDocument(korean / "lshort-korean/lshort-ko.pdf") as whole:
        turned = pdfium.PdfDocument.new()
        turned.import_pages(whole, [3])
        page = turned[0]
        page.set_rotation(rotation)
        if crop:
            page.set_cropbox(*crop)
        page.close()
        turned.save(path)
        turned.close()
    (draft,) = read(tmp_path, "turned.pdf", "pdf")
    ink = np.asarray(picture(draft).convert("L")) < 160
    assert len(regions(draft, "char")) > 2000
    empty = [r["label"] for r in regions(draft, "char") if not ink[inside(draft, r)].any()]
    assert len(empty) < 0.01 * len(regions(draft, "char"))
    left = ink.copy()
    for region in regions(draft, "word"):
        left[inside(draft, region)] = False
    # The rule below the running title is no text.
    assert left.sum() < 0.02 * ink.sum()
    assert "한다면 소스코드를 https://github.com/oetiker/lsho" in draft.parts[1].text
    assert any(label.startswith("Carl Cerecke, Mike Chap") for label in labels(draft, "line"))


def test_a_user_unit_changes_no_box(tmp_path):
    plain = read_page(tmp_path, text("Unit"))
    scaled = read_page(tmp_path, text("Unit"), page="/UserUnit 2")
    assert scaled.regions == plain.regions
    assert scaled.images == plain.images


def test_a_real_page_in_two_columns_is_read_column_by_column(papers):
    (draft,) = read_pages(papers / "01-valid.pdf", "page 1")
    whole = draft.parts[1].text
    parts = ["Abstract", "1. Introduction", "Permission to make", "and is used for the application"]
    places = [whole.index(p) for p in parts]
    assert places == sorted(places)
    assert "are more difficult to compile\nthan statically typed ones" in whole
    assert "David Anderson∗, David Mandelin∗,\nMohammad R. Haghighat" in whole
    assert any(label.endswith("are more difficult to com-") for label in labels(draft, "line"))


def test_a_real_korean_page_has_its_syllables(korean):
    (draft,) = read_pages(korean / "lshort-korean/lshort-ko.pdf", "page 59")
    assert "필요할 때가 있다. 이럴 때는 \\big, \\Big, \\bigg, \\Bigg 명령을" in draft.parts[1].text
    assert labels(draft, "char").count("다") > 10
    illegible = [r for r in draft.regions.to_pylist() if "illegible" in r["flags"]]
    assert {r["label"] for r in illegible if r["level"] == "char"} == {"\ufffd"}
    assert all(("\ufffd" in r["label"]) == bool(r["flags"]) for r in draft.regions.to_pylist())


def test_a_scan_has_no_text(hostile):
    (draft,) = read(hostile, "linn.pdf", "pdf")
    assert [p.type for p in draft.parts] == ["image"]
    assert (draft.targets["text_layer"], draft.regions) == ("none", None)
    assert picture(draft).mode == "L"


def test_text_behind_a_real_picture_is_kept_as_ocr_and_is_no_label(hostile):
    (draft,) = read(hostile, "graph_ocred.pdf", "pdf")
    assert ([p.type for p in draft.parts], draft.regions) == (["image"], None)
    assert draft.targets["text_layer"] == "ocr"
    assert "Oppose" in draft.targets["ocr_text"]


@pytest.mark.parametrize(
    "content",
    [
        text("Hidden words", before="3 Tr"),
        text("Hidden words", before="1 g"),
        text("Hidden words") + "SQUARE",
    ],
)
def test_text_that_the_picture_does_not_show_is_no_truth(tmp_path, content):
    draft = read_page(tmp_path, content)
    assert (draft.targets["text_layer"], draft.targets["ocr_text"]) == ("ocr", "Hidden words")
    assert draft.regions is None


@pytest.mark.parametrize(
    "content",
    ["SQUARE " + text("Shown words"), "q " + text("Shown words", before="7 Tr") + "SQUARE Q"],
)
def test_text_on_a_picture_and_text_cut_out_of_one_are_truth(tmp_path, content):
    draft = read_page(tmp_path, content)
    assert (draft.targets["text_layer"], draft.parts[1].text) == ("full", "Shown words")


def test_a_few_hidden_characters_leave_a_page_full(tmp_path):
    shown = text("A line that is long enough for it.")
    draft = read_page(tmp_path, shown + text("no", y=10, before="3 Tr"))
    assert draft.parts[1].text == "A line that is long enough for it."


def test_an_unreadable_character_is_marked_and_many_are_damage(tmp_path):
    words = "Formulas have brackets of many pieces and others have words \\(Z\\)"
    few = read_page(tmp_path, text(words, x=2, before="40 Tz"), mapping={"Z": "\uf8ef"})
    assert (
        few.parts[1].text == "Formulas have brackets of many pieces and others have words (\ufffd)"
    )
    marked = [(r["level"], r["label"]) for r in few.regions.to_pylist() if r["flags"]]
    assert marked[:2] == [("char", "\ufffd"), ("word", "(\ufffd)")]
    many = read_page(tmp_path, text("aZbZ"), mapping={"Z": "\uf8ef"})
    assert many.targets["text_layer"] == "damaged"
    assert ([p.type for p in many.parts], many.regions) == (["image"], None)


def test_real_fonts_with_false_tables_are_damage(hostile, korean):
    (swapped,) = read(hostile, "cmyk.pdf", "pdf")
    (unnamed,) = read(hostile, "type3_font_nomapping.pdf", "pdf")
    (shifted,) = read_pages(korean / "kotex-utf/kotex-doc.pdf", "page 3")
    for draft in (swapped, unnamed, shifted):
        assert draft.targets["text_layer"] == "damaged"


@pytest.mark.parametrize(
    ("mapping", "characters"),
    [
        ({"X": "\U0001d49c"}, ["a", "\U0001d49c", "b"]),
        ({"X": "ffi"}, ["a", "ffi", "b"]),
        ({"X": "\u0301"}, ["a\u0301", "b"]),
        ({"a": "\u1112", "X": "\u119e"}, ["\u1112\u119e", "b"]),
        ({"X": "\u200b"}, ["a", "b"]),
    ],
)
def test_what_is_seen_as_one_character_is_one(tmp_path, mapping, characters):
    draft = read_page(tmp_path, text("aXb"), mapping=mapping)
    assert labels(draft, "char") == characters
    assert labels(draft, "word") == ["".join(characters)]


def test_a_word_split_by_a_hyphen_is_whole_in_the_text_and_split_in_the_lines(tmp_path):
    lines = ("we wrote a para-", "graph in Anglo-", "Saxon and more")
    content = "".join(text(t, y=70 - 14 * i) for i, t in enumerate(lines))
    draft = read_page(tmp_path, content)
    assert draft.parts[1].text == "we wrote a paragraph\nin Anglo-Saxon\nand more"
    assert labels(draft, "line") == list(lines)
    assert labels(draft, "word")[3:5] == ["para-", "graph"]


def test_cells_of_a_row_are_lines_of_their_own_and_exponents_are_not(tmp_path):
    cells = text("left", x=10) + text("right", x=140)
    assert labels(read_page(tmp_path, cells), "line") == ["left", "right"]
    power = "BT /F 12 Tf 20 50 Td (E=mc) Tj 5 Ts /F 8 Tf (2) Tj 0 Ts /F 12 Tf (, he said) Tj ET"
    draft = read_page(tmp_path, power)
    assert labels(draft, "word") == ["E=mc2,", "he", "said"]
    assert labels(draft, "line") == ["E=mc2, he said"]


def test_text_on_its_side_makes_lines(tmp_path):
    content = "BT /F 12 Tf 0 1 -1 0 100 2 Tm (it runs up a b) Tj 0 -14 Td (ill) Tj ET"
    draft = read_page(tmp_path, content)
    assert labels(draft, "line") == ["it runs up a b", "ill"]
    assert labels(draft, "block") == ["it runs up a b\nill"]


_LINES = ("First line of words", "Second one here", "Third line again now", "Fourth line ends it")
#: Text matrices by the way that text runs on a page of 200 points by 200.
_WAYS = {
    "right": "1 0 0 1 40 150",
    "up": "0 1 -1 0 60 30",
    "left": "-1 0 0 -1 170 60",
    "down": "0 -1 1 0 140 170",
}


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_lines_are_in_reading_order_whatever_way_they_run(tmp_path, rotation, way):
    lines = "".join(f"({line}) Tj T* " for line in _LINES)
    content = f"BT /F 12 Tf {_WAYS[way]} Tm 14 TL {lines} ET"
    draft = read_page(tmp_path, content, page=f"/Rotate {rotation}", box="0 0 200 200")
    assert draft.parts[1].text == "\n".join(_LINES)
    assert labels(draft, "block") == ["\n".join(_LINES)]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_lines_of_several_pieces_are_in_reading_order(tmp_path, rotation):
    pieces = text("Hello ", y=80) + text("big", x=54, y=80) + text("W", x=76, y=80)
    pieces += text("orld", x=87.3, y=80) + text("second", y=66) + text("line", x=64, y=66)
    glyphs = "".join(text(c, x=20 + 6.67 * i, y=52) for i, c in enumerate("bounded"))
    page = f"/Rotate {rotation}"
    draft = read_page(tmp_path, pieces + glyphs + text("all of it", y=38), page=page)
    assert labels(draft, "line") == ["Hello big World", "second line", "bounded", "all of it"]
    assert draft.parts[1].text == "\n".join(labels(draft, "line"))
    assert labels(draft, "word")[:3] == ["Hello", "big", "World"]


@pytest.mark.parametrize("rotation", [90, 180])
def test_words_between_which_nothing_is_known_are_apart(tmp_path, rotation):
    cells = text("left", x=10) + text("right", x=140)
    draft = read_page(tmp_path, cells, page=f"/Rotate {rotation}")
    assert labels(draft, "line") == ["left", "right"]


def test_characters_beside_the_page_are_no_labels(tmp_path):
    draft = read_page(tmp_path, text("Cut here at the edge", x=150) + text("Out", y=300))
    assert draft.parts[1].text.startswith("Cut here")
    assert "edge" not in draft.parts[1].text
    assert "Out" not in draft.parts[1].text
    assert max(r["box"][2] for r in draft.regions.to_pylist()) <= 1000


@pytest.mark.parametrize(("colour", "mode"), [("0 g", "L"), ("1 0 0 rg", "RGB")])
def test_the_picture_is_what_pdfium_draws(tmp_path, colour, mode):
    draft = read_page(tmp_path, text("Words", before=colour), pdf_dpi=100)
    seen = picture(draft)
    assert (seen.mode, draft.images[0].format) == (mode, "png")
    with pdfium.PdfDocument(tmp_path / "a.pdf") as document:
        drawn = document[0].render(scale=100 / 72, rev_byteorder=True).to_numpy()
        assert np.array_equal(np.asarray(seen.convert("RGB")), drawn)


def test_a_form_is_drawn(hostile):
    (draft,) = read(hostile, "acroform.pdf", "pdf")
    assert np.asarray(picture(draft).convert("L")).min() < 50


def test_a_huge_page_is_drawn_with_fewer_pixels(hostile, tmp_path):
    (draft,) = read(hostile, "hugemono.pdf", "pdf", max_image_pixels=1_000_000)
    size = draft.images[0].width * draft.images[0].height
    assert 0.97e6 < size <= 1e6
    strip = read_page(tmp_path, "", box="0 0 0.01 14400", max_image_pixels=1000)
    assert strip.images[0].width * strip.images[0].height <= 1000


def test_bad_files_have_their_reasons(hostile, tmp_path):
    (tmp_path / "not.pdf").write_bytes(b"Hello, no PDF")
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj <<")
    key = f"<{'00' * 32}>"
    lock = f"/Encrypt<</Filter/Standard/V 1/R 2/O{key}/U{key}/P -4>>/ID[<00><00>]"
    write_pdf(tmp_path / "locked.pdf", "", trailer=lock)
    write_pdf(tmp_path / "foreign.pdf", "", trailer=lock.replace("Standard", "Other"))
    found = {p.name: read(tmp_path, p.name, "pdf") for p in tmp_path.iterdir()}
    (hostile_failure,) = read(hostile, "invalid.pdf", "pdf")
    (large,) = read(tmp_path, "not.pdf", "pdf", max_index_bytes=10)
    assert {name: failure.reason for name, (failure,) in found.items()} == {
        "not.pdf": "not_pdf",
        "empty.pdf": "not_pdf",
        "cut.pdf": "pdf_broken",
        "locked.pdf": "pdf_encrypted",
        "foreign.pdf": "pdf_encrypted",
    }
    assert (hostile_failure.reason, large.reason) == ("pdf_broken", "file_too_large")


def test_a_bad_page_costs_that_page(tmp_path):
    write_pdf(tmp_path / "a.pdf", text("Good"))
    data = (tmp_path / "a.pdf").read_bytes()
    bad = data.replace(b"Kids[3 0 R]/Count 1", b"Kids[9 0 R 3 0 R]/Count 2")
    (tmp_path / "a.pdf").write_bytes(bad)
    failure, draft = read(tmp_path, "a.pdf", "pdf")
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.place, failure.lost) == ("page_broken", "page 1", "row")
    assert isinstance(draft, Draft)
    assert draft.parts[1].text == "Good"
    (tmp_path / "b.pdf").write_bytes(data.replace(b"Kids[3 0 R]/Count 1", b"Kids[]/Count 0     "))
    (none,) = read(tmp_path, "b.pdf", "pdf")
    assert none.reason == "pdf_broken"


def test_memory_stays_flat_over_many_pages(korean):
    path = korean / "lshort-korean/lshort-ko.pdf"
    source = SourceConfig(name="s", kind="pdf", path=path.parent)
    piece = Piece(0, path, path.name, 0, path.stat().st_size)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def read_all() -> int:
        rows = READERS["pdf"].rows(piece, source, IngestConfig(pdf_dpi=36))
        for row in itertools.islice(rows, 60):
            row.read()
        return resident()

    before = read_all()
    assert read_all() < before + (16 << 20)
