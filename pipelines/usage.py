"""What a stage has asked the model so far, noted by its workers for whoever watches."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from model import Client
from pipelines.work import USAGE
from records import write_atomically

#: Seconds between two notes.
INTERVAL = 0.5


class UsageNotes:
    """Notes a client's usage in the stage's work directory while its context lasts."""

    def __init__(self, work: Path, client: Client):
        self._path = work / USAGE / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.json"
        self._client, self._started = client, time.time()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> UsageNotes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        over = False
        while not over:
            over = self._stop.wait(INTERVAL)
            told = {**self._client.told(), "started": self._started, "noted": time.time()}
            write_atomically(self._path, json.dumps(told).encode())


@dataclass(frozen=True)
class StageUsage:
    """The sum of what all workers of a stage have noted."""

    #: Answered: by the model or the store, or failed.
    answered: int = 0
    stored: int = 0
    cut: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    #: From the first worker's start to the last note.
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    def sentence(self) -> str:
        """For people."""
        counts = [f"{self.answered:,} answers ({self.rate:,.1f}/s)", f"{self.stored:,} stored"]
        counts.append(f"{self.prompt_tokens:,} tokens in, {self.completion_tokens:,} out")
        if self.cut:
            counts.append(f"{self.cut:,} cut")
        counts += [f"{name} {count:,}" for name, count in sorted(self.failures.items())]
        return ", ".join(counts)

    def as_json(self) -> dict[str, object]:
        """The fields, and the rate."""
        return {**asdict(self), "answers_per_second": round(self.rate, 2)}


def read_usage(work: Path) -> StageUsage | None:
    """What the workers of the stage in `work` have noted; None where there is nothing."""
    notes = []
    for path in sorted((work / USAGE).glob("*.json")):
        try:
            notes.append(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            continue  # gone, as the stage has just finished
    if not notes:
        return None
    failures: Counter[str] = Counter()
    for note in notes:
        failures.update(note["failures"])
    names = ("answered", "stored", "cut", "prompt_tokens", "completion_tokens")
    return StageUsage(
        **{name: sum(note[name] for note in notes) for name in names},
        failures=dict(failures),
        seconds=max(n["noted"] for n in notes) - min(n["started"] for n in notes),
    )
