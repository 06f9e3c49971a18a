"""A real HTTP server that speaks the OpenAI protocol and fails as it is told to."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal


@dataclass
class Say:
    """What the server answers, and in what manner."""

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: As it should be; a byte each 50 ms; half of it, and the connection closed; nothing, and the
    #: connection reset; nothing for 30 seconds.
    manner: Literal["whole", "drip", "half", "reset", "silence"] = "whole"
    #: Seconds that it thinks.
    after: float = 0.0


#: What is answered to a request body and how often it has been asked: (status, text), or `Say`.
Answer = Callable[[dict, int], "tuple[int, str] | Say"]


def completion(text: str | None, finish: str = "stop", **message: str) -> str:
    answer = {"role": "assistant", "content": text, **message}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return json.dumps({"choices": [{"message": answer, "finish_reason": finish}], "usage": usage})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def handle_error(self, *_):
        pass  # a client that has gone is what some tests are about


class FakeEndpoint:
    """Answers on loopback; `asked` holds every request body it has seen.

    `health` gives the status of GET /health. `stop` and `start` take it away and
    bring it back at the same address; what is under way then is reset.
    """

    def __init__(self, answer: Answer):
        self.asked: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.answer = answer
        self.health: Callable[[], int] = lambda: 200
        self.looks = 0
        #: Connections that were made to it.
        self.connected = 0
        #: Requests in its hands now, and the most there were at once.
        self.busy = self.busiest = 0
        #: Good answers that left it whole, by request body.
        self.answered: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._port = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                endpoint.connected += 1
                endpoint._connections.add(self.connection)

            def finish(self):
                endpoint._connections.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def do_GET(self):
                endpoint.looks += 1
                self.say(Say("", endpoint.health()))

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(raw)
                with endpoint._lock:
                    endpoint.busy += 1
                    endpoint.busiest = max(endpoint.busiest, endpoint.busy)
                    times = endpoint._times[raw.decode()]
                    endpoint._times[raw.decode()] += 1
                    endpoint.asked.append(body)
                    endpoint.headers.append(dict(self.headers))
                try:
                    told = endpoint.answer(body, times)
                    said = told if isinstance(told, Say) else Say(told[1], told[0])
                    time.sleep(said.after)
                finally:
                    with endpoint._lock:
                        endpoint.busy -= 1
                self.say(said)
                with endpoint._lock:
                    endpoint.answered[raw.decode()] += said.status == 200 and said.manner == "whole"

            def say(self, said):
                data = said.text.encode()
                if said.manner == "reset":
                    reset(self.connection)
                    self.close_connection = True
                    return
                if said.manner == "silence":
                    time.sleep(30)
                self.send_response(said.status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if said.manner == "half":
                    data = data[: len(data) // 2]
                    self.close_connection = True
                step = 1 if said.manner == "drip" else max(1, len(data))
                for i in range(0, len(data), step):
                    self.wfile.write(data[i : i + step])
                    if said.manner == "drip":
                        time.sleep(0.05)

            def log_message(self, *_):
                pass

        self._handler = Handler
        self._server: _Server | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Listen, at the address it had before."""
        self._server = _Server(("127.0.0.1", self._port), self._handler)
        self._port = self._server.server_address[1]
        listen = self._server.serve_forever
        threading.Thread(target=listen, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Die: nobody listens, and all connections are reset."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._connections):
            reset(connection)

    def __enter__(self) -> FakeEndpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def reset(connection: socket.socket) -> None:
    """Close with RST, as the system does for a process that was killed."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)  # wakes who reads from it
        os.close(connection.detach())
