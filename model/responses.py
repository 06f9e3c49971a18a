"""The response store: what a model answered is never paid for twice.

A folder of append-only JSON-lines files. Each process appends to a file of its
own, so workers need no server and no lock; opening the store reads all files.
A line that a crash cut short is passed over and asked again.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from model.messages import Response


class ResponseStore:
    """Answers by request key. Only whole answers are kept: never failures, never cut ones."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._answers: dict[str, dict] = {}
        self._file: TextIO | None = None
        for path in sorted(folder.glob("responses-*.jsonl")):
            with open(path, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    self._read(line)

    def __enter__(self) -> ResponseStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: str, request_id: str) -> Response | None:
        """The stored answer to that request, or None."""
        answer = self._answers.get(key)
        return None if answer is None else Response(**{**answer, "id": request_id, "stored": True})

    def put(self, key: str, response: Response) -> None:
        """Store a whole answer, on disk when this returns; ignore any other."""
        if response.finish != "stop" or response.text is None:
            return
        answer = asdict(response)
        self._answers[key] = answer
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"responses-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
            self._file = open(self.folder / name, "a", encoding="utf-8")
        self._file.write(json.dumps({"key": key, "answer": answer}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close this process's file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
            self._answers[entry["key"]] = entry["answer"]
        except (ValueError, KeyError, TypeError):
            return
