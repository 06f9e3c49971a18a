"""Answers to store, and a plain reading of a store to compare with."""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model import Response, ResponseStore
from records import digest


@dataclass(frozen=True)
class Told(Response):
    """A response that says which model answered what kind of task."""

    model: str | None = None
    task: str | None = None


def key(number: int) -> str:
    return digest(f"question {number}")


def answer(text: str, model: str = "tiny", task: str = "general") -> Told:
    return Told(
        "asked", text, "stop", prompt_tokens=100, completion_tokens=7, model=model, task=task
    )


def fill(folder: Path, numbers: range) -> None:
    """A process that asks, stores and ends."""
    with ResponseStore(folder) as store:
        for number in numbers:
            store.put(key(number), answer(f"답 {number}"))


def text(store: ResponseStore, number: int) -> str | None:
    found = store.get(key(number), "again")
    return None if found is None else found.text


class Line(NamedTuple):
    """A whole line of a store's file."""

    when: float
    key: str
    text: str
    model: str
    path: str
    held: bool


def plain_lines(folder: Path) -> list[Line]:
    """All whole lines of a store, read without its code."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        held = is_held(path)
        for line in path.read_bytes().splitlines(keepends=True):
            try:
                entry = json.loads(line)
                fields = entry["when"], entry["key"], entry["answer"]["text"]
            except (ValueError, KeyError, TypeError):
                continue
            if line.endswith(b"\n"):
                found.append(Line(*fields, entry["answer"]["model"], str(path), held))
    return sorted(found)


def oldest(lines: list[Line]) -> dict[str, str]:
    """What a store of those lines serves."""
    served: dict[str, str] = {}
    for line in lines:
        served.setdefault(line.key, line.text)
    return served


def is_held(path: Path) -> bool:
    """Whether a living writer has that file."""
    with open(path, "rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
