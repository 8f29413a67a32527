"""A real server on a free port, and clients that send exactly what they are told."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tfjs_serve.artifacts import Artifacts, Options, Shard, Summary, TensorInfo
from tfjs_serve.events import Event
from tfjs_serve.library import Library, Stamp
from tfjs_serve.report import Applied, Note, NoteKind, Report
from tfjs_serve.serving import AccessPolicy, Runner, bind, make_app, serve

FOLDER_ID = "the-folder"
OPEN = AccessPolicy.from_settings(("*",))
LOCAL = AccessPolicy.from_settings()

SUMMARY = Summary(
    layers=3,
    parameters=64,
    inputs=(TensorInfo("x", (None, 8, 8, 1), "float32"),),
    outputs=(TensorInfo("probabilities", (None, 10), "float32"),),
    keras_version="3.15.1",
    trainable=True,
    warnings=(Note("the regularizer is left out", "dense", NoteKind.DROPPED),),
)

REPORT = Report(
    (
        Applied("dtype_policies", "dense"),
        Applied("call_order", None),
        Applied("regularizers", "dense"),
    ),
    SUMMARY.warnings,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: header names in lower case, without Date and Connection."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and what it told the terminal."""

    port: int
    runner: Runner
    events: list[Event] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        *,
        host: str | None = "localhost",
    ) -> Answer:
        """Send one request as it stands and return the answer to it."""
        lines = [f"{method} {target} HTTP/1.{0 if host is None else 1}", "Connection: close"]
        lines += [] if host is None else [f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return parsed(await self.exchange("\r\n".join([*lines, "", ""]).encode("latin-1")))

    async def exchange(self, data: bytes, address: str = "127.0.0.1") -> bytes:
        """Send bytes and return all that comes back until the server hangs up."""
        reader, writer = await asyncio.open_connection(address, self.port)
        try:
            writer.write(data)
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


def parsed(data: bytes) -> Answer:
    """Return the response that `data` holds; its body must be as long as it says."""
    head, _, body = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        assert name.lower() not in headers, f"{name} was sent twice"
        headers[name.lower()] = value
    headers.pop("date")
    headers.pop("connection", None)
    return Answer(int(status_line.split(" ")[1]), headers, body)


@asynccontextmanager
async def running(
    library: Library,
    access: AccessPolicy = LOCAL,
    *,
    wait_s: float = 30.0,
    ping_s: float = 15.0,
    drain_s: float = 0.8,
) -> AsyncIterator[Server]:
    """Run a server on `library` for as long as the block lasts."""
    events: list[Event] = []
    bound = bind(None, 0, strict=True)
    app = make_app(
        library,
        access,
        folder_id=FOLDER_ID,
        on_event=events.append,
        wait_s=wait_s,
        ping_s=ping_s,
    )
    runner = await serve(app, bound, drain_s=drain_s)
    try:
        yield Server(bound.port, runner, events)
    finally:
        await runner.stop()


def publish(
    library: Library,
    name: str,
    *,
    model_json: bytes = b'{"modelTopology":1}',
    weights: bytes = b"weights!",
    summary: Summary = SUMMARY,
) -> Artifacts:
    """Publish a version of a model as a worker would: shards first."""
    digest = hashlib.sha256(model_json).hexdigest()[:16]
    shard = Shard(shard_name(weights), len(weights))
    (library.folder / "_w" / shard.name).write_bytes(weights)
    artifacts = Artifacts(digest, model_json, (shard,), summary, REPORT)
    library.publish(name, f"{name}.h5", artifacts, Stamp(len(weights), 1, 1), Options(), ms=12)
    return artifacts


def shard_name(weights: bytes) -> str:
    """Return the name of a shard in the content-addressed store."""
    return f"{hashlib.sha256(weights).hexdigest()[:32]}.bin"


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def library_in(folder: Path, clock: Clock | None = None, *, keep: int = 3) -> Library:
    """Return an empty library whose wall clock stands still."""
    return Library(folder, keep=keep, clock=clock, wall_clock=lambda: 1_767_225_600.0)
