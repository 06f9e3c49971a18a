"""Progress of a run for a person at a terminal; silent anywhere else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.stage import Stage
from pipelines.usage import read_usage
from pipelines.work import PROGRESS, Unit, report_path

#: Seconds between two looks.
INTERVAL = 0.5


class ProgressBar:
    """A line a stage on standard error: rows, rows a second, time left."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)

    @contextmanager
    def watch(self, stage: Stage, units: Sequence[Unit], done: int) -> Iterator[None]:
        """Show how far `stage` is while the context lasts; `done` units were done before."""
        if not sys.stderr.isatty():
            yield
            return
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        stop = threading.Event()
        with Progress(*columns, console=self._console, transient=True) as progress:
            total = sum(u.rows for u in units)
            already = rows_done(stage, units) if done else 0
            task = progress.add_task(stage.name, total=total, completed=already, rate="")

            def look() -> None:
                while not stop.wait(INTERVAL):
                    now = rows_done(stage, units)
                    elapsed = progress.tasks[task].elapsed or 1
                    rate = f"{max(0, now - already) / elapsed:,.0f} rows/s"
                    usage = read_usage(stage.work)
                    if usage is not None:
                        rate = usage.sentence()
                    progress.update(task, completed=now, rate=rate)

            watcher = threading.Thread(target=look, daemon=True)
            watcher.start()
            try:
                yield
            finally:
                stop.set()
                watcher.join()


class AnswerBar:
    """Counts a model's answers on standard error, if that is a terminal."""

    def __init__(self, name: str, total: int):
        console = Console(stderr=True)
        columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self._task = self._bar.add_task(name, total=total)

    def __enter__(self) -> AnswerBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self) -> None:
        """One more is there."""
        self._bar.advance(self._task)


class Silence:
    """Shows nothing."""

    @contextmanager
    def watch(self, stage: Stage, units: Sequence[Unit], done: int) -> Iterator[None]:
        """Nothing."""
        yield


def rows_done(stage: Stage, units: Sequence[Unit]) -> int:
    """Rows of finished units, and what the others have noted so far."""
    total = 0
    for unit in units:
        if report_path(stage.work, unit.index).exists():
            total += unit.rows
            continue
        try:
            total += int((stage.work / PROGRESS / f"unit-{unit.index:05d}").read_text())
        except (OSError, ValueError):
            continue  # it has not begun
    return total
