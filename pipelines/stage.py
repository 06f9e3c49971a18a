"""The stage contract.

A stage is a `beam.PTransform` from work units to the indexes of finished ones.
Most stages only say what to do with one unit (`process`): nothing crosses a
shuffle. A stage that compares rows with each other (`dedupe`, `shard`)
overrides `expand` and lets ids and hashes cross, and text only where it must.

`run_stage` plans the units, runs the missing ones, and then believes nobody:
it counts the rows again in the Parquet footers, and fails where

    rows in = kept + dropped + errors

does not hold. The manifest is written last, and the directory takes its final
name after that.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, Protocol

import apache_beam as beam
import pyarrow.compute as pc

from pipelines.code import code_digest
from pipelines.config import RunConfig, StageConfig, identity
from pipelines.errors import StageError
from pipelines.work import PROGRESS, REPORTS, USAGE, Unit, UnitOutput, UnitReport, report_path
from records import Dataset, Manifest, NoDataset, count_rows, digest_json

#: The packages whose version can change what a stage writes.
RECORDED_VERSIONS = (
    "vlmforge", "apache-beam", "pyarrow", "numpy", "resiliparse", "pillow", "kiwipiepy",
    "opencv-python-headless",
)  # fmt: skip
#: Fewer pipelines leave a worker idle at the end; each costs 0.1 s.
PIPELINES_A_WORKER = 4
#: Kinds of errors that a failure names.
MAX_ERRORS_TOLD = 12
ROW_COUNTS = ("in", "kept", "made", "dropped", "rejected", "errors")


class Stage(beam.PTransform):
    """One step of a run. Subclasses set `name`, and override `process` or `expand`.

    Attributes:
        config: the stage's own section of the configuration.
        seed: of the run.
        run: the run's directory, to which packs are relative.
        work: where this stage's files are being written.
        config_hash: of all that can change the output, the input apart: configuration and code.
    """

    name: ClassVar[str]
    #: Whether rows are compared across units; then all units run in one pipeline.
    shuffles: ClassVar[bool] = False

    config: StageConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__()
        self.config = config.section(self.name)
        self.seed = config.seed
        self.run = run
        parts = {
            "config": identity(config, self.name),
            "files": self.files_named(config),
            "code": code_digest(type(self).__module__),
        }
        self.config_hash = digest_json(parts)[:12]
        self.work = run / f".{self.name}.{self.config_hash}.partial"

    @classmethod
    def check(cls, config: RunConfig) -> None:
        """Raise UsageError where the stage cannot do what the configuration says.

        Called for all stages before the first runs.
        """

    @classmethod
    def files_named(cls, config: RunConfig) -> dict[str, str]:
        """Hashes of files that the configuration names, beside the input: another model, another
        output."""
        return {}

    @property
    def lineage(self) -> str:
        """What the stage adds to the lineage of each row."""
        return f"{self.name}:{self.config_hash}"

    def plan(self, source: Dataset | None) -> tuple[list[Unit], str]:
        """The units, and the fingerprint of the input. By default: one unit a part of the input."""
        assert source is not None
        parts = source.files("part")
        units = [Unit(i, len(parts), p, rows=count_rows(p)) for i, p in enumerate(parts)]
        return units, source.manifest.fingerprint

    def expand(self, units: beam.PCollection[Unit]) -> beam.PCollection[int]:
        return units | "ProcessUnits" >> beam.Map(self.run_unit).with_output_types(int)

    def drive(self, runner: Runner, units: Sequence[Unit], waiting: Sequence[Unit]) -> None:
        """Have `units` done, of which `waiting` are not yet. By default in one sweep.

        A stage that has to look at all rows before it decides about any overrides
        this, and runs a `Step` over them first.
        """
        if waiting:
            runner.run(self, units if self.shuffles else waiting)

    def run_unit(self, unit: Unit) -> int:
        """Process one unit, write its files and its report; return its index."""
        with self.output(unit) as out:
            self.process(unit, out)
        return unit.index

    def output(self, unit: Unit) -> UnitOutput:
        """Where a unit's rows go."""
        return UnitOutput(self.work, unit, self.lineage)

    def pipelines(self, workers: int) -> int:
        """Into how many pipelines the units are dealt on one machine with so many processes."""
        return 1 if self.shuffles else workers * PIPELINES_A_WORKER

    @property
    def model_used(self) -> str | None:
        """Names the model that the stage calls, for the report."""
        return None

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Decide about every row of the unit."""
        raise TypeError(f"the stage {self.name} overrides neither process nor expand")

    def finish(self, manifest: Manifest) -> None:
        """Called when all units are checked, before the manifest is written."""


class Step(beam.PTransform):
    """A sweep of a stage over units of work that are not rows in and rows out.

    `work` does one unit, and leaves a file when it is done.
    """

    def __init__(self, name: str, work: Callable[[Unit], None]):
        super().__init__()
        self.name = name
        self.work = work

    def expand(self, units: beam.PCollection[Unit]) -> beam.PCollection[int]:
        return units | "DoUnits" >> beam.Map(self.do_unit).with_output_types(int)

    def pipelines(self, workers: int) -> int:
        """As a stage has them."""
        return workers * PIPELINES_A_WORKER

    def do_unit(self, unit: Unit) -> int:
        """Do one unit; return its index."""
        self.work(unit)
        return unit.index

    def run(self, runner: Runner, units: Sequence[Unit], left: Callable[[Unit], Path]) -> None:
        """Do the units whose file, `left`, an earlier try has not left.

        Raises StageError where one is not there then.
        """
        waiting = [unit for unit in units if not left(unit).exists()]
        if waiting:
            runner.run(self, waiting)
        lost = sum(not left(unit).exists() for unit in waiting)
        if lost:
            raise StageError(
                f"{self.name}: the runner said it was done, but {lost} of {len(units)} units were "
                "never processed: it lost work. Run the same command again; if it happens again, "
                "use another runner."
            )


class Runner(Protocol):
    """Runs a stage, or one step of it, over units; see `pipelines.runner`."""

    def run(self, stage: Stage | Step, units: Sequence[Unit]) -> None:
        """Process all units. What became of them is seen in the files they leave."""


class Watcher(Protocol):
    """Is told how a stage goes; see `pipelines.progress`."""

    def watch(self, stage: Stage, units: Sequence[Unit], done: int) -> AbstractContextManager[None]:
        """A context in which the stage runs."""


@dataclass(frozen=True)
class StageResult:
    """What `run_stage` did."""

    manifest: Manifest
    #: Whether a finished output was there already.
    skipped: bool


def run_stage(
    stage: Stage, source: Dataset | None, runner: Runner, watcher: Watcher
) -> StageResult:
    """Run `stage` on `source`, or return its finished output.

    Raises StageError where rows are lost, too many inputs are bad, or the
    runner fails. A run that was killed goes on with the units it had not done.
    """
    units, fingerprint = stage.plan(source)
    final = stage.run / stage.name
    try:
        manifest = Manifest.read(final)
        same = (manifest.config_hash, manifest.input_fingerprint) == (
            stage.config_hash,
            fingerprint,
        )
        if same and Dataset(final, manifest).is_whole():
            return StageResult(manifest, skipped=True)
    except NoDataset:
        pass
    started = time.monotonic()
    _resume(stage, fingerprint)
    waiting = [u for u in units if not report_path(stage.work, u.index).exists()]
    with watcher.watch(stage, units, len(units) - len(waiting)):
        stage.drive(runner, units, waiting)
    reports = list(_reports(stage, units))
    manifest = _manifest(stage, source, fingerprint, reports, time.monotonic() - started)
    _check_error_rate(stage, manifest)
    stage.finish(manifest)
    manifest.write(stage.work)
    _publish(stage.work, final)
    return StageResult(manifest, skipped=False)


def _resume(stage: Stage, fingerprint: str) -> None:
    """Keep what an earlier try left, unless it worked on another input."""
    mark = stage.work / "input"
    if stage.work.exists() and not (mark.exists() and mark.read_text() == fingerprint):
        shutil.rmtree(stage.work)
    for old in stage.run.glob(f".{stage.name}.*.partial"):
        if old != stage.work:
            shutil.rmtree(old)
    stage.work.mkdir(parents=True, exist_ok=True)
    mark.write_text(fingerprint)
    if stage.shuffles:
        # Units of such a stage depend on each other: all or none.
        shutil.rmtree(stage.work / REPORTS, ignore_errors=True)


def _reports(stage: Stage, units: Sequence[Unit]) -> Iterator[UnitReport]:
    """Each unit's report, its sum checked against the footers of the files it names."""
    for unit in units:
        path = report_path(stage.work, unit.index)
        if not path.exists():
            raise StageError(
                f"{stage.name}: the runner said it was done, but unit {unit.index} of {unit.count} "
                f"({unit.rows} rows) was never processed: it lost work. Run the same command "
                "again; if it happens again, use another runner."
            )
        report = UnitReport.read(path)
        check_sum(stage, unit, report)
        yield report


