from __future__ import annotations

import gzip
import io
import json
import random
import zlib

import pytest
from fastwarc.stream_io import BrotliWriter, GzipWriter, ZstdWriter
from fastwarc.warc import WarcRecord, WarcRecordType

from pipelines.readers import Draft, Failure, LeftOut
from tests.pipelines.readers.packages import npm
from tests.pipelines.readers.reading import png, read

PAGE = (
    b"<!doctype html><html lang=en><body><main><p>A page of some words.</p>%s</main></body></html>"
)


def response(
    address, content_type, body, status="200 OK", headers=(), kind=WarcRecordType.response
):
    record = WarcRecord()
    record.init_headers(kind, content_length=0)
    record.headers["WARC-Target-URI"] = address
    record.is_http = True
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", *headers, "", ""]
    record.set_bytes_content("\r\n".join(lines).encode() + body)
    return record


def page(address="https://a.example/p.html", body=b"", content_type="text/html", **fields):
    return response(address, content_type, PAGE % body, **fields)


def archive(*records, compress=True):
    out = io.BytesIO()
    if not compress:
        for record in records:
            record.write(out)
        return out.getvalue()
    writer = GzipWriter(out)
    for record in records:
        record.write(writer)
        writer.finish()
    writer.flush()
    return out.getvalue()


def read_archive(root, data, name="a.warc.gz", **config):
    (root / name).write_bytes(data)
    return read(root, name, "warc", **config)


def drafts(items):
    return [item for item in items if isinstance(item, Draft)]


def failures(items):
    return [item for item in items if isinstance(item, Failure)]


@pytest.mark.parametrize("compress", [True, False])
def test_a_page_finds_its_images_before_and_after_it(tmp_path, compress):
    body = b'<img src="/i/a%20b.png" alt="one"><img src="http://a.example/c.png?x=1#f"><p>End of it.</p>'
    data = archive(
        response("https://a.example/i/a b.png", "image/png", png()),
        page(body=body),
        response("https://a.example/c.png?x=1", "Image/PNG", png(colour="blue")),
        compress=compress,
    )
    items = read_archive(tmp_path, data, "a.warc.gz" if compress else "a.warc")
    draft = items[-1]
    assert items[:-1] == [LeftOut("records", "image")] * 2
    assert [p.type for p in draft.parts] == ["text", "image", "image", "text"]
    assert [i.data for i in draft.images] == [png(), png(colour="blue")]
    assert draft.images[0].alt == "one"
    assert draft.url.startswith(
        "a.warc.gz#https://a.example/p.html@" if compress else "a.warc#https://a.example/p.html@"
    )


def test_the_same_page_twice_is_two_rows(tmp_path):
    first, second = read_archive(tmp_path, archive(page(), page()))
    assert first.url != second.url


def test_other_records_are_counted_by_what_they_are(tmp_path):
    records = [
        response("https://a.example/r", "text/html", b"", status="301 Moved"),
        response("https://a.example/e", "text/html", b"gone", status="404 Not Found"),
        response("https://a.example/s.js", "text/javascript", b"var x"),
        page(kind=WarcRecordType.revisit),
        page(kind=WarcRecordType.resource),
        page(kind=WarcRecordType.request),
    ]
    items = read_archive(tmp_path, archive(*records, page()))
    reasons = [i.reason for i in items if isinstance(i, LeftOut)]
    assert reasons == ["status_3xx", "status_4xx", "not_html", "revisit", "resource", "request"]
    assert len(drafts(items)) == 1


