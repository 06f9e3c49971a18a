"""The model that writes: its presets, requests and responses, and the endpoints that answer."""

from model.architecture import EXAONE_4_5, MODELS, Architecture, Model, Vision, read_model
from model.client import Endpoint, generate
from model.embedded import EmbeddedModelMissing, embedded_endpoint
from model.exaone import MODEL_ID, PRESETS, Sampling, preset, visual_tokens
from model.messages import Picture, Request, Response
from model.responses import ResponseStore
from model.serving import DoesNotFit, Gpu, ServingPlan, serving_command, serving_plan
from model.throughput import (
    PUBLISHED,
    PUBLISHED_SIZE,
    RequestSize,
    gpu_hours,
    seconds_a_request,
    speeds,
)

__all__ = [
    "EXAONE_4_5",
    "MODELS",
    "MODEL_ID",
    "PRESETS",
    "PUBLISHED",
    "PUBLISHED_SIZE",
    "Architecture",
    "DoesNotFit",
    "EmbeddedModelMissing",
    "Endpoint",
    "Gpu",
    "Model",
    "Picture",
    "Request",
    "RequestSize",
    "Response",
    "ResponseStore",
    "Sampling",
    "ServingPlan",
    "Vision",
    "embedded_endpoint",
    "generate",
    "gpu_hours",
    "preset",
    "read_model",
    "seconds_a_request",
    "serving_command",
    "serving_plan",
    "speeds",
    "visual_tokens",
]
