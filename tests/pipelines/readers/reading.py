"""Reading one file as `ingest` does, and small pictures to read."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines.config import IngestConfig, SourceConfig
from pipelines.readers import Draft, Failure, LeftOut, Piece
from pipelines.readers.sandbox import Sandbox

SANDBOX = Sandbox()


def png(width=80, height=60, colour="red"):
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, "PNG")
    return data.getvalue()


def huge_png():
    """A header that says 50,000 x 50,000, and little behind it."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    )


def read(
    root: Path, name: str, kind: str, source: dict[str, Any] | None = None, **config: Any
) -> list[Draft | Failure | LeftOut]:
    """Every item of one file below `root`; what a draft lacks comes before it."""
    path = root / name
    piece = Piece(0, path, name, 0, path.stat().st_size)
    raw = SourceConfig.model_validate({"name": "s", "kind": kind, "path": root, **(source or {})})
    items = list(SANDBOX.read(piece, raw, IngestConfig(**config)))
    return [x for item in items for x in (*getattr(item, "lacks", ()), item)]
