"""The model that writes: its presets, requests and responses, and the endpoints that answer."""

from model.client import Endpoint, generate
from model.embedded import EmbeddedModelMissing, embedded_endpoint
from model.exaone import PRESETS, Sampling, preset, visual_tokens
from model.messages import Picture, Request, Response
from model.responses import ResponseStore

__all__ = [
    "PRESETS",
    "EmbeddedModelMissing",
    "Endpoint",
    "Picture",
    "Request",
    "Response",
    "ResponseStore",
    "Sampling",
    "embedded_endpoint",
    "generate",
    "preset",
    "visual_tokens",
]
