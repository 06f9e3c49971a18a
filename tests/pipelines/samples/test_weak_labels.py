"""Weak labels: what is held out, and texts read from the files of real packages."""

from __future__ import annotations

import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import FIELDS, GRADES
from pipelines.samples.weak_labels import package_kinds, translated_descriptions
from pipelines.samples.weak_sources import SPLIT_SOURCES
from pipelines.samples.weak_texts import MAX_CHARACTERS, MIN_CHARACTERS, READERS, cut, passages
from tests.pipelines.readers.packages import debian

SOURCES = [source for sources in SPLIT_SOURCES.values() for source in sources]


def test_no_package_is_in_two_splits():
    packages = {split: {s.package for s in of} for split, of in SPLIT_SOURCES.items()}
    assert sum(map(len, packages.values())) == len(set.union(*packages.values()))


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{s.package} {s.reader}")
def test_every_source_has_a_reader_and_a_label(source):
    assert re.compile(source.files)
    assert source.reader in READERS
    assert source.education in GRADES
    assert source.field in (None, *FIELDS)


@given(st.lists(st.integers(0, 3000), max_size=12))
def test_passages_are_bounded_and_keep_their_paragraphs_whole(lengths):
    paragraphs = ["x" * n for n in lengths]
    for passage in cut("\n\n".join(paragraphs)):
        assert MIN_CHARACTERS <= len(passage) <= 2 * MAX_CHARACTERS
        found = passage.split("\n\n")
        assert all(p in paragraphs for p in found[:-1])
        assert len(found) == 1 or len(passage) <= MAX_CHARACTERS


PROSE = "Every body keeps its motion unless a force changes it, says the first law. " * 4


@pytest.mark.parametrize(
    ("reader", "data"),
    [
        ("plain", f"```js\nlet x = 1\n```\n{PROSE}\n%\n"),
        ("tex", f"% note\n\\section{{Motion}} {PROSE} $x^2$ \\emph{{law}} \\verb|code|"),
        ("man", f'.TH MOTION 1\n.SH NAME\n{PROSE}\n.\\" note\n\\fBbold\\fR'),
        ("docbook", f"<article><title>T</title><para>{PROSE}</para></article>"),
        ("page", f"<body><nav>Home</nav><pre>x = 1</pre><main><p>{PROSE}</p></main></body>"),
    ],
)
def test_markup_does_not_reach_a_passage(reader, data):
    (passage,) = passages(data.encode(), "file", reader)
    assert PROSE.strip() in passage
    assert not re.search(r"let x|x = 1|[\\${}<>%]|note|\.SH", passage)


def test_a_package_of_physics_gives_texts_in_its_languages():
    root = debian("step") / "usr" / "share"
    pages = root / "step" / "objinfo" / "l10n"
    text = {
        lang: " ".join(
            p
            for f in (pages / lang).glob("*.html")
            for p in passages(f.read_bytes(), f.name, "page")
        )
        for lang in ("es", "de")
    }
    assert "partículas" in text["es"]
    assert "Gravitationskraft" in text["de"]
    catalogue = root / "locale" / "ko" / "LC_MESSAGES" / "step.mo"
    labels = list(passages(catalogue.read_bytes(), catalogue.name, "short_messages"))
    assert any("속도" in passage for passage in labels)
    assert all("Project-Id-Version" not in passage for passage in labels)


def test_packed_files_are_unpacked_and_broken_ones_have_no_passages():
    packed = gzip.compress(PROSE.encode())
    assert list(passages(packed, "a.gz", "plain")) == [PROSE.strip()]
    assert list(passages(packed[:20], "a.gz", "plain")) == []
    assert list(passages(b"not a catalogue", "a.mo", "long_messages")) == []
    assert list(passages(b"{", "a.json", "json_messages")) == []
    assert list(passages(b"PK", "a.jar", "page_archive")) == []


AVAILABLE = """\
Package: gsl
Section: math
Tag: field::mathematics, role::program

Package: chess
Section: games
Tag: game::board

Package: both
Section: science
Tag: field::physics, field::chemistry

Package: plain
Section: utils
"""


def test_only_packages_of_one_clear_field_are_labelled():
    assert dict(package_kinds(AVAILABLE)) == {"gsl": (2, "mathematics"), "chess": (1, "none")}


def test_a_description_loses_the_archives_own_marks():
    entry = (
        "Package: gsl\nDescription-md5: 0\nDescription-ko: 과학 라이브러리\n 첫 줄\n .\n 둘째 줄\n"
    )
    ((package, text),) = translated_descriptions(entry)
    assert package == "gsl"
    assert text.split("\n") == ["과학 라이브러리", "첫 줄", "", "둘째 줄", ""]
