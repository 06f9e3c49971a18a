"""Requests and responses, whatever engine answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from model.exaone import TASKS, Sampling
from records import digest, digest_json

#: Raised when the meaning of a request's key changes, so that old answers are not served.
KEY_SCHEME = 2

#: Why there is no answer:
#:
#:     refused      the engine says that the request is wrong; another try changes nothing
#:     overloaded   too many requests, until the tries were used up
#:     timed_out    no answer in time
#:     unreachable  nobody listens, or the connection broke
#:     crashed      the engine dies of this request, each time
#:     malformed    what came is not an answer
#:     empty        an answer without content: its budget ended inside the thought
FailureKind = Literal[
    "refused", "overloaded", "timed_out", "unreachable", "crashed", "malformed", "empty"
]


@dataclass(frozen=True)
class Teacher:
    """A model that answers: what decides what it says, and who may use it."""

    #: The name that its engine knows it by.
    name: str
    #: Of its weights; a new one asks everything again.
    revision: str | None
    license: str
    sees_images: bool


@dataclass(frozen=True)
class Picture:
    """An image to send. Its bytes are read when it is sent, not before."""

    sha256: str
    #: As in records.ImageRef: "png", "jpeg", "webp".
    format: str
    read: Callable[[], bytes] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Request:
    """One question to a model.

    The order of its prompt is system, pictures, text: requests on one picture,
    asked one after the other, share the prefix cache.

    Raises ValueError for what no engine can do: a schema inside a thought (it is
    not enforced there), or `maxLength` in a schema (engines compile it at
    seconds apiece; check lengths afterwards).
    """

    #: Names the request in its response; not part of what is asked.
    id: str
    #: A name of `model.TASKS`; it decides the sampling parameters.
    task: str
    text: str
    max_tokens: int
    seed: int
    system: str = ""
    pictures: tuple[Picture, ...] = ()
    #: JSON schema of the answer.
    schema: dict[str, Any] | None = None
    #: Whether the model thinks before it answers.
    thinking: bool = True
    #: Which of several answers to the same question this one is.
    sample: int = 0

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"no task {self.task!r}; there are {', '.join(TASKS)}")
        if self.schema is not None and self.thinking:
            raise ValueError("a schema is not enforced inside a thought: set thinking=False")
        if "maxLength" in set(_keys(self.schema)):
            raise ValueError("maxLength is slow in engines: check the length of the answer")

    @property
    def sampling(self) -> Sampling:
        """The sampling parameters of its task."""
        return TASKS[self.task]

    @property
    def engine_seed(self) -> int:
        """What the engine's generator starts from: 31 bits of the seed and the sample."""
        return int(digest(f"{self.seed} {self.sample}")[:8], 16) >> 1

    def key(self, teacher: Teacher) -> str:
        """What makes two requests the same: everything that can change the answer."""
        return digest(
            f"scheme {KEY_SCHEME}",
            teacher.name,
            teacher.revision,
            self.system,
            *(picture.sha256 for picture in self.pictures),
            self.text,
            digest_json(self.schema),
            digest_json(self.sampling.as_request()),
            f"{self.max_tokens} {self.seed} {self.sample} {self.thinking}",
        )

    def messages(self, address: Callable[[Picture], str]) -> list[dict[str, Any]]:
        """The conversation as OpenAI's chat protocol has it; `address` gives a picture's URL."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        if not self.pictures:
            return [*system, {"role": "user", "content": self.text}]
        content: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": address(picture)}}
            for picture in self.pictures
        ]
        return [
            *system,
            {"role": "user", "content": [*content, {"type": "text", "text": self.text}]},
        ]


@dataclass(frozen=True)
class Response:
    """One answer, or the reason why there is none."""

    id: str
    #: The answer's text; None where the request failed.
    text: str | None
    #: "stop", "length" (cut at max_tokens), or "error".
    finish: str
    #: For "error": the kind of failure, and what exactly went wrong.
    failure: FailureKind | None = None
    error: str | None = None
    #: What the model thought before it answered.
    thought: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    #: The model that answered, and the request's task, and so its sampling parameters.
    model: str | None = None
    task: str | None = None
    #: Whether it came from the response store.
    stored: bool = False

    @staticmethod
    def failed(request: Request, failure: FailureKind, error: str) -> Response:
        """There is no answer to `request`."""
        return Response(request.id, None, "error", failure, error, task=request.task)


def _keys(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
    for value in schema.values() if isinstance(schema, dict) else ():
        yield from _keys(value)
    for value in schema if isinstance(schema, list) else ():
        yield from _keys(value)
