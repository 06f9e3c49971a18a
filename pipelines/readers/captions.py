"""Pictures with captions in rows -> caption drafts.

Which fields are pictures, the file says where it can: the features that
Hugging Face writes into Parquet, or else the structs of `bytes` and `path`
that it stores. Otherwise they are `image`, `images`, or `file_name`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers.drafts import BadInput, Draft, LeftOut, Piece, RawImage, Row
from pipelines.readers.row_images import load_given
from pipelines.readers.rows import SPLITS, SUFFIXES, Record, records, row_lang, row_url, schema
from records import Part

#: Fields of captions; a row's first counts.
CAPTIONS = ("caption", "captions", "text", "alt_text", "sentence")
#: Fields of pictures where the file does not say.
_IMAGES = ("image", "images", "file_name")


class CaptionsReader:
    """Reads pictures with captions."""

    suffixes = SUFFIXES
    splits = SPLITS
    fields: tuple[str, ...] = ("id", "lang", *_IMAGES, *CAPTIONS)

    def rows(
        self, piece: Piece, source: SourceConfig, config: IngestConfig
    ) -> Iterator[Row | LeftOut]:
        """A row a picture, or several with one caption."""
        images: Sequence[str] = ()
        if piece.path.name.lower().endswith(".parquet"):
            images = _check_columns(schema(piece.path), source)
        for record in records(piece, source, config, (*self.fields, *images)):
            yield Row(record.place, partial(_draft, record, images, piece, source, config))


def caption_draft(
    row: dict[str, Any], images: Sequence[RawImage], url: str, lang: str | None
) -> Draft:
    """Pictures with the row's caption; where it has several, the first, and all as `alternatives`.

    Raises BadInput.
    """
    captions = _captions(row)
    if not captions:
        raise BadInput("no_caption", f"set `fields: {{caption: …}}` to one of {_names(row)}")
    if not images:
        raise BadInput("no_image", f"set `fields: {{image: …}}` to one of {_names(row)}")
    pictures = [Part("image", image=index) for index in range(len(images))]
    several = json.dumps(captions, ensure_ascii=False)
    return Draft(
        "caption",
        lang,
        url,
        (*pictures, Part("text", text=captions[0])),
        tuple(images),
        targets={"alternatives": several} if len(captions) > 1 else {},
    )


def _draft(
    record: Record, columns: Sequence[str], piece: Piece, source: SourceConfig, config: IngestConfig
) -> Draft:
    row = record.read()
    columns = columns or [name for name in _IMAGES if row.get(name) is not None][:1]
    given = [value for column in columns for value in _listed(row.get(column))]
    images = [load_given(value, source, config) for value in given]
    return caption_draft(row, images, row_url(piece, record, row), row_lang(row, source))


def _captions(row: dict[str, Any]) -> list[str]:
    value = next((row[key] for key in CAPTIONS if row.get(key) is not None), None)
    texts = [text.strip() for text in _listed(value) if isinstance(text, str)]
    return [text for text in texts if text]


def _listed(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    return [v for v in values if v is not None]


def _names(row: dict[str, Any]) -> str:
    return ", ".join(row)[:200]


def _check_columns(found: pa.Schema, source: SourceConfig) -> list[str]:
    """The columns of pictures, by our names. Raises BadInput without these or captions."""
    theirs = _features(found) or [field.name for field in found if _is_struct(field.type)]
    ours = {their: our for our, their in source.fields.items()}
    names = [ours.get(name, name) for name in found.names]
    images = (
        [name for name in _IMAGES if name in source.fields]
        or [ours.get(name, name) for name in theirs]
        or [name for name in _IMAGES if name in names][:1]
    )
    for what, there in (("caption", set(names) & set(CAPTIONS)), ("image", images)):
        if not there:
            columns = ", ".join(found.names)
            raise BadInput(f"no_{what}", f"set `fields: {{{what}: …}}` to a column of: {columns}")
    return images


def _features(found: pa.Schema) -> list[str]:
    """The columns that Hugging Face's `datasets` says are pictures, or lists of them."""
    try:
        metadata = msgspec.json.decode((found.metadata or {}).get(b"huggingface", b"{}"))
        features = metadata["info"]["features"]
        return [name for name in found.names if _is_image(features.get(name))]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return []


def _is_image(feature: Any) -> bool:
    """{"_type": "Image"}, {"_type": "List", "feature": …}, or [{"_type": "Image"}]."""
    if isinstance(feature, list) and feature:
        return _is_image(feature[0])
    inner = feature.get("feature") if isinstance(feature, dict) else None
    kind = feature.get("_type") if isinstance(feature, dict) else None
    return kind == "Image" or (inner is not None and _is_image(inner))


def _is_struct(form: pa.DataType) -> bool:
    if pa.types.is_list(form) or pa.types.is_large_list(form):
        return _is_struct(form.value_type)
    return pa.types.is_struct(form) and {f.name for f in form} == {"bytes", "path"}
