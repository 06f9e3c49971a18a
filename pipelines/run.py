"""A run: the configured stages one after the other, each skipped if it is done."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model import compact_store_if_due
from pipelines.bucket import Bucket
from pipelines.config import RunConfig
from pipelines.decontaminate import Decontaminate
from pipelines.dedupe import Dedupe
from pipelines.errors import StageError
from pipelines.filter import Filter
from pipelines.ingest import Ingest
from pipelines.model_stage import ModelStage
from pipelines.near_dedupe import NearDedupe
from pipelines.progress import ProgressBar
from pipelines.recaption import Recaption
from pipelines.render import Render
from pipelines.runner import BeamRunner, LocalRunner
from pipelines.select import Select
from pipelines.shard import Shard
from pipelines.stage import Runner, Stage, StageResult, run_stage
from pipelines.teacher import open_model
from records import Dataset, NoDataset, write_atomically

STAGES: dict[str, type[Stage]] = {
    stage.name: stage
    for stage in (
        Ingest,
        Dedupe,
        Filter,
        NearDedupe,
        Decontaminate,
        Select,
        Bucket,
        Recaption,
        Render,
        Shard,
    )
}
#: The configuration as it was run, in the run's directory.
CONFIG = "config.json"


def run(
    config: RunConfig,
    only: str | None = None,
    beam_options: Sequence[str] = (),
    on_stage: Callable[[str, StageResult], None] = lambda name, result: None,
) -> None:
    """Run the stages of `config`, or one of them on what the one before it left.

    Raises StageError and UsageError.
    """
    for name in config.stages:
        STAGES[name].check(config)
    config.out.mkdir(parents=True, exist_ok=True)
    with only_one(config.out), ExitStack() as stack:
        write_atomically(config.out / CONFIG, config.model_dump_json(indent=1).encode())
        runner: Runner
        if beam_options:
            runner = BeamRunner(beam_options)
        else:
            runner = stack.enter_context(LocalRunner(config.workers))
        before: Dataset | None = None
        for name in config.stages:
            if only in (None, name):
                stage = STAGES[name](config, config.out)
                with _model_for(stage, config):
                    result = run_stage(stage, before, runner, ProgressBar())
                on_stage(name, result)
                if only == name:
                    return
            try:
                before = Dataset.open(config.out / name)
            except NoDataset as error:
                raise StageError(f"{error}. Run: vlmforge {name} CONFIG") from error


def stages_of(run_dir: Path) -> list[str]:
    """The stages of the run in a directory, from the configuration it was run with."""
    try:
        return list(json.loads((run_dir / CONFIG).read_text())["stages"])
    except (OSError, ValueError, KeyError) as error:
        raise StageError(f"{run_dir} is not a run: it has no readable {CONFIG}") from error


@contextmanager
def _model_for(stage: Stage, config: RunConfig) -> Iterator[None]:
    """Give a stage that asks the model its model."""
    if not isinstance(stage, ModelStage):
        yield
        return
    compact_store_if_due(config.responses)
    with open_model(config.model, stage.name) as stage.model:
        yield


@contextmanager
def only_one(out: Path) -> Iterator[None]:
    """Hold the run's lock, which the system releases even if this process is killed."""
    with open(out / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StageError(
                f"another vlmforge is working in {out}: wait for it, or end it"
            ) from None
        yield