def check_sum(stage: Stage, unit: Unit, report: UnitReport) -> None:
    """Raise StageError unless rows in = kept + dropped + errors, counted in the files."""
    written = {f.kind: count_rows(stage.work / f.path) for f in report.files if f.kind != "pack"}
    rows_in = report.rows.get("in", 0) if unit.part is None else count_rows(unit.part)
    kept = written.get("part", 0) - report.rows.get("made", 0)
    dropped, errors = written.get("dropped", 0), report.rows.get("errors", 0)
    if rows_in != kept + dropped + errors:
        raise StageError(
            f"{stage.name}: rows were lost in unit {unit.index}: {rows_in} in, but {kept} kept + "
            f"{dropped} dropped + {errors} errors = {kept + dropped + errors}. Nothing was "
            "published. This is a bug in the stage or its runner."
        )


def _manifest(
    stage: Stage,
    source: Dataset | None,
    fingerprint: str,
    reports: Sequence[UnitReport],
    seconds: float,
) -> Manifest:
    rows = dict.fromkeys(ROW_COUNTS, 0) | _add(r.rows for r in reports)
    if source is not None:
        rows["in"] = source.manifest.rows["kept"] + source.manifest.rows["made"]
    kinds = ("dropped", "rejected", "errors")
    names = sorted({name for r in reports for name in r.sources})
    sources = {name: _add(r.sources.get(name, {}) for r in reports) for name in names}
    if source is not None:
        for counts in sources.values():
            counts["in"] = sum(counts.get(k, 0) for k in ("kept", "dropped", "errors"))
    return Manifest(
        stage=stage.name,
        parts=len(reports),
        rows=rows,
        reasons={k: _by_size(_add(r.reasons.get(k, {}) for r in reports)) for k in kinds},
        metrics=dict(sorted(_add(r.metrics for r in reports).items())),
        sources=sources,
        files=[f for r in reports for f in r.files],
        config=stage.config.model_dump(mode="json"),
        config_hash=stage.config_hash,
        model=stage.model_used,
        input_fingerprint=fingerprint,
        input_stage=source.manifest.stage if source else None,
        versions={name: version(name) for name in RECORDED_VERSIONS},
        seconds=round(seconds, 2),
    )


