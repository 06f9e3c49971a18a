"""New `stem` rows: text problems as pictures with a box for every word, line and block.

All rows of the input go on. Each text problem is drawn once; a problem that
cannot be drawn truly (a figure that is not there, TeX that is none, a glyph
that no font has, text that does not fit) is a rejected row with the reason.
"""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.compute as pc
from PIL import Image

from pipelines.bucket import placed
from pipelines.config import RenderConfig, RunConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import ImageRef, Sample, from_batch, to_batch
from renderers import Refused, RenderError, Sheet, render_problem, shared_browser
from synth import sheet_problem, sheet_sample


class Render(Stage):
    """Draws every `stem` row that has no picture yet."""

    name = "render"
    config: RenderConfig

    def __init__(self, config: RunConfig, run: Path):
        super().__init__(config, run)
        self.max_pixels = config.bucket.max_pixels

    def process(self, unit: Unit, out: UnitOutput) -> None:
        """Keep every row, and add the pictures."""
        for batch in unit.batches():
            out.keep(batch)
            problems = batch.filter(pc.equal(batch["bucket"], "stem"))
            out.progress(batch.num_rows - problems.num_rows)
            for problem in from_batch(problems):
                if not problem.images:
                    self._draw(problem, out)
                out.progress()

    def _draw(self, problem: Sample, out: UnitOutput) -> None:
        try:
            sheet = render_problem(
                shared_browser(),
                sheet_problem(problem),
                seed=self.seed,
                key=problem.id,
                max_pixels=self.max_pixels,
                scale=self.config.scale,
            )
        except (Refused, RenderError) as error:
            reason = error.reason if isinstance(error, Refused) else "render_failed"
            detail = error.detail if isinstance(error, Refused) else str(error)
            out.reject(to_batch([problem]), [reason], detail=[detail])
            return
        data = _encode(sheet)
        sha256, offset, size = out.pack.add(data, "webp")
        pack = f"{self.name}/{out.pack_path}"
        height, width, _ = sheet.pixels.shape
        image = ImageRef(sha256, pack, offset, size, "webp", width, height)
        made = to_batch([sheet_sample(problem, sheet, image)])
        out.make(placed(made, self.max_pixels))


def _encode(sheet: Sheet) -> bytes:
    encoded = io.BytesIO()
    # Clean pictures are smallest, and exact, as lossless WebP.
    Image.fromarray(sheet.pixels).save(encoded, "WEBP", lossless=True, quality=20, method=2)
    return encoded.getvalue()
