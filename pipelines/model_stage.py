"""Stages that ask the model: a unit's questions, and what becomes of the answers.

Questions go through one sliding window in each worker: while the last answers
of one unit are awaited, the next unit's questions are under way, so that a
slow answer holds up nothing but its own unit. (Not Beam's RunInference: it
knows no parameters of a single request, fails a batch with its worst request,
and waits for each batch to end; docs/design.md.)
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import MIN_TIMESTAMP
from apache_beam.utils.windowed_value import WindowedValue

from model import Client, Model, Request, Response, ResponseStore, Teacher
from pipelines.config import RunConfig
from pipelines.errors import StageError
from pipelines.stage import Stage
from pipelines.teacher import teacher_of
from pipelines.usage import UsageNotes
from pipelines.work import REPORTS, Unit, UnitOutput
from records import Manifest

#: Units whose answers are awaited at once; each holds its tasks in memory.
MAX_OPEN = 16


class ModelStage(Stage):
    """A stage that asks `model`, which is set before it runs.

    Subclasses say what to ask about a unit (`ask`) and what becomes of its
    rows and answers (`answer`).
    """

    config: Any

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.responses = config.responses
        self.model: Model | None = None

    @classmethod
    def check(cls, config: RunConfig) -> None:
        """Refuse a teacher whose licence is not allowed."""
        teacher_of(config.model)

    @property
    def teacher(self) -> Teacher:
        """Who answers."""
        assert self.model is not None, "the model is set before the stage runs"
        return self.model.teacher

    @property
    def model_used(self) -> str | None:
        """The model, and whether it saw the pictures."""
        sight = "sees the pictures" if self.teacher.sees_images else "cannot see pictures"
        return f"{self.teacher.name} ({sight})"

    def pipelines(self, workers: int) -> int:
        """One a worker, as the window ends with it; one in all where the model is in process."""
        assert self.model is not None
        return min(workers, self.model.max_clients or workers)

    def expand(self, units: beam.PCollection[Unit]) -> beam.PCollection[int]:
        return units | "AskModel" >> beam.ParDo(_AskModel(self)).with_output_types(int)

    def ask(self, unit: Unit) -> Iterator[tuple[Any, Request]]:
        """What to ask about a unit's rows: tasks of any kind, each with its request."""
        raise TypeError(f"the stage {self.name} does not say what to ask")

    def answer(self, unit: Unit, answers: Sequence[tuple[Any, Response]], out: UnitOutput) -> None:
        """Decide about every row of the unit, with the answers in the order of its tasks."""
        raise TypeError(f"the stage {self.name} does not say what becomes of answers")

    def finish(self, manifest: Manifest) -> None:
        """Fail where the model did not answer: too few rows are not a result."""
        failed = manifest.reasons["rejected"].get("request_failed", 0)
        asked = manifest.metrics.get("requests", 0)
        if asked and failed / asked > self.config.max_failure_rate:
            # Units that got no answers are not done: the next run asks again, from the store first.
            shutil.rmtree(self.work / REPORTS, ignore_errors=True)
            assert self.model is not None
            raise StageError(
                f"{self.name}: {failed} of {asked} requests to {self.model.where} failed, more "
                f"than max_failure_rate {self.config.max_failure_rate:.0%}. The answers that came "
                f"are stored in {self.responses}. Look at rejected-*.parquet in {self.work}, see "
                "that the model answers there, and run the same command again."
            )


@dataclass
class _Open:
    """A unit whose answers are awaited."""

    unit: Unit
    tasks: list[Any]
    futures: list[Future[Response]]

    @property
    def done(self) -> bool:
        return all(future.done() for future in self.futures)


class _AskModel(beam.DoFn):
    """Units in, indexes of finished units out, in any order."""

    def __init__(self, stage: ModelStage):
        self._stage = stage

    def setup(self) -> None:
        stage = self._stage
        assert stage.model is not None
        self._stack = ExitStack()
        store = self._stack.enter_context(ResponseStore(stage.responses))
        engine = self._stack.enter_context(stage.model.open())
        self._client = Client(stage.model, engine, store)
        self._notes = self._stack.enter_context(UsageNotes(stage.work, self._client))

    def start_bundle(self) -> None:
        self._open: list[_Open] = []

    def process(self, unit: Unit) -> Iterator[int]:
        tasks, futures = [], []
        for task, request in self._stage.ask(unit):
            tasks.append(task)
            futures.append(self._client.submit(request))
        self._open.append(_Open(unit, tasks, futures))
        while len(self._open) >= MAX_OPEN and not any(o.done for o in self._open):
            wait([f for o in self._open for f in o.futures], return_when=FIRST_COMPLETED)
        yield from self._close_done()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for opened in self._open:
            wait(opened.futures)
        for index in self._close_done():
            yield WindowedValue(index, MIN_TIMESTAMP, (GlobalWindow(),))

    def teardown(self) -> None:
        self._stack.close()

    def _close_done(self) -> Iterator[int]:
        for opened in [o for o in self._open if o.done]:
            self._open.remove(opened)
            answers = [future.result() for future in opened.futures]
            with self._stage.output(opened.unit) as out:
                self._stage.answer(opened.unit, list(zip(opened.tasks, answers, strict=True)), out)
                for response in answers:
                    _count(response, out)
            yield opened.unit.index


def _count(response: Response, out: UnitOutput) -> None:
    out.count("requests")
    out.count("requests_stored", int(response.stored))
    out.count("prompt_tokens", response.prompt_tokens)
    out.count("completion_tokens", response.completion_tokens)
    if response.failure is not None:
        out.count(f"failures_{response.failure}")
