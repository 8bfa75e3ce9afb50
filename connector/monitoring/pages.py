"""`/metrics` and `/healthz` on loopback: the standard library's server, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Page = Callable[[], tuple[int, str, bytes]]  # → status, content type, body


class Pages:
    """A small server for machines that look in.

    Args:
        address: host and port; port 0 takes a free one.
        pages: path → what makes its answer. Anything else is 404.
    Raises:
        OSError: the address cannot be had.
    """

    def __init__(self, address: tuple[str, int], pages: dict[str, Page]) -> None:
        self._server = ThreadingHTTPServer(address, _handler(pages))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="pages", daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


def _handler(pages: dict[str, Page]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "connector"
        sys_version = ""
        timeout = 10.0  # seconds for a caller that says nothing

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, kind, body = page() if page else (404, "text/plain; charset=utf-8", b"not found\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody wants a line in the log for each look of a monitor."""

    return Handler
