"""A page of its own origin that loads models, as a user's app would."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
TFJS = HERE.parents[1] / "web" / "node_modules" / "@tensorflow" / "tfjs" / "dist" / "tf.min.js"

# URL path -> file and media type. Nothing else is served.
FILES = {
    "/": (HERE / "page" / "index.html", "text/html; charset=utf-8"),
    "/predict.js": (HERE / "page" / "predict.js", "text/javascript; charset=utf-8"),
    "/tf.min.js": (TFJS, "text/javascript; charset=utf-8"),
}


class PageServer:
    """Serves `/` with tf.js and `predict` on a free port; a context manager."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        if not TFJS.is_file():
            raise FileNotFoundError(f"{TFJS} is missing: run 'npm ci --prefix web'")
        self._server = ThreadingHTTPServer((host, port), _Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.port = int(self._server.server_address[1])
        self.url = f"http://{host}:{self.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        entry = FILES.get(self.path.partition("?")[0])
        if entry is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        path, media_type = entry
        body = path.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output quiet."""
