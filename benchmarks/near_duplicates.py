"""Near-duplicate removal beside its peers, on the same documents with the same bands.

Each tool removes the planted copies of `benchmarks.plants` from one file of
documents. CPU seconds are those of a run less those of a run on ten documents,
so that nobody's start-up counts. The F1 is over all plants.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.peer_environments import peer_python
from benchmarks.plants import Document, by_kind, planted, score
from filters import cluster_texts
from records import generator

PEERS = {
    "rensa": ("rensa==0.5.0",),
    "datasketch": ("datasketch==2.0.0",),
    "text_dedup": ("text-dedup==0.4.0",),
    "datatrove": ("datatrove[io,processing]==0.10.1", "spacy"),
}
#: At it a copy is found of which one word in ten is another, and nothing else is merged.
THRESHOLD = 0.35
#: Bands and rows of the peers: those that FineWeb was made with; two also with bands for a low
#: threshold, at which they find as much as we do, and merge what only looks alike.
BANDS = (14, 8)
LOW_BANDS = (42, 3)
#: Documents whose cost is each tool's start-up.
FEW = 10
DOCUMENTS = 8000
SIZES = (10_000, 40_000, 160_000)
ROUNDS = 3


def near_duplicates() -> dict[str, float]:
    documents = planted(DOCUMENTS)
    copies = sum(d.copy_of is not None for d in documents)
    print(f"Near-duplicates: {len(documents)} documents, {copies} of them copies")
    seconds, removed = _ours(documents, THRESHOLD)
    f1 = _tell(f"vlmforge, threshold {THRESHOLD}", documents, seconds, removed)
    _tell("vlmforge, threshold 0.8", documents, *_ours(documents, 0.8))
    result, scores = {}, []
    for name, packages in PEERS.items():
        times = []
        for bands in [BANDS, LOW_BANDS][: 2 if name in ("rensa", "datasketch") else 1]:
            peer = _peer(name, packages, documents, bands)
            times.append(peer[0])
            scores.append(_tell(f"{name}, {bands[0]} bands of {bands[1]}", documents, *peer))
        result[f"dedupe_vs_{name}"] = round(min(times) / seconds, 2)
    return result | {"f1": round(f1, 4), "best_peer_f1": round(max(scores), 4)}


def slope() -> dict[str, float]:
    """CPU seconds over the number of documents, on logarithmic axes: 1 is linear."""
    print("Documents of 200 words, a tenth of them copies")
    seconds = []
    for size in SIZES:
        texts = synthetic(size)
        used, gone = _timed(texts, threshold=0.8)
        seconds.append(used)
        print(f"  {size:8,} {used:7.2f} CPU s, {len(gone):,} removed")
    found = float(np.polyfit(np.log(SIZES), np.log(seconds), 1)[0])
    return {"slope": round(found, 3)}


def synthetic(size: int, name: str = "") -> list[str]:
    """Words of a real language's frequencies (Zipf), and every tenth text the one before again."""
    random = generator(0, "synthetic", name)
    words = [f"{word:x}" for word in generator(0, "words").integers(16**3, 16**8, 50_000)]
    texts: list[str] = []
    for place in range(size):
        ranks = np.minimum(random.zipf(1.2, 200), len(words)) - 1
        text = " ".join(words[rank] for rank in ranks)
        texts.append(texts[-1].replace(" ", ", ", 2) if place % 10 == 9 else text)
    return texts


def _ours(documents: Sequence[Document], threshold: float) -> tuple[float, set[str]]:
    seconds, gone = _timed([d.text for d in documents], threshold)
    return seconds, {documents[place].id for place in gone}


def _timed(texts: Sequence[str], threshold: float) -> tuple[float, list[int]]:
    """CPU seconds of the fastest round, and the places of the texts that are removed."""
    cluster_texts(texts[:FEW], threshold)
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        leaders = cluster_texts(texts, threshold)
        times.append(time.process_time() - started)
    return min(times), np.flatnonzero(leaders != np.arange(len(texts))).tolist()


def _peer(
    name: str, packages: Sequence[str], documents: Sequence[Document], bands: tuple[int, int]
) -> tuple[float, set[str]]:
    python = peer_python(name, *packages)
    program = Path(__file__).parent / "peers" / f"near_{name}.py"

    def run(some: Sequence[Document]) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "documents.jsonl"
            path.write_text("".join(json.dumps(asdict(d)) + "\n" for d in some))
            command = [python, program, path, *map(str, bands)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{program.name} failed:\n{done.stderr[-2000:]}")
            return dict(json.loads(done.stdout.strip().splitlines()[-1]))

    start_up = run(documents[:FEW])["seconds"]
    found = run(documents)
    return found["seconds"] - start_up, set(found["removed"])


def _tell(name: str, documents: Sequence[Document], seconds: float, removed: set[str]) -> float:
    found = score(documents, removed)
    print(
        f"  {name:44} {len(documents) / seconds:8,.0f} documents a CPU s, recall "
        f"{found['recall']:.3f}, precision {found['precision']:.3f}, F1 {found['f1']:.3f}\n"
        f"    {', '.join(f'{kind} {n}' for kind, n in by_kind(documents, removed).items())}"
    )
    return found["f1"]
