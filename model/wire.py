"""HTTP to OpenAI-compatible servers: one try of a request, and what can become of it."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import aiohttp

from model.messages import FailureKind

#: Seconds for a connection to be made, and for a server to say that it lives.
CONNECT_SECONDS = 10.0
LOOK_SECONDS = 10.0
#: Seconds that an idle connection is kept. Servers close theirs after 5 (vLLM's and
#: uvicorn's default); what is sent at that very moment is lost.
IDLE_SECONDS = 4.0
#: Bytes of an answer; 262,144 tokens in JSON's longest spelling are fewer.
MAX_ANSWER_BYTES = 32 << 20
#: Characters of what a server says of a failure.
MAX_WORDS = 500
#: Statuses by which a server, or what stands before it, says: not now.
NOT_NOW = frozenset({408, 425, 429, 502, 503, 504, 529})
NOT_IMPLEMENTED = 501


class Fault(Exception):
    """A try without an answer."""

    def __init__(self, kind: FailureKind, error: str):
        super().__init__(error)
        self.kind: FailureKind = kind


class Refused(Fault):
    """The server says that the request is wrong: another try changes nothing."""


class NotNow(Fault):
    """The server lives, and did not take the request."""

    def __init__(self, error: str, seconds: float = 0.0):
        super().__init__("overloaded", error)
        #: For how long it wants to be left alone.
        self.seconds = seconds


class NotReached(Fault):
    """There was no connection."""


class Failed(Fault):
    """The server took the request, and no answer came; it seems to live."""


class Doubtful(Fault):
    """The connection broke or the server failed inside: perhaps it has died."""


class Wire:
    """Connections, made as they are needed and used again. Lives in one event loop."""

    def __init__(self, timeout: float, api_key: str | None):
        self._timeout = timeout
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            # A compressed answer has no bound; none is asked for.
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def ask(self, url: str, body: bytes) -> bytes:
        """What /chat/completions answers, in `timeout` seconds from first byte to last.

        Raises Fault, one of its subclasses.
        """
        try:
            async with self._session.post(
                f"{url}/chat/completions", data=body, allow_redirects=False
            ) as reply:
                content = await _read(reply)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotReached("unreachable", str(error)) from error
        except TimeoutError as error:
            raise Failed("timed_out", f"no answer in {self._timeout:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            what = f"{type(error).__name__}: {error}"
            raise Doubtful("unreachable", f"the connection broke: {what}") from error
        if reply.status == 200:
            return content
        words = content[: 4 * MAX_WORDS].decode("utf-8", "replace")[:MAX_WORDS]
        error_text = f"HTTP {reply.status}: {words}"
        if reply.status in NOT_NOW:
            raise NotNow(error_text, retry_after(reply.headers.get("Retry-After"), time.time()))
        if reply.status >= 500 and reply.status != NOT_IMPLEMENTED:
            raise Doubtful("malformed", error_text)
        raise Refused("refused", error_text)

    async def lives(self, url: str) -> bool:
        """Whether a server is there that does not itself say it is unwell.

        vLLM and llama.cpp tell at /health; of others it is enough that they answer.
        """
        address = f"{url.removesuffix('/v1')}/health"
        limit = aiohttp.ClientTimeout(total=LOOK_SECONDS)
        try:
            async with self._session.get(address, timeout=limit, allow_redirects=False) as reply:
                return reply.status < 500 or reply.status == NOT_IMPLEMENTED
        except (aiohttp.ClientError, OSError):
            return False


async def _read(reply: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in reply.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise Failed("malformed", f"the answer is longer than {MAX_ANSWER_BYTES:,} bytes")
    return b"".join(chunks)


def retry_after(header: str | None, now: float) -> float:
    """Seconds in a Retry-After header, a number or a date; 0 where there are none to read."""
    if header is None:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return 0.0
    return seconds if 0 < seconds < float("inf") else 0.0
