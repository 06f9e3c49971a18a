"""Near-duplicates: of each cluster of similar rows the best one stays.

Four sweeps, none of which has all rows in one place (`pipelines.exchange`):

1. *sign*, a part at a time: signatures; rows of the part that are similar are
   tied together here, and only the first of them go on to meet others, so a
   million copies of a page do not meet in one place.
2. *meet*, a range of band keys at a time: rows of different parts that share a
   band are compared by their signatures.
3. *cluster*: connected components of the pairs (`pipelines.near_clusters`).
4. the stage itself, a part at a time: the verdicts.

The best row of a cluster has the highest score `quality`, then the longest
text, then the smallest id.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import find_stars
from pipelines.config import NearDedupeConfig, RunConfig
from pipelines.exchange import count_rows_of, hash_ranges, read_range
from pipelines.near_clusters import cluster
from pipelines.near_files import FACTS, NearFiles
from pipelines.near_pictures import RowPictures
from pipelines.near_views import ImagesView, PictureView, TextView, View
from pipelines.nodes import Nodes, node_range, nodes_of, rows_of
from pipelines.stage import Runner, Stage, Step
from pipelines.work import Unit, UnitOutput
from records import Dataset, Manifest, texts

#: Keys a range of the sweep *meet*; sorting them takes 60 MB.
RANGE_KEYS = 1_000_000
_FOLDER = "near"
_NO_ROWS = np.zeros(0, bool)
Rows = NDArray[np.int64]


class NearDedupe(Stage):
    """Drops rows that are nearly another row."""

    name = "near_dedupe"
    config: NearDedupeConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.max_pixels = config.ingest.max_image_pixels
        self.views: tuple[View, ...] = ()

    def plan(self, source: Dataset | None) -> tuple[list[Unit], str]:
        """One unit a part; pictures are looked at in the parts' packs."""
        units, fingerprint = super().plan(source)
        pictures = RowPictures(self.run, [u.part for u in units if u.part], self.max_pixels)
        self.views = (
            TextView(self.config),
            ImagesView(self.config),
            PictureView(self.config, pictures),
        )
        return units, fingerprint

    @property
    def files(self) -> NearFiles:
        """What the sweeps leave."""
        return NearFiles(self.work / _FOLDER)

    def drive(self, runner: Runner, units: Sequence[Unit], waiting: Sequence[Unit]) -> None:
        """Sign, meet, cluster, decide; what an earlier try left is not done again."""
        if not waiting:
            return
        files = self.files
        Step("sign", self.sign).run(runner, units, lambda u: files.path("facts", u.index))
        Step("meet", self.meet).run(
            runner, self._meetings(), lambda u: files.path(f"met-{u.inputs[0]}", u.index)
        )
        edges = [path for view in self.views for path in files.edge_paths(view.name)]
        cluster(edges, files, runner, units=len(units), max_edges=self.config.max_edges)
        runner.run(self, waiting)

    def sign(self, unit: Unit) -> None:
        """Signatures of a part's rows, and the pairs among them."""
        files = self.files
        judged: dict[str, list[NDArray[np.bool_]]] = {v.name: [] for v in self.views}
        signed: dict[str, list[NDArray[np.uint32]]] = {
            v.name: [np.zeros((0, v.width), np.uint32)] for v in self.views
        }
        facts = [np.zeros(0, FACTS)]
        for batch in unit.batches(["id", "bucket", "lang", "parts", "images", "scores"]):
            for view in self.views:
                chosen, signatures = view.sign(batch)
                judged[view.name].append(chosen)
                signed[view.name].append(signatures)
            facts.append(_facts(batch))
        for view in self.views:
            mask = np.concatenate([np.zeros(0, bool), *judged[view.name]])
            self._tie(
                files, unit.index, view, np.flatnonzero(mask), np.concatenate(signed[view.name])
            )
        files.write("facts", unit.index, np.concatenate(facts))

    def _tie(
        self, files: NearFiles, unit: int, view: View, rows: Rows, found: NDArray[np.uint32]
    ) -> None:
        """Write a part's signatures, the pairs among them, and who goes on to meet others."""

        def compare(one: Rows, other: Rows) -> NDArray[np.float64]:
            score = view.compare(found[one], found[other])
            return _confirmed(view, score, nodes[one], nodes[other])

        keys, nodes = view.keys(found), nodes_of(unit, rows)
        stars = find_stars(keys, compare, view.threshold)
        files.write_edges(f"edges-{view.name}", unit, nodes, stars)
        files.write_bands(view.name, unit, keys[stars.left], nodes[stars.left[0]])
        files.write(f"rows-{view.name}", unit, rows)
        files.write(f"signatures-{view.name}", unit, found)

    def _meetings(self) -> list[Unit]:
        """Ranges of band keys, for each view as many as its keys ask for."""
        units = []
        for view in self.views:
            keys = count_rows_of(self.files.paths(f"bands-{view.name}"))
            ranges = hash_ranges(max(1, math.ceil(keys / RANGE_KEYS)))
            for index, (low, high) in enumerate(ranges):
                units.append(Unit(index, len(ranges), inputs=(view.name, low, high)))
        return units

    def meet(self, unit: Unit) -> None:
        """The pairs of different parts that share a band key of a range."""
        name, low, high = unit.inputs
        files, view = self.files, next(v for v in self.views if v.name == name)
        keys, nodes = read_range(files.paths(f"bands-{name}"), low, high, columns=2)
        order = np.argsort(nodes, kind="stable")
        keys, nodes = keys[order, np.newaxis], nodes[order]

        def compare(one: Rows, other: Rows) -> NDArray[np.float64]:
            return _similarity(files, view, nodes[one], nodes[other])

        stars = find_stars(keys, compare, view.threshold)
        files.write_edges(f"met-{name}", unit.index, nodes, stars)

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Let the rows leave that are not the best of their cluster."""
        files = self.files
        span = node_range(unit.index, unit.index + 1)
        nodes, leaders = read_range(files.paths("leaders"), *span, columns=2)
        follows = nodes != leaders
        nodes, leaders = nodes[follows], leaders[follows]
        why = self._why(files, span, nodes, leaders)
        leaves = rows_of(nodes)
        start = 0
        for batch in unit.batches():
            here = np.flatnonzero((leaves >= start) & (leaves < start + batch.num_rows))
            gone = np.zeros(batch.num_rows, bool)
            gone[leaves[here] - start] = True
            out.keep(batch.filter(pa.array(~gone)))
            out.drop(
                batch.filter(pa.array(gone)), **{k: [v[i] for i in here] for k, v in why.items()}
            )
            out.progress(batch.num_rows)
            start += batch.num_rows

    def _why(
        self, files: NearFiles, span: tuple[int, int], nodes: Nodes, leaders: Nodes
    ) -> dict[str, list]:
        """For each row that leaves: reason, similarity, threshold, and whom it is similar to.

        In a chain of similar rows the last is not similar to the best; then the
        row's most similar neighbour is told, and whose cluster it is.
        """
        reason = np.full(len(nodes), None, object)
        score, threshold = np.full(len(nodes), np.nan), np.full(len(nodes), np.nan)
        detail = files.facts(leaders)["id"].astype(str).astype(object)
        for view in self.views:
            found = _similarity(files, view, nodes, leaders)
            new = (found >= view.threshold) & (reason == None)  # noqa: E711
            reason[new], score[new], threshold[new] = view.reason, found[new], view.threshold
        for view in self.views:
            one, other, bits = read_range(files.edge_paths(view.name), *span, columns=3)
            likeness = bits.view(np.float64)
            order = np.lexsort([other, -likeness, one])
            one, other, likeness = one[order], other[order], likeness[order]
            place = np.searchsorted(one, nodes)
            chained = np.flatnonzero(reason == None)  # noqa: E711
            chained = chained[place[chained] < len(one)]
            chained = chained[one[place[chained]] == nodes[chained]]
            best = place[chained]
            reason[chained], score[chained] = view.reason, likeness[best]
            threshold[chained] = view.threshold
            through = files.facts(other[best])["id"].astype(str)
            detail[chained] = [
                f"{near}, which is in the cluster of {leader}"
                for near, leader in zip(through, detail[chained], strict=True)
            ]
        return {
            "reason": list(reason),
            "score": list(score),
            "threshold": list(threshold),
            "detail": list(detail),
        }

    def finish(self, manifest: Manifest) -> None:
        """What the sweeps left is not part of the output."""
        shutil.rmtree(self.work / _FOLDER, ignore_errors=True)


def _similarity(files: NearFiles, view: View, one: Nodes, other: Nodes) -> NDArray[np.float64]:
    """The similarity of each pair as a view sees it; NaN where it does not judge both."""
    first, has_first = files.signatures(view.name, one)
    second, has_second = files.signatures(view.name, other)
    both = has_first & has_second
    found = np.full(len(one), np.nan)
    if both.any():
        score = view.compare(first[both[has_first]], second[both[has_second]])
        found[both] = _confirmed(view, score, one[both], other[both])
    return found


def _confirmed(
    view: View, score: NDArray[np.float64], one: Nodes, other: Nodes
) -> NDArray[np.float64]:
    """The similarities, 0 where a look at the rows themselves says otherwise."""
    near = np.flatnonzero(score >= view.threshold)
    refuted = near[~view.confirm(one[near], other[near])]
    score[refuted] = 0.0
    return score


def _facts(batch: pa.RecordBatch) -> NDArray:
    """What decides which row of a cluster stays."""
    facts = np.empty(batch.num_rows, FACTS)
    facts["id"] = batch["id"].to_numpy(zero_copy_only=False).astype("S32")
    quality = pc.map_lookup(batch["scores"], "quality", "first")
    facts["quality"] = pc.fill_null(quality, 0.0).to_numpy(zero_copy_only=False)
    facts["size"] = pc.utf8_length(texts(batch)).to_numpy(zero_copy_only=False)
    return facts