def _check_error_rate(stage: Stage, manifest: Manifest) -> None:
    rate = manifest.rows["errors"] / max(1, manifest.rows["in"])
    if rate > stage.config.max_error_rate:
        raise StageError(
            f"{stage.name}: {manifest.rows['errors']} of {manifest.rows['in']} inputs could not be "
            f"read ({rate:.1%}), more than max_error_rate {stage.config.max_error_rate:.1%}:\n"
            + "".join(f"  {line}\n" for line in _worst_errors(stage, manifest))
            + f"All are in {stage.work}/errors-*.parquet; `vlmforge explain {stage.run} SOURCE` "
            "lists those of a source. Mend or exclude the inputs, or allow as many: "
            f"--set {stage.name}.max_error_rate={min(1.0, rate * 1.1):.2f}"
        )


def _worst_errors(stage: Stage, manifest: Manifest) -> Iterator[str]:
    """The most frequent errors, each with its source and an example."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for batch in Dataset(stage.work, manifest).batches("errors"):
        for row in batch.filter(pc.equal(batch["lost"], "row")).to_pylist():
            key = (row["dataset"], row["reason"])
            counts[key] += 1
            examples.setdefault(key, f"{row['path']} {row['place'] or ''}".strip())
    for (source, reason), number in counts.most_common(MAX_ERRORS_TOLD):
        example = examples[source, reason]
        yield f"{source}: {reason} {number}, such as {example}"
    rest = sum(n for _, n in counts.most_common()[MAX_ERRORS_TOLD:])
    if rest:
        yield f"other {rest}"


def _publish(work: Path, final: Path) -> None:
    """Give the directory its name; an older output goes only when the new one stands."""
    for leftover in (REPORTS, PROGRESS, USAGE, "input"):
        path = work / leftover
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        os.replace(final, old)
    os.replace(work, final)
    shutil.rmtree(old, ignore_errors=True)


def _add(counters: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counter in counters:
        for key, number in counter.items():
            total[key] = total.get(key, 0) + number
    return total


def _by_size(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
