"""One HTML file that shows what a run made: funnel, mixture, samples with their boxes, refusals.

It holds its pictures itself and needs no script and no network.
"""

from __future__ import annotations

import base64
import io
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment
from PIL import Image

from pipelines.funnel import mixture, read_status
from pipelines.shard import INDEX
from records import Dataset, PackReader, Region, Sample, digest, from_batch, write_atomically

#: Samples shown of each kind, and of each reason.
SHOWN, SHOWN_REFUSED = 6, 2
#: Pixels of a picture's longer side in the report.
PICTURE = 900
#: Characters shown of a text.
TEXT = 500
#: Boxes are shown of the first of these levels that a picture has; more would hide it.
SHOWN_LEVELS = ("object", "word", "line", "block", "char")
MAX_BOXES = 2000


@dataclass(frozen=True)
class Picture:
    """A picture as the report shows it; boxes are on the 0..1000 grid."""

    uri: str
    width: int
    height: int
    boxes: list[Region]
    #: How many there are of that level; `boxes` may be fewer.
    of: int
    level: str | None


@dataclass(frozen=True)
class Card:
    """A sample as the report shows it."""

    sample: Sample
    #: Texts and pictures in reading order, cut to what fits.
    steps: list[str | Picture]
    reason: str | None = None
    score: float | None = None
    threshold: float | None = None
    detail: str | None = None


def write_report(run_dir: Path) -> Path:
    """Write `report.html` into the run's directory; return its path."""
    stages = [s for s in read_status(run_dir) if s.manifest is not None]
    index_path = run_dir / "shard" / INDEX
    index = json.loads(index_path.read_text()) if index_path.exists() else None
    with PackReader(run_dir) as packs:
        html = _template().render(
            run=run_dir.name,
            stages=stages,
            index=index,
            mixture=mixture(index["strata"]) if index else {},
            languages=_languages(run_dir),
            captions=_captions(stages),
            samples=_samples(run_dir, packs),
            refused=_refused(run_dir, [s.name for s in stages], packs),
            errors=_errors(run_dir, [s.name for s in stages]),
        )
    path = run_dir / "report.html"
    write_atomically(path, html.encode("utf-8", "replace"))
    return path


def _languages(run_dir: Path) -> dict[str, dict[str, int]]:
    """What each source claims and what was found: source -> {"ko → en": rows}."""
    if not (run_dir / "filter" / "manifest.json").exists():
        return {}
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for batch in Dataset.open(run_dir / "filter").batches(columns=["lang", "source"]):
        claimed = pc.struct_field(batch["source"], "lang").to_pylist()
        names = pc.struct_field(batch["source"], "dataset").to_pylist()
        for name, before, after in zip(names, claimed, batch["lang"].to_pylist(), strict=True):
            counts[name][f"{before or '–'} → {after or '–'}"] += 1
    return {name: dict(sorted(c.items(), key=lambda i: -i[1])) for name, c in counts.items()}


def _captions(stages: Iterable) -> dict | None:
    for stage in stages:
        if stage.name == "recaption" and stage.manifest.metrics.get("requests"):
            return {
                "asked": stage.manifest.metrics["requests"],
                "made": stage.manifest.rows["made"],
                "reasons": stage.manifest.reasons["rejected"],
                "model": stage.manifest.model,
            }
    return None


def _samples(run_dir: Path, packs: PackReader) -> dict[str, list[Card]]:
    """Some samples of each bucket, the same on every run."""
    if not (run_dir / "shard" / "manifest.json").exists():
        return {}
    # First which, by small columns: a page may have thousands of regions.
    dataset = Dataset.open(run_dir / "shard")
    best: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for batch in dataset.batches(columns=["id", "bucket", "images"]):
        pictures = pc.list_value_length(batch["images"]).to_pylist()
        rows = zip(batch["id"].to_pylist(), batch["bucket"].to_pylist(), pictures, strict=True)
        for name, kind, count in rows:
            if kind == "stem":
                kind += ", rendered" if count else ", text"
            best[kind].append((digest("report", name), name))
            best[kind] = sorted(best[kind])[:SHOWN]
    chosen = pa.array([name for shown in best.values() for _, name in shown], pa.string())
    found: dict[str, Sample] = {}
    for batch in dataset.batches():
        found |= {s.id: s for s in from_batch(batch.filter(pc.is_in(batch["id"], chosen)))}
    return {kind: [_card(found[name], packs) for _, name in best[kind]] for kind in sorted(best)}


