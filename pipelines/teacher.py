"""The model that a configuration names, and whether its licence allows what is asked of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch

from model import (
    EmbeddedModelMissing,
    Endpoints,
    EngineFailed,
    InProcess,
    Model,
    Teacher,
    VllmMissing,
    embedded_endpoint,
    exaone,
)
from model.embedded import LICENSE as EMBEDDED_LICENSE
from model.embedded import NAME as EMBEDDED_NAME
from pipelines.config import ModelConfig
from pipelines.errors import StageError, UsageError

#: Licences of the models that we know.
LICENSES = {exaone.MODEL_ID: exaone.LICENSE, EMBEDDED_NAME: EMBEDDED_LICENSE}


def teacher_of(config: ModelConfig) -> Teacher:
    """Who answers.

    Raises UsageError where its licence is not known, or not allowed: before
    anything is generated that nobody may use.
    """
    embedded = config.kind == "embedded"
    name = EMBEDDED_NAME if embedded else config.name
    license = LICENSES.get(name) if embedded else config.license or LICENSES.get(name)
    if license is None:
        raise UsageError(
            f"model.license: under which licence does the output of {name} stand? It goes into "
            "every row that the model writes"
        )
    allowed = config.allowed_licenses
    if allowed is not None and not any(fnmatch(license, pattern) for pattern in allowed):
        raise UsageError(
            f"the output of {name} stands under {license!r}, which model.allowed_licenses does not "
            f"allow ({', '.join(allowed) or 'none'}): name another model, or leave out the stages "
            "that ask it"
        )
    return Teacher(name, config.revision, license, config.sees_images and not embedded)


@contextmanager
def open_model(config: ModelConfig, user: str) -> Iterator[Model]:
    """The model, ready to be opened by workers; an embedded one runs while the context lasts.

    Raises UsageError as `teacher_of`, and StageError, in the name of `user`,
    where a package is missing.
    """
    teacher = teacher_of(config)
    if config.kind == "openai":
        yield Endpoints(
            teacher,
            config.urls,
            os.environ.get(config.api_key_env),
            concurrency=config.concurrency,
            timeout=config.timeout,
            patience=config.patience,
            patience_at_start=config.patience_at_start,
            media=config.media,
        )
        return
    try:
        if config.kind == "vllm":
            # Whether it is installed is seen where it is opened: perhaps on another machine.
            yield InProcess(teacher, config.vllm, config.concurrency)
            return
        with embedded_endpoint() as model:
            yield model
    except (EmbeddedModelMissing, EngineFailed, VllmMissing) as error:
        raise StageError(f"{user}: {error}") from error
