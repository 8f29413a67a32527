"""A page of its own origin that loads models, as a user's app would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / "web" / "node_modules" / "@tensorflow"
TFJS = PACKAGES / "tfjs" / "dist" / "tf.min.js"
WASM = PACKAGES / "tfjs-backend-wasm" / "dist"

# URL path -> file and media type. Nothing else is served, but for `PageServer.serving`.
FILES = {
    "/": (HERE / "page" / "index.html", "text/html; charset=utf-8"),
    "/predict.js": (HERE / "page" / "predict.js", "text/javascript; charset=utf-8"),
    "/tf.min.js": (TFJS, "text/javascript; charset=utf-8"),
    "/tf-backend-wasm.min.js": (WASM / "tf-backend-wasm.min.js", "text/javascript; charset=utf-8"),
    # Compiled while it arrives only with its own media type.
    **{f"/wasm/{path.name}": (path, "application/wasm") for path in WASM.glob("*.wasm")},
}


class PageServer:
    """Serves `/` with tf.js, its wasm backend and `predict` on a free port; a context manager."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        for path, _ in FILES.values():
            if not path.is_file():
                raise FileNotFoundError(f"{path} is missing: run 'npm ci --prefix web'")
        self._server = _Server((host, port), _Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.port = int(self._server.server_address[1])
        self.url = f"http://{host}:{self.port}/"

    @contextmanager
    def serving(self, prefix: str, folder: Path) -> Iterator[str]:
        """Serve the files of a folder under `prefix` meanwhile; gives the URL of it."""
        names = {f"{prefix}{path.name}": path for path in folder.iterdir()}
        kinds = {".json": "application/json", ".js": "text/javascript; charset=utf-8"}
        self._server.files |= {
            name: (path, kinds.get(path.suffix, "application/octet-stream"))
            for name, path in names.items()
        }
        try:
            yield f"http://localhost:{self.port}{prefix}"
        finally:
            for name in names:
                del self._server.files[name]

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


class _Server(ThreadingHTTPServer):
    """Holds the table of what is served."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.files: dict[str, tuple[Path, str]] = dict(FILES)
        super().__init__(address, handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        entry = self.server.files.get(self.path.partition("?")[0])
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
