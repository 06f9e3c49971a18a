"""Which rows a mixture takes, and how many times each is shown.

Rows that name what many others name are sampled (`filters.balance`), and good
ones are preferred there; rows that are dense, educational or of a science are
shown several times (`filters.priorities`): the score `repeat`, which `shard`
obeys. A row may leave as `entity_too_frequent`: its `score` is the chance that
the entity which came nearest gave it, its `threshold` the number that the
chance had to be above, and `detail` names the entity, its rows and the cap.

Three sweeps, none of which has all rows in one place (`pipelines.exchange`):

1. *name*, a part at a time: the entities of its rows, and how many rows name each.
2. *count*, a range of entity keys at a time: the sums over all parts.
3. the stage itself, a part at a time: looks the sums up, and decides.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filters import (
    PRIORITIES,
    Balance,
    RepeatRule,
    balance,
    entities,
    entity_keys,
    estimate_tokens,
    preference,
    prose,
    repeats,
    row_keys,
)
from pipelines.config import RunConfig, SelectConfig
from pipelines.exchange import (
    count_rows_of,
    hash_ranges,
    lookup,
    read_range,
    write_sorted,
)
from pipelines.stage import Runner, Stage, Step
from pipelines.work import Unit, UnitOutput
from records import Manifest, scores, set_scores, texts, write_table

#: Buckets whose texts are balanced. The names in problems are props, and the words of
#: signs, charts and boxes are what they are.
BALANCED = ("caption", "interleaved", "document", "conversation", "text")
#: Entities of parts that a unit of the sweep *count* sums: 16 bytes each, and 40 to sort them.
RANGE_KEYS = 4_000_000
#: The folder of the sweeps, below the stage's working directory.
NAMED = "named"
#: Begins what stands for the entity of rows that have none. No entity begins with a blank.
NOTHING = " nothing in "

_NAMED_SCHEMA = pa.schema([("entities", pa.list_(pa.string())), ("keys", pa.list_(pa.uint64()))])


class Select(Stage):
    """Drops rows about what is frequent, and sets the score `repeat`."""

    name = "select"
    config: SelectConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.rules = [RepeatRule(r.score, r.at_least, r.add) for r in self.config.repeats]
        self.max_per_entity = self.config.max_per_entity or np.inf
        self.max_without_entity = self.config.max_without_entity or np.inf

    def drive(self, runner: Runner, units: Sequence[Unit], waiting: Sequence[Unit]) -> None:
        """Name, count, decide; what an earlier try left is not done again."""
        if not waiting:
            return
        if min(self.max_per_entity, self.max_without_entity) < np.inf:
            Step("name", self.name_entities).run(runner, units, self._counts_path)
            number = 1 + count_rows_of([self._counts_path(u) for u in units]) // RANGE_KEYS
            ranges = [Unit(i, number, inputs=r) for i, r in enumerate(hash_ranges(number))]
            Step("count", self.count_entities).run(runner, ranges, self._sums_path)
        runner.run(self, waiting)

    def name_entities(self, unit: Unit) -> None:
        """The entities of a part's rows, and how many of its rows name each."""
        found = [_NAMED_SCHEMA.empty_table()]
        for batch in unit.batches(["bucket", "lang", "parts"]):
            named = _entities(batch)
            offsets = pa.array(named.offsets.to_numpy() - named.offsets[0].as_py(), pa.int32())
            keys = pa.array(entity_keys(named, batch["lang"]), pa.uint64())
            lists = [named, pa.ListArray.from_arrays(offsets, keys)]
            found.append(pa.table(lists, schema=_NAMED_SCHEMA))
        table = pa.concat_tables(found).combine_chunks()
        write_table(self._entities_path(unit), table)
        flat = table["keys"].combine_chunks().flatten().to_numpy()
        distinct, counts = np.unique(flat, return_counts=True)
        write_sorted(self._counts_path(unit), distinct, counts.astype(np.uint64))

    def count_entities(self, unit: Unit) -> None:
        """How many rows of all parts name each entity of a range of keys."""
        low, high = unit.inputs
        paths = sorted((self.work / NAMED).glob("counts-*"))
        keys, counts = read_range(paths, low, high, columns=2)
        distinct, place = np.unique(keys, return_inverse=True)
        sums = np.zeros(len(distinct), np.uint64)
        np.add.at(sums, place, counts)
        write_sorted(self._sums_path(unit), distinct, sums)

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Decide about every row of the unit, and say how often it is shown."""
        path = self._entities_path(unit)
        named = pq.read_table(path) if path.exists() else None
        start = 0
        for batch in unit.batches():
            measured = self._measure(batch)
            stays = np.ones(batch.num_rows, np.bool_)
            if named is not None:
                stays = self._balance(batch, named.slice(start, batch.num_rows), measured, out)
            start += batch.num_rows
            count = repeats(measured, self.rules, self.config.max_repeat)
            chosen = {
                "repeat": count.astype(np.float64),
                "tokens_per_image": measured["tokens_per_image"],
            }
            out.keep(set_scores(batch, chosen).filter(pa.array(stays)))
            for times in range(2, self.config.max_repeat + 1):
                out.count(f"rows_shown_{times}_times", int((stays & (count == times)).sum()))
            out.progress(batch.num_rows)

    def finish(self, manifest: Manifest) -> None:
        """Throw away what only the sweeps needed."""
        shutil.rmtree(self.work / NAMED, ignore_errors=True)

    def _measure(self, batch: pa.RecordBatch) -> dict[str, NDArray[np.float64]]:
        """The scores that decide. `tokens_per_image` is measured here: how dense a row is."""
        names = {*PRIORITIES, *(rule.score for rule in self.rules)}
        pictures = pc.list_value_length(batch["images"]).to_numpy().astype(np.float64)
        pictures[pictures == 0] = np.nan
        tokens = estimate_tokens(texts(batch), batch["lang"])
        found = {name: scores(batch, name) for name in sorted(names)}
        return found | {"tokens_per_image": tokens / pictures}

    def _balance(
        self,
        batch: pa.RecordBatch,
        named: pa.Table,
        measured: dict[str, NDArray[np.float64]],
        out: UnitOutput,
    ) -> NDArray[np.bool_]:
        """Drop the rows whose entities are too frequent; which rows stay."""
        lists = named["keys"].combine_chunks()
        keys, names = lists.flatten().to_numpy(), named["entities"].combine_chunks().flatten()
        counts = self._look_up(keys)
        nothing = pc.starts_with(names, NOTHING).to_numpy(zero_copy_only=False)
        caps = np.where(nothing, self.max_without_entity, self.max_per_entity)
        owner = pc.list_parent_indices(lists).to_numpy()
        preferred = caps * preference(measured, self.config.preference)[owner]
        rows = row_keys(self.seed, batch["id"].to_pylist())
        verdict = balance(rows, lists.offsets.to_numpy(), keys, counts, preferred)
        self._drop(batch, verdict, names, counts, caps, out)
        out.count("rows_without_entity", int(nothing.sum()))
        return verdict.stays

    def _drop(
        self,
        batch: pa.RecordBatch,
        verdict: Balance,
        names: pa.StringArray,
        counts: NDArray[np.uint64],
        caps: NDArray[np.float64],
        out: UnitOutput,
    ) -> None:
        leaves = np.flatnonzero(~verdict.stays)
        mentions = verdict.entity[leaves]
        out.drop(
            batch.take(pa.array(leaves)),
            ["entity_too_frequent"] * len(leaves),
            score=list(verdict.chance[leaves]),
            threshold=list(verdict.drawn[leaves]),
            detail=[
                f"{names[i].as_py().strip()}: {counts[i]:,} rows, cap {caps[i]:,.0f}"
                for i in mentions
            ],
        )

    def _look_up(self, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """How many rows name each entity."""
        return lookup(sorted((self.work / NAMED).glob("sums-*")), keys)

    def _entities_path(self, unit: Unit) -> Path:
        return self.work / NAMED / f"entities-{unit.index:05d}.parquet"

    def _counts_path(self, unit: Unit) -> Path:
        return self.work / NAMED / f"counts-{unit.index:05d}.npy"

    def _sums_path(self, unit: Unit) -> Path:
        return self.work / NAMED / f"sums-{unit.index:05d}.npy"


def _entities(batch: pa.RecordBatch) -> pa.ListArray:
    """The entities of each row that is balanced, `NOTHING` where it has none."""
    is_balanced = pc.is_in(batch["bucket"], pa.array(BALANCED))
    found = entities(pc.if_else(is_balanced, prose(texts(batch)), ""), batch["lang"])
    bare = pc.and_(is_balanced, pc.equal(pc.list_value_length(found), 0))
    nothing = pa.array([[NOTHING + b] for b in batch["bucket"].to_pylist()], found.type)
    return pc.if_else(bare, nothing, found)
