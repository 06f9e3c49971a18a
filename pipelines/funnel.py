"""What became of the rows of a run, from its manifests and from the work under way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.bucket import strata_of
from pipelines.run import stages_of
from pipelines.usage import StageUsage, read_usage
from pipelines.work import PROGRESS, REPORTS
from records import Manifest, NoDataset

#: Reasons shown a stage before the rest is summed up.
MAX_REASONS = 8
#: Metrics of things beside rows: "images_kept", "regions_lost_box_without_area".
_BESIDE = re.compile("(images|regions|records|files|tables|paragraphs|rows)_(.+)")
#: Metrics of a stage that asks the model.
_ASKED = ("requests", "requests_stored", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True)
class StageStatus:
    """A stage of a run: done (with its manifest), working, or waiting."""

    name: str
    state: str
    manifest: Manifest | None = None
    #: Whether a newer try, of another configuration or input, has begun and not finished.
    outdated: bool = False
    #: Rows, or inputs, that a working stage has noted; units it has finished.
    rows_noted: int = 0
    units_done: int = 0
    #: What a working stage has asked the model.
    usage: StageUsage | None = None

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        if self.manifest is None:
            noted: dict[str, Any] = {"rows_noted": self.rows_noted, "units_done": self.units_done}
            if self.usage is not None:
                noted["model"] = self.usage.as_json()
            return {
                "stage": self.name,
                "state": self.state,
                **(noted if self.state != "waiting" else {}),
            }
        m = self.manifest
        return {
            "stage": self.name,
            "state": self.state,
            "outdated": self.outdated,
            "rows": m.rows,
            "reasons": m.reasons,
            "sources": m.sources,
            "metrics": m.metrics,
            "seconds": m.seconds,
        }


def read_status(run_dir: Path) -> list[StageStatus]:
    """The stages of a run, in order. Raises StageError where there is no run."""
    return [_stage(run_dir, name) for name in stages_of(run_dir)]


def _stage(run_dir: Path, name: str) -> StageStatus:
    works = list(run_dir.glob(f".{name}.*.partial"))
    try:
        return StageStatus(name, "done", Manifest.read(run_dir / name), outdated=bool(works))
    except NoDataset:
        pass
    for work in works:
        noted = sum(int(p.read_text() or 0) for p in (work / PROGRESS).glob("unit-*"))
        done = len(list((work / REPORTS).glob("*.json")))
        return StageStatus(name, "unfinished", None, False, noted, done, read_usage(work))
    return StageStatus(name, "waiting")


def print_funnel(stages: list[StageStatus], console: Console) -> None:
    """A line a stage, one a source below the first, and below the table why rows left each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("stage")
    names = ("in", "kept", "dropped", "errors", "made", "rejected")
    for column in (*names, "seconds"):
        table.add_column(column, justify="right")
    for stage in stages:
        if stage.manifest is None:
            table.add_row(stage.name, stage.state)
            continue
        rows = stage.manifest.rows
        table.add_row(
            stage.name, *(_number(rows, n) for n in names), f"{stage.manifest.seconds:.1f}"
        )
        if stage.manifest.input_stage is None and len(stage.manifest.sources) > 1:
            for source, counts in stage.manifest.sources.items():
                table.add_row(f"  {source}", *(_number(counts, n) for n in names), style="dim")
    console.print(table)
    for line in notes(stages):
        console.print(line, style="yellow", highlight=False, soft_wrap=True)
    for stage in stages:
        for line in _why(stage.manifest) if stage.manifest else ():
            console.print(f"{stage.name:<10} {line}", highlight=False, soft_wrap=True)
    _print_mixture(stages, console)


#: (bucket, language, quality tier) -> {length class: samples}.
Mixture = dict[tuple[str, str, str], dict[int, int]]


def mixture(strata: Mapping[str, int]) -> Mixture:
    """How many samples are in what, from the numbers of strata; the language unknown is "–"."""
    table: Mixture = defaultdict(dict)
    for name, count in sorted(strata.items()):
        bucket, lang, length, tier = name.split(".")
        table[bucket, "–" if lang == "None" else lang, tier][int(length)] = count
    return table


def _print_mixture(stages: list[StageStatus], console: Console) -> None:
    """What the last stage that counted strata left."""
    counted = [(s.name, strata_of(s.manifest)) for s in stages if s.manifest]
    name, strata = next(((n, c) for n, c in reversed(counted) if c), ("", {}))
    if not strata:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (name, "language", "quality"):
        table.add_column(column, no_wrap=True)
    rows = mixture(strata)
    lengths = sorted({length for counts in rows.values() for length in counts})
    for column in (*(f"≤ {length // 1024}k" for length in lengths), "all"):
        table.add_column(column, justify="right")
    for key, counts in rows.items():
        numbers = [f"{counts[n]:,}" if n in counts else "-" for n in lengths]
        table.add_row(*key, *numbers, f"{sum(counts.values()):,}")
    console.print()
    console.print(table)


def _number(rows: dict[str, int], name: str) -> str:
    count = rows.get(name, 0)
    return f"{count:,}" if count or name in ("in", "kept") else "-"


def notes(stages: list[StageStatus]) -> list[str]:
    """What a reader of the numbers has to know: of tries that did not finish."""
    lines = []
    for stage in stages:
        if stage.state == "unfinished":
            lines.append(
                f"{stage.name} has not finished: {stage.units_done} units are done. "
                "Run the same command again to go on, or to see why it failed."
            )
        if stage.usage is not None:
            lines.append(f"{stage.name} asks the model: {stage.usage.sentence()}")
        if stage.outdated:
            lines.append(
                f"a newer try of {stage.name} has not finished: it and the stages after it are "
                "shown as they were before."
            )
    return lines


def _why(manifest: Manifest) -> list[str]:
    lines = [f"{kind}: {_counts(counts)}" for kind, counts in manifest.reasons.items() if counts]
    relabelled = {
        name.removeprefix("relabelled_").replace("_", " "): count
        for name, count in manifest.metrics.items()
        if name.startswith("relabelled_")
    }
    if relabelled:
        lines.append(f"language tags corrected: {_counts(relabelled)}")
    if "requests" in manifest.metrics:
        asked, stored, prompt, completion = (manifest.metrics[name] for name in _ASKED)
        lines.append(
            f"model: {asked:,} requests, {stored:,} from the store, "
            f"{prompt:,} tokens in, {completion:,} out"
        )
    failures = {
        name.removeprefix("failures_"): count
        for name, count in manifest.metrics.items()
        if name.startswith("failures_")
    }
    if failures:
        lines.append(f"model failures: {_counts(failures)}")
    beside: dict[str, dict[str, int]] = {}
    for name, count in manifest.metrics.items():
        found = _BESIDE.fullmatch(name)
        if found and count:
            beside.setdefault(found[1], {})[_words(found[2])] = count
    lines += [f"{things}: {_counts(counts)}" for things, counts in beside.items()]
    return lines


def _words(metric: str) -> str:
    """`left_out_not_in_archive` -> "left out not_in_archive": what happened, and the reason."""
    for what in ("left_out", "pointed_elsewhere", "lost", "dropped"):
        if metric.startswith(what):
            return what.replace("_", " ") + metric.removeprefix(what).replace("_", " ", 1)
    return metric


def _counts(counts: dict[str, int]) -> str:
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {count:,}" for name, count in largest[:MAX_REASONS])
    rest = sum(count for _, count in largest[MAX_REASONS:])
    return f"{shown}, other {rest:,}" if rest else shown
