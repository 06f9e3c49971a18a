"""Rows of texts and pictures in reading order -> interleaved drafts.

    OBELICS, MINT-1T  texts and images, two lists of one length: at each place one of them
    MMC4              text_list, and image_info: each picture with the text it belongs to

A picture that is remote is left out and counted; one that is missing or broken
is an error that costs the picture. The text stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, Failure, LeftOut, Piece, RawImage
from pipelines.readers.row_images import is_remote, load_given
from pipelines.readers.rows import Record, row_lang, row_url
from records import Part

FIELDS = ("id", "lang", "texts", "images", "metadata", "text_list", "image_info")

#: Gives the picture that a row names. Raises BadInput.
Find = Callable[[Any], RawImage]


@dataclass(frozen=True)
class _Picture:
    """A picture as a row gives it."""

    given: Any
    alt: str | None = None
    #: Where it came from; a file of it may be there all the same.
    address: str | None = None


def read_interleaved(
    record: Record, piece: Piece, source: SourceConfig, config: IngestConfig
) -> Draft:
    """A document of texts and pictures. Raises BadInput."""
    row = record.read()
    find = partial(load_given, source=source, config=config)
    return interleaved_draft(row, row_url(piece, record, row), row_lang(row, source), find)


def is_interleaved(row: dict[str, Any]) -> bool:
    """Whether a row has one of the shapes."""
    return ("texts" in row and "images" in row) or "text_list" in row


def interleaved_draft(row: dict[str, Any], url: str, lang: str | None, find: Find) -> Draft:
    """A row of one of the shapes as a draft. Raises BadInput where nothing of it is left."""
    steps = _matched(row) if row.get("text_list") is not None else _aligned(row)
    parts: list[Part] = []
    images: list[RawImage] = []
    lacks: list[Failure | LeftOut] = []
    for index, step in enumerate(steps):
        if isinstance(step, str):
            parts.append(Part("text", text=step))
            continue
        found = step if isinstance(step, BadInput) else _look(step, find)
        if isinstance(found, RawImage):
            parts.append(Part("image", image=len(images)))
            images.append(found)
        elif isinstance(found, LeftOut):
            lacks.append(found)
        else:
            place = f"step {index}"
            lacks.append(Failure(url, found.reason, place, found.detail, found.head, lost="image"))
    if not parts:
        raise BadInput("empty_page", f"no text, and none of {len(lacks)} pictures")
    return Draft("interleaved", lang, url, tuple(parts), tuple(images), lacks=tuple(lacks))


def _aligned(row: dict[str, Any]) -> Iterator[str | _Picture]:
    texts, images = row.get("texts"), row.get("images")
    if not isinstance(texts, list) or not isinstance(images, list):
        raise BadInput("no_texts", "texts and images are not two lists")
    if len(texts) != len(images):
        raise BadInput("lists_not_aligned", f"{len(texts)} texts, {len(images)} images")
    facts = _metadata(row, len(images))
    for index, (text, given, fact) in enumerate(zip(texts, images, facts, strict=True)):
        if not isinstance(text, str | None):
            raise BadInput("no_texts", f"text {index} is a {type(text).__name__}")
        if text and text.strip():
            if given is not None:
                raise BadInput("order_unclear", f"place {index} holds a text and a picture")
            yield text.strip()
        elif given is not None:
            alt = fact.get("alt_text")
            yield _Picture(given, alt=alt.strip() or None if isinstance(alt, str) else None)


def _metadata(row: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """OBELICS' JSON beside the lists: a dict for each picture, null for each text."""
    try:
        found = json.loads(row["metadata"])
    except (KeyError, TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != count:
        return [{}] * count
    return [fact if isinstance(fact, dict) else {} for fact in found]


def _matched(row: dict[str, Any]) -> Iterator[str | _Picture | BadInput]:
    """Each picture before the text that it was matched with."""
    texts, infos = row["text_list"], row.get("image_info") or []
    if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
        raise BadInput("no_texts", "text_list is not a list of texts")
    if not isinstance(infos, list) or not all(isinstance(i, dict) for i in infos):
        raise BadInput("bad_image_info", "image_info is not a list of objects")
    places: dict[Any, list[_Picture]] = {index: [] for index in range(len(texts))}
    for info in infos:
        picture = _Picture(info.get("image_name") or info.get("raw_url"), None, info.get("raw_url"))
        index = info.get("matched_text_index")
        if isinstance(index, int) and index in places:
            places[index].append(picture)
        else:
            yield BadInput("image_without_text", f"{picture.given}: text {index} of {len(texts)}")
    for index, text in enumerate(texts):
        yield from places[index]
        if text.strip():
            yield text.strip()


def _look(picture: _Picture, find: Find) -> RawImage | LeftOut | BadInput:
    if is_remote(picture.given):
        return LeftOut("images", "remote")
    try:
        return replace(find(picture.given), alt=picture.alt)
    except BadInput as bad:
        if bad.reason == "image_missing" and is_remote(picture.address):
            return LeftOut("images", "remote")
        return bad.with_traceback(None)
