"""New `stem`, `document` and `ocr` rows: problems and documents as pictures with exact boxes.

All rows of the input go on. A text problem is drawn as a sheet. A share of the
pages is set anew as documents, and so are office papers that are made up; each
of their pages is a `document` row (parse it) and an `ocr` row (read it), in
pictures of different fates. What cannot be drawn truly (a figure that is not
there, TeX that is none, a glyph that no font has, text that does not fit) is a
rejected row with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.bucket import placed
from pipelines.config import RenderConfig, RunConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import (
    ImageRef,
    PackReader,
    Sample,
    Source,
    from_batch,
    generator,
    set_regions,
    to_batch,
    uniform,
)
from renderers import (
    Layout,
    Refused,
    RenderError,
    Taken,
    fonts_digest,
    render_problem,
    shared_browser,
    take,
)
from renderers.document import Document, Picture, RenderedPage, render_document
from synth import (
    OFFICE_KINDS,
    PAGE_CHARACTERS,
    Paper,
    document_of,
    document_sample,
    ocr_sample,
    office_document,
    sheet_problem,
    sheet_sample,
)

#: Buckets whose rows are set anew, and as what. Pages of PDF files are pictures already.
PAGE_BUCKETS, PAGE_KINDS = ("interleaved", "text"), tuple(PAGE_CHARACTERS)
#: The dataset of papers that are made up; their text is ours.
INVENTED = Source("invented", license="CC0-1.0")
#: Device pixels a CSS pixel of documents, if the configuration does not say.
DOCUMENT_SCALE = 2.0
#: Languages of papers that are made up.
LANGUAGES = ("ko", "en")


class Render(Stage):
    """Draws `stem` rows that have no picture yet, some pages, and office papers."""

    name = "render"
    config: RenderConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.max_pixels = config.bucket.max_pixels

    @classmethod
    def files_named(cls, config: RunConfig) -> dict[str, str]:
        """The fonts of this machine: others make other pictures."""
        return {"fonts": fonts_digest()}

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Keep every row, and add the pictures."""
        with PackReader(self.run) as packs:
            for batch in unit.batches():
                out.keep(batch)
                chosen = batch.filter(pc.is_in(batch["bucket"], pa.array(["stem", *PAGE_BUCKETS])))
                for sample in from_batch(chosen, regions=False):
                    if sample.bucket == "stem" and not sample.images:
                        self._problem(sample, out)
                    elif sample.bucket != "stem" and self._is_chosen(sample):
                        self._page(sample, packs, out)
                    out.progress()
                out.progress(batch.num_rows - chosen.num_rows)
        for number in range(unit.index, self.config.papers, unit.count):
            self._paper(number, out)

    def _is_chosen(self, sample: Sample) -> bool:
        return uniform(self.seed, "render", sample.id) < self.config.documents

    def _problem(self, sample: Sample, out: UnitOutput) -> None:
        try:
            sheet = render_problem(
                shared_browser(),
                sheet_problem(sample),
                seed=self.seed,
                key=sample.id,
                max_pixels=self.max_pixels,
                scale=self.config.scale,
            )
        except (Refused, RenderError) as error:
            _reject(sample, error, out)
            return
        taken = self._take(sheet.pixels, sheet.layout, sample.id)
        self._make(sheet_sample(sample, sheet, taken, self._store(taken, out)), taken, out)

    def _page(self, sample: Sample, packs: PackReader, out: UnitOutput) -> None:
        """A page of a source, set anew."""
        random = generator(self.seed, "kind", sample.id)
        kind = PAGE_KINDS[int(random.integers(len(PAGE_KINDS)))]
        try:
            document = document_of(sample, kind, dict(_pictures(sample, packs)))
            pages = self._draw(document, sample.id)
        except (Refused, RenderError) as error:
            _reject(sample, error, out)
            return
        source = replace(sample.source, parent=sample.id)
        for page in pages:
            self._ask(page, document, source, sample.lineage, out)

    def _paper(self, number: int, out: UnitOutput) -> None:
        """An office paper that is made up."""
        random = generator(self.seed, "paper", str(number))
        kinds = sorted(OFFICE_KINDS)
        kind = kinds[int(random.integers(len(kinds)))]
        lang = LANGUAGES[int(random.integers(len(LANGUAGES)))]
        source = replace(INVENTED, url=f"{kind}/{lang}/{number}")
        try:
            document = office_document(kind, lang, seed=self.seed, key=str(number))
            pages = self._draw(document, f"{kind} {number}")
        except (Refused, RenderError) as error:
            # It was made of nothing: there is no row to reject.
            out.count(f"papers_refused_{_reason(error)}")
            return
        for page in pages:
            self._ask(page, document, source, (), out)

    def _draw(self, document: Document, key: str) -> list[RenderedPage]:
        return render_document(
            shared_browser(),
            document,
            seed=self.seed,
            key=key,
            scale=self.config.scale or DOCUMENT_SCALE,
            max_pixels=self.max_pixels,
        )

    def _ask(
        self,
        page: RenderedPage,
        document: Document,
        source: Source,
        lineage: tuple[str, ...],
        out: UnitOutput,
    ) -> None:
        """Two rows of one page: one to be parsed, one to be read."""
        place = f"{source.parent or source.url} {page.number}"
        about = {"page": str(page.number), "pages": str(page.pages), "kind": document.kind}
        told = page.layout.block
        blocks = [kind for kind, label in zip(told.kinds, told.labels, strict=True) if label]
        for maker in (document_sample, ocr_sample):
            taken = self._take(page.pixels, page.layout, f"{maker.__name__} {place}")
            image = self._store(taken, out)
            paper = Paper(taken, image, document.lang, page.targets, blocks, about)
            self._make(maker(paper, source, lineage, seed=self.seed), taken, out)

    def _take(self, pixels: NDArray[np.uint8], layout: Layout, key: str) -> Taken:
        weights = {str(kind): weight for kind, weight in self.config.effects.items()}
        return take(pixels, layout, kinds=weights, seed=self.seed, key=key)

    def _store(self, taken: Taken, out: UnitOutput) -> ImageRef:
        encoded = taken.encoded
        sha256, offset, size = out.pack.add(encoded.data, encoded.format)
        pack = f"{self.name}/{out.pack_path}"
        return ImageRef(sha256, pack, offset, size, encoded.format, taken.width, taken.height)

    def _make(self, sample: Sample, taken: Taken, out: UnitOutput) -> None:
        made = set_regions(to_batch([sample]), [taken.regions(self.config.levels)])
        out.make(placed(made, self.max_pixels))


def _pictures(sample: Sample, packs: PackReader) -> Iterator[tuple[int, Picture]]:
    """The row's pictures that documents can show."""
    for index, image in enumerate(sample.images):
        if image.format in ("png", "jpeg", "webp", "gif"):
            data = packs.read(image.pack, image.offset, image.size)
            yield index, Picture(data, image.format, image.width, image.height)


def _reject(sample: Sample, error: Refused | RenderError, out: UnitOutput) -> None:
    detail = error.detail if isinstance(error, Refused) else str(error)
    out.reject(to_batch([sample]), [_reason(error)], detail=[detail])


def _reason(error: Refused | RenderError) -> str:
    return error.reason if isinstance(error, Refused) else "render_failed"
