"""New `caption` rows: the model describes pictures of documents.

All rows of the input go on. Each eligible picture is one request; its answer
becomes a made row, or a rejected one with the gate that refused it. Within a
unit a picture is described once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from model import Endpoint, Picture, Response, ResponseStore, generate
from pipelines.bucket import placed
from pipelines.config import RecaptionConfig, RunConfig
from pipelines.errors import StageError
from pipelines.stage import Stage
from pipelines.work import REPORTS, Unit, UnitOutput
from records import (
    ImageRef,
    Manifest,
    PackReader,
    Part,
    Sample,
    from_batch,
    sample_id,
    to_batch,
    uniform,
)
from synth import Limits, Scene, Verdict, caption_language, caption_request, read_caption

#: Requests that are held in memory at once, with their pictures.
_WINDOW = 64


@dataclass(frozen=True)
class Task:
    """A picture to describe."""

    sample: Sample
    image: ImageRef
    scene: Scene


class Recaption(Stage):
    """Asks the model at `endpoint` about pictures. The endpoint is set before the stage runs."""

    name = "recaption"
    config: RecaptionConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.max_pixels = config.bucket.max_pixels
        self.store = config.responses
        self.model_license = config.model.license
        self.endpoint: Endpoint | None = None

    @property
    def model_used(self) -> str | None:
        """The model, and whether it saw the pictures."""
        assert self.endpoint is not None
        sight = "sees the pictures" if self.endpoint.sees_images else "cannot see pictures"
        return f"{self.endpoint.model} ({sight})"

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Keep every row, then ask about the unit's pictures."""
        tasks: list[Task] = []
        seen: set[str] = set()
        for batch in unit.batches():
            out.keep(batch)
            documents = batch.filter(pc.equal(batch["bucket"], "interleaved"))
            for sample in from_batch(documents):
                tasks += self._tasks(sample, seen)
            out.progress(batch.num_rows)
        assert self.endpoint is not None
        store = ResponseStore(self.store)
        try:
            with PackReader(self.run) as packs:
                for start in range(0, len(tasks), _WINDOW):
                    self._ask(tasks[start : start + _WINDOW], self.endpoint, store, packs, out)
        finally:
            store.close()

    def finish(self, manifest: Manifest) -> None:
        """Fail where the endpoint did not answer: too few rows are not a result."""
        failed = manifest.reasons["rejected"].get("request_failed", 0)
        asked = manifest.metrics.get("requests", 0)
        if asked and failed / asked > self.config.max_failure_rate:
            # Units that got no answers are not done: the next run asks again, from the store first.
            shutil.rmtree(self.work / REPORTS, ignore_errors=True)
            url = self.endpoint.url if self.endpoint else "?"
            raise StageError(
                f"recaption: {failed} of {asked} requests to {url} failed, more than "
                f"max_failure_rate {self.config.max_failure_rate:.0%}. The answers that came are "
                f"stored in {self.store}. Look at rejected-*.parquet in {self.work}, see that the "
                "model answers there, and run the same command again."
            )

    def _tasks(self, sample: Sample, seen: set[str]) -> Iterator[Task]:
        for place, part in enumerate(sample.parts):
            if part.image is None:
                continue
            image = sample.images[part.image]
            small = min(image.width, image.height) < self.config.min_image_side
            chosen = uniform(self.seed, "recaption", image.sha256) < self.config.rate
            if small or not chosen or image.sha256 in seen:
                continue
            scene = self._scene(sample, place, part.image)
            if scene.alt or scene.before or scene.after:
                seen.add(image.sha256)
                yield Task(sample, image, scene)

    def _scene(self, sample: Sample, place: int, image: int) -> Scene:
        def text(parts: tuple[Part, ...]) -> str:
            return "\n\n".join(p.text for p in parts if p.type == "text" and p.text)

        size = self.config.context_characters
        before, after = text(sample.parts[:place]), text(sample.parts[place + 1 :])
        return Scene(
            row=sample.id,
            image=image,
            lang=caption_language(sample.lang),
            alt=sample.images[image].alt or "",
            before=before[-size:].strip() if size else "",
            after=after[:size].strip(),
            seen=self.endpoint is not None and self.endpoint.sees_images,
        )

    def _ask(
        self,
        tasks: list[Task],
        endpoint: Endpoint,
        store: ResponseStore,
        packs: PackReader,
        out: UnitOutput,
    ) -> None:
        requests = []
        for task in tasks:
            image, picture = task.image, None
            if endpoint.sees_images:
                data = packs.read(image.pack, image.offset, image.size)
                picture = Picture(data, image.format, image.sha256)
            requests.append(
                caption_request(
                    task.scene, picture, max_tokens=self.config.max_tokens, seed=self.seed
                )
            )
        responses = generate(endpoint, requests, store, on_answer=lambda: out.progress(0))
        limits = Limits(
            self.config.min_characters, self.config.max_characters, self.config.max_copied
        )
        made: list[Sample] = []
        rejected: list[tuple[Sample, Verdict]] = []
        for task, response in zip(tasks, responses, strict=True):
            verdict = read_caption(response, task.scene, limits)
            row = self._row(task, verdict, endpoint)
            if verdict.reason is None:
                made.append(row)
            else:
                rejected.append((row, verdict))
            _count(response, out)
        out.make(placed(to_batch(made), self.max_pixels))
        verdicts = [v for _, v in rejected]
        out.reject(
            to_batch(s for s, _ in rejected),
            [v.reason for v in verdicts],  # type: ignore[misc]
            score=[v.score for v in verdicts],
            threshold=[v.threshold for v in verdicts],
            detail=[v.detail for v in verdicts],
        )

    def _row(self, task: Task, verdict: Verdict, endpoint: Endpoint) -> Sample:
        parts = (Part("image", image=0), Part("text", text=verdict.caption))
        source = replace(task.sample.source, parent=task.sample.id, model=endpoint.model)
        return Sample(
            id=sample_id(source, parts, [task.image]),
            bucket="caption",
            lang=task.scene.lang,
            parts=parts,
            images=(task.image,),
            targets={"alt": task.scene.alt, "model_license": self.model_license},
            # A caption by a model that could not see is worth less; say so.
            scores={"picture_seen": float(endpoint.sees_images)},
            source=source,
            lineage=task.sample.lineage,
        )


def _count(response: Response, out: UnitOutput) -> None:
    out.count("requests")
    out.count("requests_stored", int(response.stored))
    out.count("prompt_tokens", response.prompt_tokens)
    out.count("completion_tokens", response.completion_tokens)
