from __future__ import annotations

import random
import time

import pytest
from PIL import Image

from pipelines.readers import Draft, Failure, LeftOut
from tests.pipelines.readers.reading import huge_png, png, read


def read_html(root, body, head=""):
    (root / "p.html").write_text(f"<!doctype html><html lang=ko><head>{head}</head><body>{body}")
    return read(root, "p.html", "html")


def test_a_page_is_read_in_reading_order(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "b.png").write_bytes(png(colour="blue"))
    body = """<nav><a href=x>Home</a> <a href=y>Products</a></nav><main><h1>Title</h1>
      <p>First <b>paragraph</b> with <span class="menuitem">Tools - Options</span> in it.</p>
      <figure><img src="a.png" alt=" A red  field "><figcaption>Figure 1: red.</figcaption></figure>
      <ol><li>first</li><li>second</li></ol>
      <table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2|3</td></tr></table>
      <pre>for i in x:\n    print(i)</pre><p><img src="b.png"></p><p>The end.</p></main>"""
    (draft,) = read_html(tmp_path, body)
    assert [p.type for p in draft.parts] == ["text", "image", "text", "image", "text"]
    first, middle, last = (p.text for p in draft.parts if p.text)
    assert first == "# Title\n\nFirst paragraph with Tools - Options in it."
    assert middle == (
        "Figure 1: red.\n\n1. first\n2. second\n\n"
        "| x | y |\n| --- | --- |\n| 1 | 2\\|3 |\n\n```\nfor i in x:\n    print(i)\n```"
    )
    assert last == "The end."
    assert [i.alt for i in draft.images] == ["A red field", None]
    assert draft.images[0].data == png()
    assert (draft.lang, draft.bucket, draft.url) == ("ko", "interleaved", "p.html")


def test_real_pages_keep_their_figures_and_lose_their_menus(samples):
    root = samples / "scikit-learn"
    items = read(root, "modules/svm.html", "html")
    draft = next(i for i in items if isinstance(i, Draft))
    text = "\n".join(p.text for p in draft.parts if p.text)
    assert len(draft.images) == 4
    assert text.index("Support Vector Machines") < text.index("1.4.1. Classification")
    assert "Please cite us" not in text
    assert ">>> clf.fit(X, y)" in text
    assert "are:\n\n- Effective in high dimensional spaces.\n- Still effective" in text


def test_one_of_several_hidden_variants_is_shown(samples, tmp_path):
    root = samples / "libreoffice-help"
    (draft,) = [
        d
        for d in read(root, "en-US/text/scalc/guide/rename_table.html", "html")
        if isinstance(d, Draft)
    ]
    text = " ".join(p.text for p in draft.parts if p.text)
    assert "hold down the Alt key and click" in text
    body = "<p>Press <span>the <i>big</i> key<span hidden>, a secret</span></span> and wait a while.</p>"
    (draft,) = read_html(tmp_path, body)
    assert draft.parts[0].text == "Press the big key and wait a while."


def test_a_base_address_is_honoured(samples):
    root = samples / "libreoffice-help"
    items = read(root, "en-US/text/schart/01/smooth_line_properties.html", "html")
    items += read(root, "ko/text/scalc/01/04060107.html", "html")
    found = [i for item in items if isinstance(item, Draft) for i in item.images]
    assert found or any(isinstance(i, LeftOut) for i in items)
    assert not [i for i in items if isinstance(i, Failure)]


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("gone.png", "image_missing"),
        ("../outside.png", "image_missing"),
        ("../../../../etc/passwd", "image_missing"),
        ("link.png", "image_path_outside_source"),
        ("cut.png", "image_broken"),
        ("text.png", "image_unknown_format"),
        ("huge.png", "image_too_many_pixels"),
        ("", "image_without_src"),
        ("http://[bad/x.png", "image_bad_address"),
        ("folder", "image_unreadable"),
    ],
)
def test_a_bad_image_costs_the_image_and_not_the_page(tmp_path, src, reason):
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(png())
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    noise = Image.frombytes("RGB", (99, 99), random.Random(0).randbytes(99 * 99 * 3))
    noise.save(root / "whole.png")
    (root / "cut.png").write_bytes((root / "whole.png").read_bytes()[:9000])
    (root / "text.png").write_text("not a picture")
    (root / "huge.png").write_bytes(huge_png())
    failure, draft = read_html(root, f'<p>Some text.</p><img src="{src}"><p>More text.</p>')
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.lost, failure.path) == (reason, "image", "p.html")
    assert isinstance(draft, Draft)
    assert not draft.images


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("https://a.example/x.png", "remote"),
        ("data:image/png;base64,AA", "inline"),
        ("i.svg", "svg"),
    ],
)
def test_images_that_are_not_inputs_are_counted(tmp_path, src, reason):
    left_out, _ = read_html(tmp_path, f'<p>Some text.</p><img src="{src}">')
    assert left_out == LeftOut("images", reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_page"),
        (b"  \n", "empty_page"),
        (b"<html><body></body></html>", "empty_page"),
        (b"plain words without a tag", "not_html"),
        (png(), "not_html"),
        (b"<p>caf\xe9 in latin-1 but it says nothing</p>", "bad_encoding"),
        (b"<div>" * 5000 + b"deep", "nested_too_deep"),
        (b"<p>x</p>" * 30_000, "file_too_large"),
    ],
)
def test_a_bad_page_has_its_reason(tmp_path, data, reason):
    (tmp_path / "p.html").write_bytes(data)
    (failure,) = read(tmp_path, "p.html", "html", max_file_bytes=200_000)
    assert (failure.reason, failure.lost) == (reason, "row")
    assert failure.head == data[:64]


def test_a_deep_page_is_refused_in_no_time(tmp_path):
    (tmp_path / "p.html").write_bytes(b"<div>" * 400_000)
    started = time.process_time()
    (failure,) = read(tmp_path, "p.html", "html")
    assert failure.reason == "nested_too_deep"
    assert time.process_time() - started < 5


def test_many_unclosed_paragraphs_are_not_deep(tmp_path):
    (draft,) = read_html(tmp_path, "<main>" + "<p>A paragraph of some words.<br>\n" * 3000)
    assert isinstance(draft, Draft)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "euc-kr", "utf-16"])
def test_declared_encodings_are_read(tmp_path, encoding):
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    page = (
        f'<html><head><meta charset="{name}"></head><body><p>한국어 문서입니다.</p></body></html>'
    )
    (tmp_path / "p.html").write_bytes(page.encode(encoding))
    (draft,) = read(tmp_path, "p.html", "html")
    assert draft.parts[0].text == "한국어 문서입니다."


def test_marks_of_ours_in_a_page_are_removed(tmp_path):
    (draft,) = read_html(tmp_path, "<p>A \ue0005\ue002 B \ue0019\ue002 C.</p>")
    assert draft.parts[0].text == "A 5 B 9 C."
