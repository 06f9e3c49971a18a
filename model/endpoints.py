"""The engine for OpenAI-compatible endpoints: many requests in flight, failures as values."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from model.messages import Picture, Request, Response, Teacher

#: HTTP answers that another try can change.
RETRIED = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Endpoints:
    """A model behind one or more OpenAI-compatible endpoints."""

    teacher: Teacher
    #: Each up to and with `/v1`.
    urls: tuple[str, ...]
    api_key: str | None = None
    #: Requests in flight, at most.
    concurrency: int = 256
    #: Seconds for one try of a request.
    timeout: float = 120.0
    #: Tries for one request that fails through its own fault.
    tries: int = 4

    @property
    def where(self) -> str:
        """The addresses."""
        return ", ".join(self.urls)

    @property
    def max_clients(self) -> int | None:
        """Any number."""
        return None

    @contextmanager
    def open(self) -> Iterator[EndpointEngine]:
        """Connections are opened as they are needed and kept until the `with` ends."""
        engine = EndpointEngine(self)
        try:
            yield engine
        finally:
            engine.close()


class EndpointEngine:
    """Sends requests from an event loop in a thread of its own."""

    def __init__(self, model: Endpoints):
        self._model = model
        self._gate = threading.Semaphore(model.concurrency)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        headers = {"Authorization": f"Bearer {model.api_key}"} if model.api_key else {}
        self._http = httpx.AsyncClient(
            timeout=model.timeout,
            headers=headers,
            limits=httpx.Limits(max_connections=model.concurrency),
            trust_env=False,
        )

    def submit(self, request: Request) -> Future[Response]:
        """Send a request; waits while as many are in flight as may be."""
        self._gate.acquire()
        answer = asyncio.run_coroutine_threadsafe(
            self._answer(request, body(request, self._model.teacher.name)), self._loop
        )
        answer.add_done_callback(lambda _: self._gate.release())
        return answer

    def close(self) -> None:
        """Close the connections, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._http.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _answer(self, request: Request, content: dict[str, Any]) -> Response:
        """One request with its retries; waits 0.5, 1, 2 … seconds between them."""
        failed = Response.failed(request, "unreachable", "not tried")
        for attempt in range(self._model.tries):
            if attempt:
                await asyncio.sleep(0.5 * 2 ** (attempt - 1))
            try:
                reply = await self._http.post(
                    f"{self._model.urls[0].rstrip('/')}/chat/completions", json=content
                )
            except httpx.TimeoutException as error:
                failed = Response.failed(request, "timed_out", f"{type(error).__name__}: {error}")
                continue
            except httpx.HTTPError as error:
                failed = Response.failed(request, "unreachable", f"{type(error).__name__}: {error}")
                continue
            if reply.status_code == 200:
                return read_reply(request, reply.content)
            kind = "overloaded" if reply.status_code in RETRIED else "refused"
            failed = Response.failed(
                request,
                kind,  # type: ignore[arg-type]
                f"HTTP {reply.status_code}: {reply.text[:300]}",
            )
            if reply.status_code not in RETRIED:
                break
        return failed


def body(request: Request, model: str) -> dict[str, Any]:
    """The request as /v1/chat/completions takes it."""
    content: dict[str, Any] = {
        "model": model,
        "messages": request.messages(data_url),
        "max_tokens": request.max_tokens,
        "seed": request.engine_seed,
        "chat_template_kwargs": {"enable_thinking": request.thinking},
        **request.sampling.as_request(),
    }
    if request.schema is not None:
        content["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": request.schema},
        }
    return content


def data_url(picture: Picture) -> str:
    """The picture itself as an address."""
    return f"data:image/{picture.format};base64,{base64.b64encode(picture.read()).decode()}"


def read_reply(request: Request, reply: bytes) -> Response:
    """A chat completion's answer."""
    try:
        content = httpx.Response(200, content=reply).json()
        choice = content["choices"][0]
        usage = content.get("usage") or {}
        message = choice["message"]
        text = message["content"]
        thought = message.get("reasoning_content") or message.get("reasoning")
        prompt, completion = (
            int(usage.get(f"{kind}_tokens", 0)) for kind in ("prompt", "completion")
        )
        if not isinstance(text, str):
            return Response.failed(request, "empty", "the answer has no content")
        return Response(
            request.id,
            text,
            "stop" if choice.get("finish_reason") == "stop" else "length",
            thought=thought,
            prompt_tokens=prompt,
            completion_tokens=completion,
            task=request.task,
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        return Response.failed(request, "malformed", f"not a chat completion: {error!r}")
