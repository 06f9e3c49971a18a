"""The model that writes: its spec, requests and responses, and the engines that answer."""

from model import exaone
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
from model.in_process import EngineFailed, InProcess
from model.messages import Picture, Request, Response, Teacher
from model.responses import ResponseStore
from model.vllm_core import VllmMissing

__all__ = [
    "BOXED_INSTRUCTION",
    "TASKS",
    "Client",
    "EmbeddedModelMissing",
    "Endpoints",
    "Engine",
    "EngineFailed",
    "InProcess",
    "Model",
    "Picture",
    "Request",
    "Response",
    "ResponseStore",
    "Sampling",
    "Teacher",
    "Usage",
    "VllmMissing",
    "boxed",
    "embedded_endpoint",
    "exaone",
    "generate",
    "processor_pixels",
    "split_thought",
    "task_of",
    "visual_tokens",
]