def _refused(run_dir: Path, stages: list[str], packs: PackReader) -> dict[str, list[Card]]:
    """Some rows of each reason: "stage: reason" -> cards."""
    cards: dict[str, list[Card]] = defaultdict(list)
    for stage in stages:
        dataset = Dataset.open(run_dir / stage)
        for kind in ("dropped", "rejected"):
            for batch in dataset.batches(kind):
                why = batch.select(["reason", "score", "threshold", "detail"]).to_pylist()
                for row, sample in zip(why, from_batch(batch), strict=True):
                    shown = cards[f"{stage}: {row['reason']}"]
                    if len(shown) < SHOWN_REFUSED:
                        shown.append(_card(sample, packs, pictures=kind == "rejected", **row))
    return dict(sorted(cards.items()))


def _errors(run_dir: Path, stages: list[str]) -> list[dict[str, Any]]:
    """What could not be read, by source and reason, each with some places."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for stage in stages:
        for batch in Dataset.open(run_dir / stage).batches("errors"):
            for row in batch.to_pylist():
                key = (row["dataset"], row["lost"], row["reason"])
                entry = found.setdefault(key, {"count": 0, "places": []})
                entry["count"] += 1
                if len(entry["places"]) < SHOWN_REFUSED:
                    entry["places"].append(f"{row['path']} {row['place'] or ''}".strip())
    return [
        {"source": source, "lost": lost, "reason": reason, **found[source, lost, reason]}
        for source, lost, reason in sorted(found)
    ]


def _card(sample: Sample, packs: PackReader, pictures: bool = True, **why) -> Card:  # type: ignore[no-untyped-def]
    steps: list[str | Picture] = []
    left = TEXT
    for part in sample.parts:
        if part.text and left > 0:
            who = " ".join(filter(None, (part.role, "thinks" if part.type == "think" else None)))
            text = part.text[:left] + (" …" if len(part.text) > left else "")
            steps.append(f"{who}: {text}" if who else text)
            left -= len(part.text)
        elif part.image is not None and pictures and sum(isinstance(s, Picture) for s in steps) < 2:
            steps.append(_picture(sample, part.image, packs))
    return Card(sample, steps, **why)


def _picture(sample: Sample, index: int, packs: PackReader) -> Picture:
    image = sample.images[index]
    with Image.open(io.BytesIO(packs.read(image.pack, image.offset, image.size))) as opened:
        small = opened.convert("RGBA")
    small.thumbnail((PICTURE, PICTURE))
    # On white, as a reader of the page sees a transparent picture.
    flat = Image.new("RGB", small.size, "white")
    flat.paste(small, mask=small.getchannel("A"))
    encoded = io.BytesIO()
    flat.save(encoded, "WEBP", quality=80)
    uri = "data:image/webp;base64," + base64.b64encode(encoded.getvalue()).decode()
    regions = [r for r in sample.regions if r.image == index]
    level = next((level for level in SHOWN_LEVELS if any(r.level == level for r in regions)), None)
    boxes = [r for r in regions if r.level == level]
    return Picture(uri, image.width, image.height, boxes[:MAX_BOXES], len(boxes), level)


@cache
def _template():  # type: ignore[no-untyped-def]
    source = resources.files("pipelines").joinpath("report.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.tests["picture"] = lambda value: isinstance(value, Picture)
    return environment.from_string(source)
