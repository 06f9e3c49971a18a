"""A client of any OpenAI-compatible endpoint: many requests in flight, failures as values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from model.messages import Request, Response
from model.responses import ResponseStore

#: HTTP answers that another try can change.
RETRIED = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers, and what it is."""

    #: Up to and with `/v1`.
    url: str
    #: The name that the endpoint knows the model by.
    model: str
    #: Whether it can see pictures.
    sees_images: bool
    api_key: str | None = None
    #: Requests in flight.
    concurrency: int = 16
    #: Seconds for one request, its retries apart.
    timeout: float = 120.0
    #: Tries for one request.
    tries: int = 4


def generate(
    endpoint: Endpoint,
    requests: Sequence[Request],
    store: ResponseStore,
    on_answer: Callable[[], None] = lambda: None,
) -> list[Response]:
    """Answers in the order of the requests.

    What the store has is not asked again; what arrives is stored at once, so a
    crash loses only what was in flight. Nothing is raised for a request that
    fails: its response says why.
    """
    return asyncio.run(_generate(endpoint, requests, store, on_answer))


async def _generate(
    endpoint: Endpoint,
    requests: Sequence[Request],
    store: ResponseStore,
    on_answer: Callable[[], None],
) -> list[Response]:
    gate = asyncio.Semaphore(endpoint.concurrency)
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    limits = httpx.Limits(max_connections=endpoint.concurrency)

    async with httpx.AsyncClient(
        timeout=endpoint.timeout, headers=headers, limits=limits, trust_env=False
    ) as client:

        async def answer(request: Request) -> Response:
            key = request.key(endpoint.model)
            response = store.get(key, request.id)
            if response is None:
                async with gate:
                    response = await _ask(client, endpoint, request)
                store.put(key, response)
            on_answer()
            return response

        return list(await asyncio.gather(*(answer(r) for r in requests)))


async def _ask(client: httpx.AsyncClient, endpoint: Endpoint, request: Request) -> Response:
    """One request with its retries; waits 0.5, 1, 2 … seconds between them."""
    why = "not tried"
    for attempt in range(endpoint.tries):
        if attempt:
            await asyncio.sleep(0.5 * 2 ** (attempt - 1))
        try:
            reply = await client.post(
                f"{endpoint.url.rstrip('/')}/chat/completions", json=request.body(endpoint.model)
            )
        except httpx.HTTPError as error:
            why = f"{type(error).__name__}: {error}"
            continue
        if reply.status_code == 200:
            return _parse(request, reply)
        why = f"HTTP {reply.status_code}: {reply.text[:300]}"
        if reply.status_code not in RETRIED:
            break
    return Response(request.id, None, "error", error=why)


def _parse(request: Request, reply: httpx.Response) -> Response:
    try:
        body = reply.json()
        choice = body["choices"][0]
        usage = body.get("usage") or {}
        text = choice["message"]["content"]
        if not isinstance(text, str):
            return Response(request.id, None, "error", error="the answer has no content")
        return Response(
            request.id,
            text,
            "stop" if choice.get("finish_reason") == "stop" else "length",
            prompt_tokens=int(usage.get("prompt_tokens", 0)),
            completion_tokens=int(usage.get("completion_tokens", 0)),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        return Response(request.id, None, "error", error=f"not a chat completion: {error!r}")
