"""The model that writes: its presets, requests and responses, and the endpoints that answer."""

from model.answer_files import Entry, data_files
from model.client import Endpoint, generate
from model.compaction import (
    Compaction,
    Pruning,
    compact_store,
    compact_store_if_due,
    prune_store,
    stored_entries,
)
from model.embedded import EmbeddedModelMissing, embedded_endpoint
from model.exaone import PRESETS, Sampling, preset, visual_tokens
from model.messages import Picture, Request, Response
from model.responses import ResponseStore

__all__ = [
    "PRESETS",
    "Compaction",
    "EmbeddedModelMissing",
    "Endpoint",
    "Entry",
    "Picture",
    "Pruning",
    "Request",
    "Response",
    "ResponseStore",
    "Sampling",
    "compact_store",
    "compact_store_if_due",
    "data_files",
    "embedded_endpoint",
    "generate",
    "preset",
    "prune_store",
    "stored_entries",
    "visual_tokens",
]