@pytest.mark.parametrize(
    ("src", "reason"),
    [("https://b.example/x.png", "not_in_archive"), ("v", "svg"), ("v.svg", "svg")],
)
def test_images_that_are_not_there_are_counted(tmp_path, src, reason):
    svg = response("https://a.example/v", "image/svg+xml", b"<svg/>")
    items = read_archive(tmp_path, archive(svg, page(body=f'<img src="{src}">'.encode())))
    assert LeftOut("images", reason) in items
    assert not drafts(items)[0].images


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"not a picture", (), "image_unknown_format"),
        (png()[:-30], (), "image_broken"),
        (png(900, 900, "red") + bytes(100_000), (), "image_too_large"),
        (gzip.compress(png())[:-10], ("Content-Encoding: gzip",), "image_bad_content_encoding"),
    ],
)
def test_a_bad_image_costs_the_image_and_not_the_page(tmp_path, body, headers, reason):
    image = response("https://a.example/x.png", "image/png", body, headers=headers)
    data = archive(page(body=b'<img src="x.png">'), image)
    items = read_archive(tmp_path, data, max_image_bytes=50_000)
    assert [(f.reason, f.lost) for f in failures(items)] == [(reason, "image")]
    assert len(drafts(items)) == 1


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/html; charset=EUC-KR", "cp949"),
        ('text/html;charset="shift_jis"', "cp932"),
        ("text/html", "utf-8"),
        ("application/xhtml+xml; charset=utf-8", "utf-8"),
    ],
)
def test_the_charset_of_the_header_counts(tmp_path, content_type, encoding):
    text = "日本語の文章です。" if encoding == "cp932" else "한국어 문서입니다."
    body = f"<html><body><p>{text}</p></body></html>".encode(encoding)
    (draft,) = read_archive(tmp_path, archive(response("https://a.example", content_type, body)))
    assert draft.parts[0].text == text


def packed(writer, data):
    out = io.BytesIO()
    stream = writer(out)
    stream.write(data)
    stream.close()
    return out.getvalue()


def raw_deflate(data):
    encoder = zlib.compressobj(wbits=-15)
    return encoder.compress(data) + encoder.flush()


def chunked(data):
    half = len(data) // 2
    parts = (data[:half], data[half:], b"")
    return b"".join(b"%x;name=1\r\n%s\r\n" % (len(p), p) for p in parts)


WHOLE = PAGE % b""


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(WHOLE), ("Content-Encoding: gzip",)),
        (zlib.compress(WHOLE), ("Content-Encoding: deflate",)),
        (raw_deflate(WHOLE), ("Content-Encoding: deflate",)),
        (packed(BrotliWriter, WHOLE), ("Content-Encoding: br",)),
        (packed(ZstdWriter, WHOLE), ("Content-Encoding: zstd",)),
        (chunked(WHOLE), ("Transfer-Encoding: chunked",)),
        (chunked(gzip.compress(WHOLE)), ("Transfer-Encoding: chunked", "Content-Encoding: gzip")),
        # Crawlers decode, and keep the header.
        (WHOLE, ("Content-Encoding: gzip",)),
        (WHOLE, ("Content-Encoding: br",)),
        (WHOLE, ("Transfer-Encoding: chunked",)),
    ],
)
def test_content_and_transfer_codings_are_undone(tmp_path, body, headers):
    data = archive(response("https://a.example", "text/html", body, headers=headers))
    (draft,) = read_archive(tmp_path, data)
    assert draft.parts[0].text == "A page of some words."


