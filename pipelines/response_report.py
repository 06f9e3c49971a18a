"""What is in a response store, and what it cost: by model and task."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from model import Entry, data_files, stored_entries
from pipelines.config import load_config
from pipelines.errors import UsageError, nearest
from pipelines.run import CONFIG

#: What an answer is listed under that does not say who gave it, or to what.
UNKNOWN = "unknown"
#: Columns of a terminal, at least: a narrower table would cut its numbers.
_WIDTH = 130
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in any currency."""

    prompt: float = 0.0
    completion: float = 0.0


@dataclass
class Usage:
    """The answers of one model to one kind of task."""

    model: str
    task: str
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    bytes: int = 0
    #: Seconds since 1970.
    oldest: float = field(default_factory=time.time)
    newest: float = 0.0

    def count(self, entry: Entry, size: int) -> None:
        """Add an answer of `size` bytes."""
        self.answers += 1
        self.prompt_tokens += entry.answer.get("prompt_tokens", 0)
        self.completion_tokens += entry.answer.get("completion_tokens", 0)
        self.bytes += size
        self.oldest, self.newest = min(self.oldest, entry.when), max(self.newest, entry.when)

    def add(self, other: Usage) -> None:
        """Add the answers of another."""
        for name in ("answers", "prompt_tokens", "completion_tokens", "bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.oldest = min(self.oldest, other.oldest)
        self.newest = max(self.newest, other.newest)

    def cost(self, prices: Prices) -> float:
        """In the currency of the prices."""
        tokens = self.prompt_tokens * prices.prompt + self.completion_tokens * prices.completion
        return tokens / 1e6

    def as_json(self, prices: Prices | None) -> dict[str, Any]:
        """What `--json` prints of it."""
        times = {"oldest": _iso(self.oldest), "newest": _iso(self.newest)}
        cost = {} if prices is None else {"cost": self.cost(prices)}
        return {**asdict(self), **times, **cost}


def find_store(path: Path) -> Path:
    """The store that a path means: itself, that of a run's directory, or that of a config file.

    Raises UsageError where there are no stored answers.
    """
    if path.is_file():
        path = load_config(path).responses
    elif (path / CONFIG).is_file():
        path = load_config(path / CONFIG).responses
    if not data_files(path):
        raise UsageError(f"{path} has no stored answers")
    return path


def summarise(store: Path, which: Callable[[Entry], bool] = lambda entry: True) -> list[Usage]:
    """How much there is by model and task, of the entries for which `which` is true.

    Reads all of the store, in flat memory.
    """
    usages: dict[tuple[str, str], Usage] = {}
    for size, entry in stored_entries(store):
        if which(entry):
            name = model_of(entry), entry.answer.get("task") or UNKNOWN
            usage = usages.get(name)
            if usage is None:
                usage = usages[name] = Usage(*name)
            usage.count(entry, size)
    return [usages[name] for name in sorted(usages)]


def total(usages: list[Usage]) -> Usage:
    """All of them together."""
    whole = Usage("all", "")
    for usage in usages:
        whole.add(usage)
    return whole


def model_of(entry: Entry) -> str:
    """The model that gave an answer."""
    return entry.answer.get("model") or UNKNOWN


@dataclass(frozen=True)
class Doomed:
    """Which answers `prune` takes out: those of a model, those before a time, or both."""

    model: str | None
    before: float | None

    def __call__(self, entry: Entry) -> bool:
        of_model = self.model is None or model_of(entry) == self.model
        return of_model and (self.before is None or entry.when < self.before)


def check_model(model: str | None, usages: list[Usage]) -> None:
    """Raise UsageError for a model of which the store has nothing, naming the nearest it has."""
    models = sorted({usage.model for usage in usages})
    if model is not None and model not in models:
        raise UsageError(f"no answers of {model}; {nearest(model, models)}")


def parse_age(text: str) -> float:
    """The time that is 12h, 30d or 4w ago, in seconds since 1970. Raises UsageError."""
    match = re.fullmatch(r"(\d+)([hdw])", text)
    if match is None:
        raise UsageError(f"--older-than takes hours, days or weeks as 12h, 30d, 4w, not {text!r}")
    try:
        age = timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise UsageError(f"--older-than {text} is older than time") from None
    return time.time() - age.total_seconds()


def print_usage(usages: list[Usage], prices: Prices | None, console: Console) -> None:
    """A line a model and task, and one of all."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    table.add_column("task")
    numbers = ["answers", "tokens in", "tokens out"]
    for column in numbers + ([] if prices is None else ["cost"]) + ["size"]:
        table.add_column(column, justify="right")
    table.add_column("oldest")
    table.add_column("newest")
    for usage in [*usages, total(usages)] if len(usages) > 1 else usages:
        counts = usage.answers, usage.prompt_tokens, usage.completion_tokens
        table.add_row(
            usage.model,
            usage.task,
            *(f"{n:,}" for n in counts),
            *([] if prices is None else [f"{usage.cost(prices):,.2f}"]),
            decimal(usage.bytes),
            _iso(usage.oldest)[:10],
            _iso(usage.newest)[:10],
        )
    console.width = max(console.width, _WIDTH)
    console.print(table)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
