"""Clients only ever load whole versions: `scripts/publishing race` in short."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
from collections import Counter
from pathlib import Path
from threading import Event

import pytest

from tests.publishing.race import NAME, against_server
from tests.publishing.versions import Loaded, Wrong, load, version_of
from tests.serving.harness import SUMMARY, library_in, running
from tfjs_serve.artifacts import Artifacts, Options, Shard
from tfjs_serve.library import Library, Stamp
from tfjs_serve.library.folder import replace

TENSORS = 6


def test_while_a_server_converts_version_after_version(tmp_path: Path) -> None:
    found, versions = against_server(tmp_path, lambda published: published >= 15, clients=3)
    assert set(found) == {"ok"}
    assert versions == 15


class Loads:
    """A clock that goes half a minute on when all clients have ended a load since it did last.

    So two of its steps after any moment, no load runs any more that ran at that moment.
    """

    def __init__(self, clients: int) -> None:
        self.steps = 0
        self._clients = set(range(clients))
        self._awaited = set(self._clients)

    def ended(self, client: int) -> None:
        self._awaited.discard(client)
        if not self._awaited:
            self.steps += 1
            self._awaited = set(self._clients)

    def __call__(self) -> float:
        return self.steps * 30.0


def publish(library: Library, version: int) -> None:
    """Publish a version whose tensors are a shard each; the first is that of every version."""
    parts = [struct.pack("<f", float(version * 64 * bool(n) + n)) * 4 for n in range(TENSORS)]
    shards = tuple(Shard(f"{hashlib.sha256(part).hexdigest()[:32]}.bin", 16) for part in parts)
    for shard, part in zip(shards, parts, strict=True):
        replace(library.folder / "_w" / shard.name, part)
    group = {
        "paths": [f"../_w/{shard.name}" for shard in shards],
        "weights": [{"shape": [4]}] * TENSORS,
    }
    text = json.dumps({"weightsManifest": [group]}).encode()
    digest = hashlib.sha256(text).hexdigest()[:16]
    artifacts = Artifacts(digest, text, shards, SUMMARY)
    library.publish(NAME, f"{NAME}.h5", artifacts, Stamp(version, 1, 1), Options(), 1)


def test_while_what_was_replaced_is_deleted(tmp_path: Path) -> None:
    """What was replaced goes as soon as the loads that ran then have ended, and no sooner."""
    clients = Loads(3)
    library = Library(tmp_path, keep=1, clock=clients, wall_clock=lambda: 4e9)
    ended = Event()

    def client(number: int, port: int) -> Counter[str]:
        found: Counter[str] = Counter()
        while not ended.is_set():
            try:
                load(port, NAME)
            except Wrong as wrong:
                found[str(wrong)] += 1
            else:
                found["ok"] += 1
            clients.ended(number)
        return found

    async def race() -> tuple[Counter[str], int]:
        version = 1
        publish(library, version)
        async with running(library) as server:
            threads = [asyncio.to_thread(client, n, server.port) for n in range(3)]
            tasks = [asyncio.create_task(thread) for thread in threads]
            while clients.steps < 20:
                version += 1
                publish(library, version)
                library.collect()
                await asyncio.sleep(0)
            ended.set()
            return sum(await asyncio.gather(*tasks), Counter[str]()), version

    found, versions = asyncio.run(race())
    assert set(found) == {"ok"}
    assert versions > 20
    assert len(list((tmp_path / "_w").iterdir())) < versions * (TENSORS - 1)


def test_a_client_that_finds_something_says_so(tmp_path: Path) -> None:
    library = library_in(tmp_path)
    publish(library, 1)

    async def look(damage: bytes | None) -> Loaded:
        shard = max((tmp_path / "_w").iterdir())
        shard.unlink() if damage is None else shard.write_bytes(damage)
        async with running(library) as server:
            return await asyncio.to_thread(load, server.port, NAME)

    with pytest.raises(Wrong, match="mixed: shard"):
        asyncio.run(look(b"?" * 16))
    with pytest.raises(Wrong, match="missing: 404"):
        asyncio.run(look(None))
    groups = [{"weights": [{"shape": [1]}, {"shape": [1]}]}]
    with pytest.raises(Wrong, match=r"mixed: versions \[1, 2\]"):
        version_of(groups, struct.pack("<2f", 64.0, 129.0))
