"""The model that writes: its spec, requests and responses, and the engines that answer."""

from model import exaone
from model.answer_files import Entry, data_files
from model.compaction import (
    Compaction,
    Pruning,
    compact_store,
    compact_store_if_due,
    prune_store,
    stored_entries,
)
from model.embedded import EmbeddedModelMissing, embedded_endpoint
from model.endpoints import Endpoints
from model.engine import Client, Engine, Model, Usage, generate
from model.exaone import (
    BOXED_INSTRUCTION,
    TASKS,
    Sampling,
    boxed,
    processor_pixels,
    split_thought,
    task_of,
    visual_tokens,
)
from model.messages import Picture, Request, Response, Teacher
from model.responses import ResponseStore

__all__ = [
    "BOXED_INSTRUCTION",
    "TASKS",
    "Client",
    "Compaction",
    "EmbeddedModelMissing",
    "Endpoints",
    "Engine",
    "Entry",
    "Model",
    "Picture",
    "Pruning",
    "Request",
    "Response",
    "ResponseStore",
    "Sampling",
    "Teacher",
    "Usage",
    "boxed",
    "compact_store",
    "compact_store_if_due",
    "data_files",
    "embedded_endpoint",
    "exaone",
    "generate",
    "processor_pixels",
    "prune_store",
    "split_thought",
    "stored_entries",
    "task_of",
    "visual_tokens",
]
