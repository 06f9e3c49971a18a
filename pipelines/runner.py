"""Where stages run: processes on this machine, or any Beam runner.

On this machine each process runs Beam's in-process `FnApiRunner` over its own
units. Beam's local parallel modes (`direct_running_mode`) are refused: they
lose rows and report success (docs/design.md).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import PipelineRunner, PipelineState

from pipelines.errors import StageError, UsageError
from pipelines.stage import Stage, Step
from pipelines.work import Unit
from pipelines.worker import start_worker


def run_pipeline(
    stage: Stage | Step,
    units: Sequence[Unit],
    runner: PipelineRunner | str,
    options: Sequence[str] = (),
) -> None:
    """One Beam pipeline over some units of a stage."""
    pipeline = beam.Pipeline(runner=runner, options=PipelineOptions(list(options)))
    created = pipeline | "CreateUnits" >> beam.Create(list(units))
    _ = created | "SpreadUnits" >> beam.Reshuffle() | stage.name.title() >> stage
    state = pipeline.run().wait_until_finish()
    if state not in (None, PipelineState.DONE):
        raise StageError(f"{stage.name}: the runner ended in the state {state}")


class LocalRunner:
    """Several processes, each with a Beam runner of its own; used as a context."""

    def __init__(self, workers: int = 0):
        self.workers = workers or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> LocalRunner:
        self._pool = ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=start_worker,
            initargs=(os.getpid(),),
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def run(self, stage: Stage | Step, units: Sequence[Unit]) -> None:
        """Some pipelines a process; a stage that shuffles is one pipeline in one process."""
        assert self._pool is not None, "use the runner as a context"
        count = min(len(units), stage.pipelines(self.workers))
        jobs = [list(units[i::count]) for i in range(count)]
        futures = [self._pool.submit(_run_job, stage, job) for job in jobs]
        finished, waiting = wait(futures, return_when=FIRST_EXCEPTION)
        for future in waiting:
            future.cancel()
        try:
            for future in finished:
                future.result()
        except BrokenProcessPool as error:
            raise StageError(
                f"{stage.name}: a worker process died (out of memory, or killed). Finished units "
                "are kept: run the same command again, perhaps with fewer --workers."
            ) from error


class BeamRunner:
    """One pipeline a stage, on the runner that Beam options name; its workers share the paths."""

    def __init__(self, options: Sequence[str]):
        refused = [o for o in options if "direct_running_mode" in o or "DirectRunner" in o]
        if refused:
            raise UsageError(
                f"{refused[0]}: Beam's local runners lose rows when they run in parallel. "
                "Leave the option out and use --workers."
            )
        self.options = list(options)

    def run(self, stage: Stage | Step, units: Sequence[Unit]) -> None:
        """All units in one pipeline."""
        run_pipeline(stage, units, None, self.options)


def _run_job(stage: Stage | Step, units: list[Unit]) -> None:
    try:
        run_pipeline(stage, units, FnApiRunner())
    except Exception as error:
        # Beam wraps what a stage raised; only its text is sure to cross the process border.
        raise StageError(f"{stage.name}: {_cause(error)}") from None


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else repr(error)
