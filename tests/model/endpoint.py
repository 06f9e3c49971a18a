"""A real HTTP server that speaks the OpenAI protocol and fails as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: (status, body) for a request body and how often it has been asked.
Answer = Callable[[dict, int], tuple[int, str]]


def completion(text: str | None, finish: str = "stop") -> str:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return json.dumps({"choices": [choice], "usage": usage})


class FakeEndpoint:
    """Answers on loopback; `asked` holds every request body it has seen."""

    def __init__(self, answer: Answer):
        self.asked: list[dict] = []
        self.headers: list[dict[str, str]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                times = sum(b == body for b in endpoint.asked)
                endpoint.asked.append(body)
                endpoint.headers.append(dict(self.headers))
                status, text = answer(body, times)
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FakeEndpoint:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
