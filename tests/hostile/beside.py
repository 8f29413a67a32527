"""A real server beside the fuzzer: watches a folder of damaged files, is asked, is weighed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hostile.memory import largest_child_mib, tree_mib

GOOD = Path(__file__).parents[2] / "sample_models" / "digits_keras2.h5"
CONTROL = """
import asyncio, sys
async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}")
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
"""A server that does nothing else: how long it is waited for is the machine's doing."""

_WEIGH_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Told:
    """What was seen of the server.

    server, control: figures of `probing`. is_same: whether it serves the good model as at first.
    server_mib, all_mib: the most that the server with its workers, and all with the fuzzer and
    its workers, took at once (PSS, every other second). largest_mib: the most of a fuzzed process.
    """

    server: dict[str, float]
    control: dict[str, float]
    is_same: bool
    server_mib: float
    all_mib: float
    largest_mib: float

    @property
    def is_well(self) -> bool:
        """Tell whether the server answered every time, and serves what it served."""
        return self.is_same and self.server["failed"] == 0 and self.server["answers"] > 0

    def lines(self) -> Iterator[str]:
        """Yield the figures for people."""
        yield f"server: {self.server}, good model the same: {self.is_same}"
        yield f"idle server beside it: {self.control}"
        yield f"memory: server with workers {self.server_mib:.0f} MiB, all {self.all_mib:.0f} MiB"
        yield f"memory: the largest fuzzed process {self.largest_mib:.0f} MiB"


class Beside:
    """A server, one that does nothing, and a process that asks both."""

    def __init__(self, models: Path, server: subprocess.Popen[str], port: int) -> None:
        """Watch a server that serves the folder `models` at a port."""
        self._models = models
        self._server = server
        self._url = f"http://127.0.0.1:{port}/good/model.json"
        self._control = _python("-c", CONTROL)
        control = int(_line(self._control))
        ports = (str(port), str(control))
        self._prober = _python("-m", "tests.hostile.probing", "/good/model.json", *ports)
        self._first = self._good()
        self._most = (0.0, 0.0)
        self._is_over = threading.Event()
        self._scale = threading.Thread(target=self._weigh, daemon=True)
        self._scale.start()

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Beside]:
        """Start all, and end them."""
        with tempfile.TemporaryDirectory(prefix="tfjs-serve-fuzz-") as folder:
            models = Path(folder)
            shutil.copy(GOOD, models / "good.h5")
            options = ("--port", "0", "--log-format", "json")
            server = _python("-m", "tfjs_serve", str(models), *options)
            try:
                port = _event(server, "ready")["port"]
                _event(server, "converted")
                threading.Thread(target=_drain, args=(server,), daemon=True).start()
                beside = cls(models, server, port)
                try:
                    yield beside
                finally:
                    beside.close()
            finally:
                _end(server)

    def save(self, data: bytes) -> None:
        """Save a file over the last one, as a training process does, for the server to see."""
        suffix = "keras" if data.startswith(b"PK") else "h5"
        (self._models / f"strange.{suffix}").write_bytes(data)

    def told(self) -> Told:
        """Stop asking and return what was seen."""
        out, _ = self._prober.communicate("\n", timeout=60)
        server, control = json.loads(out)
        is_same = self._server.poll() is None and self._good() == self._first
        self._is_over.set()
        self._scale.join()
        return Told(server, control, is_same, *self._most, largest_child_mib())

    def close(self) -> None:
        """End what was started here."""
        self._is_over.set()
        for process in (self._prober, self._control):
            _end(process)

    def _good(self) -> bytes:
        import urllib.request

        with urllib.request.urlopen(self._url, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def _weigh(self) -> None:
        while not self._is_over.wait(_WEIGH_EVERY_S):
            of_server, of_all = self._most
            self._most = (max(of_server, tree_mib(self._server.pid)), max(of_all, tree_mib()))


def _python(*arguments: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *arguments], **pipes)  # type: ignore[call-overload,no-any-return]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()


def _event(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    while line := _line(process):
        found: dict[str, Any] = json.loads(line)
        if found["event"] == name:
            return found
    raise RuntimeError("the server ended")


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("a process was started without its pipes")
    return process.stdout.readline()


def _drain(process: subprocess.Popen[str]) -> None:
    """Read what the server tells, so that it never waits for a reader."""
    while True:
        try:
            if not _line(process):
                return
        except ValueError:  # Closed meanwhile.
            return