BOMB = bytes(200 << 20)


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"<p>x</p>" * 30_000, (), "file_too_large"),
        (gzip.compress(BOMB, 1), ("Content-Encoding: gzip",), "file_too_large"),
        (packed(BrotliWriter, BOMB), ("Content-Encoding: br",), "file_too_large"),
        (gzip.compress(WHOLE)[:-9], ("Content-Encoding: gzip",), "bad_content_encoding"),
        (b"\x78nonsense", ("Content-Encoding: deflate",), "bad_content_encoding"),
        (b"nonsense", ("Content-Encoding: br",), "bad_content_encoding"),
        (b"nonsense", ("Content-Encoding: zip",), "bad_content_encoding"),
        (chunked(WHOLE)[:60], ("Transfer-Encoding: chunked",), "bad_content_encoding"),
        (b"", (), "empty_page"),
        (b"plain words", (), "not_html"),
        (b"<p>caf\xe9</p>", (), "bad_encoding"),
    ],
)
def test_a_bad_page_costs_itself_alone(tmp_path, body, headers, reason):
    bad = response("https://a.example/bad", "text/html", body, headers=headers)
    data = archive(page(), bad, page())
    items = read_archive(tmp_path, data, max_file_bytes=200_000, max_memory=1 << 28)
    assert [type(item) for item in items] == [Draft, Failure, Draft]
    assert (items[1].reason, items[1].lost) == (reason, "row")
    assert items[1].place.startswith("record at byte ")


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("left", [5, 300, 700, 2500])
def test_a_cut_archive_gives_what_is_before_the_cut(tmp_path, compress, left):
    noise = json.dumps(list(range(2000))).encode()
    first = archive(page(), page(), compress=compress)
    data = first + archive(page(body=noise), compress=compress)[:left]
    items = read_archive(tmp_path, data, "a.warc.gz" if compress else "a.warc")
    rows = [item for item in items if not isinstance(item, LeftOut)]
    assert [type(item) for item in rows[:2]] == [Draft, Draft]
    assert rows[2:] == failures(items) != []
    reasons = {"record_truncated", "warc_truncated", "warc_broken"}
    assert {f.reason for f in failures(items)} <= reasons


def test_a_record_with_broken_bytes_is_named(tmp_path):
    noise = random.Random(0).randbytes(800_000)
    first, bad = archive(page()), bytearray(archive(page(body=noise)))
    bad[600_000:600_100] = bytes(100)
    good, *rest = read_archive(tmp_path, first + bad + first)
    assert isinstance(good, Draft)
    assert rest == failures(rest) != []
    assert {f.reason for f in rest} <= {"record_broken", "warc_broken"}


def test_a_broken_record_ends_the_archive(tmp_path):
    data = archive(page(), page())
    (*before, failure) = read_archive(tmp_path, data + b"garbage " * 20 + archive(page()))
    assert [type(item) for item in before] == [Draft, Draft]
    assert (failure.reason, failure.place) == ("warc_broken", "the rest of the file")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not an archive at all " * 10, "warc_broken"),
        (gzip.compress(archive(page(), page(), page(), compress=False)), "not_gzip_by_record"),
        (b"", "warc_truncated"),
    ],
)
def test_what_is_no_archive_has_its_reason(tmp_path, data, reason):
    (failure,) = read_archive(tmp_path, data)
    assert (failure.reason, failure.lost) == (reason, "row")


def test_an_archive_of_real_pages_gives_what_their_folder_does(samples, tmp_path):
    root = samples / "scikit-learn"
    names = ("modules/svm.html", "modules/tree.html", "auto_examples/svm/plot_svm_margin.html")
    site = "https://scikit-learn.example/stable/"
    records = [page()]
    for path in sorted((root / "_images").glob("*.png"))[::-1]:
        records.append(response(f"{site}_images/{path.name}", "image/png", path.read_bytes()))
    for name in names:
        records.append(response(site + name, "text/html", (root / name).read_bytes()))
    found = drafts(read_archive(tmp_path, archive(*records)))[1:]
    expected = [drafts(read(root, name, "html"))[0] for name in names]
    assert [d.parts for d in found] == [d.parts for d in expected]
    assert [d.images for d in found] == [d.images for d in expected]
    assert [d.targets for d in found] == [d.targets for d in expected]
    assert sum(len(d.images) for d in found) > 8


def test_an_excerpt_of_common_crawl_is_read():
    folder = npm(
        "warc", "1.0.1", "30581310d525b655cdcd962b5afdf92d9eef03b91151b720ad3d8ea5f36f8df4"
    )
    (path,) = folder.rglob("CC-MAIN-*.warc")
    items = read(path.parent, path.name, "warc")
    pages = drafts(items)
    assert [d.url.split("@")[-1] for d in pages] == ["3675", "12786", "237506"]
    assert not failures(items)
    assert LeftOut("images", "not_in_archive") in items
    assert [i.reason for i in items if isinstance(i, LeftOut)][:3] == [
        "warcinfo",
        "request",
        "not_html",
    ]
