"""New `caption` rows: the model describes pictures of documents.

All rows of the input go on. Each eligible picture is one request; its answer
becomes a made row, or a rejected one with the gate that refused it. Within a
unit a picture is described once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow.compute as pc

from model import Picture, Request, Response
from pipelines.bucket import placed
from pipelines.config import RecaptionConfig, RunConfig
from pipelines.model_stage import ModelStage
from pipelines.work import Unit, UnitOutput
from records import ImageRef, PackReader, Part, Sample, from_batch, sample_id, to_batch, uniform
from synth import Limits, Scene, Verdict, caption_language, caption_request, read_caption


@dataclass(frozen=True)
class Task:
    """A picture to describe."""

    sample: Sample
    image: ImageRef
    scene: Scene


class Recaption(ModelStage):
    """Asks the model about pictures."""

    name = "recaption"
    config: RecaptionConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.max_pixels = config.bucket.max_pixels

    def ask(self, unit: Unit) -> Iterator[tuple[Task, Request]]:
        """One question a picture of the unit's documents."""
        seen: set[str] = set()
        with PackReader(self.run) as packs:
            for batch in unit.batches():
                documents = batch.filter(pc.equal(batch["bucket"], "interleaved"))
                for sample in from_batch(documents):
                    for task in self._tasks(sample, seen):
                        yield task, self._request(task, packs)

    def answer(self, unit: Unit, answers: Sequence[tuple[Task, Response]], out: UnitOutput) -> None:
        """Keep every row; make one of each caption that passes the gates."""
        for batch in unit.batches():
            out.keep(batch)
        limits = Limits(
            self.config.min_characters, self.config.max_characters, self.config.max_copied
        )
        made: list[Sample] = []
        rejected: list[tuple[Sample, Verdict]] = []
        for task, response in answers:
            verdict = read_caption(response, task.scene, limits)
            row = self._row(task, verdict)
            if verdict.reason is None:
                made.append(row)
            else:
                rejected.append((row, verdict))
        out.make(placed(to_batch(made), self.max_pixels))
        verdicts = [v for _, v in rejected]
        out.reject(
            to_batch(s for s, _ in rejected),
            [v.reason for v in verdicts],  # type: ignore[misc]
            score=[v.score for v in verdicts],
            threshold=[v.threshold for v in verdicts],
            detail=[v.detail for v in verdicts],
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
            seen=self.teacher.sees_images,
        )

    def _request(self, task: Task, packs: PackReader) -> Request:
        image, picture = task.image, None
        if self.teacher.sees_images:
            read = partial(packs.read, image.pack, image.offset, image.size)
            picture = Picture(image.sha256, image.format, read)
        return caption_request(
            task.scene, picture, max_tokens=self.config.max_tokens, seed=self.seed
        )

    def _row(self, task: Task, verdict: Verdict) -> Sample:
        parts = (Part("image", image=0), Part("text", text=verdict.caption))
        source = replace(task.sample.source, parent=task.sample.id, model=self.teacher.name)
        return Sample(
            id=sample_id(source, parts, [task.image]),
            bucket="caption",
            lang=task.scene.lang,
            parts=parts,
            images=(task.image,),
            targets={"alt": task.scene.alt, "model_license": self.teacher.license},
            # A caption by a model that could not see is worth less; say so.
            scores={"picture_seen": float(self.teacher.sees_images)},
            source=source,
            lineage=task.sample.lineage,
        )
