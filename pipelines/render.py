"""New `stem` rows: text problems as pictures with a box for every word.

All rows of the input go on. Each text problem is drawn once; a problem that
cannot be drawn truly (a glyph that no font has, text that does not fit) is a
rejected row with the reason.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc

from pipelines.bucket import placed
from pipelines.config import RenderConfig, RunConfig
from pipelines.stage import Stage
from pipelines.work import Unit, UnitOutput
from records import ImageRef, Sample, from_batch, to_batch
from renderers import Refused, RenderError, render_problem, shared_browser
from synth import sheet_sample


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
                problem.text,
                problem.lang or "en",
                scale=self.config.scale,
                seed=self.seed,
                key=problem.id,
            )
        except (Refused, RenderError) as error:
            reason = error.reason if isinstance(error, Refused) else "render_failed"
            detail = error.detail if isinstance(error, Refused) else str(error)
            out.reject(to_batch([problem]), [reason], detail=[detail])
            return
        sha256, offset, size = out.pack.add(sheet.image, sheet.format)
        pack = f"{self.name}/{out.pack_path}"
        image = ImageRef(sha256, pack, offset, size, sheet.format, sheet.width, sheet.height)
        made = to_batch([sheet_sample(problem, sheet, image)])
        out.make(placed(made, self.max_pixels))
