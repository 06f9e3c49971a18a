"""How a shard is written: WebDataset tar, and Parquet as Hugging Face `datasets` reads it."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from records import SAMPLE_SCHEMA, Sample, temporary_name

#: A sample and the bytes of its images, in the order of `Sample.images`.
Loaded = tuple[Sample, list[bytes]]

_IMAGE_FILE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_INFO = pa.struct(
    [
        ("sha256", pa.string()),
        ("format", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("alt", pa.string()),
        ("phash", pa.string()),
    ]
)


def _pairs(value: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct([("key", pa.string()), ("value", value)]))


#: `SAMPLE_SCHEMA` for readers that know no Arrow maps and no packs.
PARQUET_FIELDS = [
    SAMPLE_SCHEMA.field("id"),
    SAMPLE_SCHEMA.field("bucket"),
    SAMPLE_SCHEMA.field("lang"),
    SAMPLE_SCHEMA.field("parts"),
    pa.field("images", pa.list_(_IMAGE_FILE)),
    pa.field("image_info", pa.list_(_INFO)),
    SAMPLE_SCHEMA.field("regions"),
    pa.field("targets", _pairs(pa.string())),
    pa.field("scores", _pairs(pa.float64())),
    SAMPLE_SCHEMA.field("source"),
    SAMPLE_SCHEMA.field("lineage"),
]


def image_file(sample: Sample, index: int) -> str:
    """The name of an image inside a shard."""
    return f"{sample.id}.{index}.{sample.images[index].format}"


def image_info(sample: Sample) -> list[dict[str, Any]]:
    """What a shard says of each image; packs are no business of a trainer's."""
    names = [field.name for field in _INFO]
    return [{name: getattr(image, name) for name in names} for image in sample.images]


def write_webdataset(path: Path, samples: Sequence[Loaded]) -> None:
    """A tar in which a sample is `<id>.json` and `<id>.<n>.<format>` for each image."""
    temporary = temporary_name(path)
    with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
        for sample, pixels in samples:
            record = asdict(sample)
            record["images"] = [
                {**info, "file": f"{i}.{info['format']}"}
                for i, info in enumerate(image_info(sample))
            ]
            record["targets"], record["scores"] = dict(sample.targets), dict(sample.scores)
            _add(tar, f"{sample.id}.json", json.dumps(record, ensure_ascii=False).encode())
            for index, data in enumerate(pixels):
                _add(tar, image_file(sample, index), data)
    os.replace(temporary, path)


def write_parquet(path: Path, samples: Sequence[Loaded]) -> None:
    """One row a sample; `images` decodes to pictures in `datasets`, by the schema's metadata."""
    schema = pa.schema(PARQUET_FIELDS, metadata={"huggingface": json.dumps(_features())})
    temporary = temporary_name(path)
    with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        # Few rows a group: a reader of one row reads a whole group, pictures and all.
        for start in range(0, len(samples), 100):
            rows = [_row(sample, pixels) for sample, pixels in samples[start : start + 100]]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    os.replace(temporary, path)


def _row(sample: Sample, pixels: list[bytes]) -> dict[str, Any]:
    return {
        **asdict(sample),
        "images": [{"bytes": data, "path": image_file(sample, i)} for i, data in enumerate(pixels)],
        "image_info": image_info(sample),
        "targets": [{"key": k, "value": v} for k, v in sorted(sample.targets.items())],
        "scores": [{"key": k, "value": v} for k, v in sorted(sample.scores.items())],
    }


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _features() -> dict[str, Any]:
    """The metadata in which `datasets` looks for types; it makes pictures of `images`."""
    features = {field.name: _feature(field.type) for field in PARQUET_FIELDS}
    features["images"] = {"feature": {"_type": "Image"}, "_type": "List"}
    return {"info": {"features": features}}


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_fixed_size_list(kind):
        return {"feature": _feature(kind.value_type), "length": kind.list_size, "_type": "List"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    # `datasets` names Arrow's types as NumPy does.
    name = {"double": "float64", "float": "float32"}.get(str(kind), str(kind))
    return {"dtype": name, "_type": "Value"}
