"""Requests and responses, whatever engine answers them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from model.exaone import PRESETS
from records import digest, digest_json

#: Raised when the meaning of a request's key changes, so that old answers are not served.
KEY_SCHEME = 1


@dataclass(frozen=True)
class Picture:
    """An image sent with a request."""

    data: bytes
    format: str
    sha256: str


@dataclass(frozen=True)
class Request:
    """One question to a model. Prompt order is system, picture, text: it suits the prefix cache."""

    #: Names the request in its response; not part of what is asked.
    id: str
    system: str
    text: str
    #: A name of `model.PRESETS`.
    preset: str
    max_tokens: int
    seed: int
    picture: Picture | None = None
    #: JSON schema of the answer. No `maxLength`: engines compile it at seconds apiece.
    schema: dict[str, Any] | None = None

    def key(self, model: str) -> str:
        """What makes two requests the same: everything that can change the answer."""
        return digest(
            f"scheme {KEY_SCHEME}",
            model,
            self.system,
            self.text,
            self.picture.sha256 if self.picture else None,
            digest_json(self.schema),
            digest_json(PRESETS[self.preset].as_request()),
            f"{self.max_tokens} {self.seed}",
        )

    def body(self, model: str) -> dict[str, Any]:
        """The request as /v1/chat/completions takes it, thinking off.

        Thinking is off because a JSON schema is not enforced inside a thought.
        """
        content: list[dict[str, Any]] = []
        if self.picture is not None:
            encoded = base64.b64encode(self.picture.data).decode()
            address = f"data:image/{self.picture.format};base64,{encoded}"
            content.append({"type": "image_url", "image_url": {"url": address}})
        content.append({"type": "text", "text": self.text})
        body: dict[str, Any] = {
            "model": model,
            "messages": [
                {"role": "system", "content": self.system},
                {"role": "user", "content": content if self.picture else self.text},
            ],
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "chat_template_kwargs": {"enable_thinking": False},
            **PRESETS[self.preset].as_request(),
        }
        if self.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": self.schema},
            }
        return body


@dataclass(frozen=True)
class Response:
    """One answer, or the reason why there is none."""

    id: str
    #: The answer's text; None where the request failed.
    text: str | None
    #: "stop", "length" (cut at max_tokens), or "error".
    finish: str
    #: What went wrong, for "error".
    error: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    #: Whether it came from the response store.
    stored: bool = False
