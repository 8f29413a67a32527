"""Clients that load in a loop while the model is published again and again.

Run as `scripts/publishing race [SECONDS [CLIENTS]]`: a real server converts every version. With
more than a minute, what was replaced is deleted meanwhile.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from tests.command import Served, serving
from tests.publishing.versions import SETTINGS, Wrong, load, save

NAME = "m"
_CLIENTS = 3


def race(port: int, clients: int, publish: Callable[[], None]) -> Counter[str]:
    """Load in a loop for as long as `publish` takes; return how often each ending came.

    A client that gets an older version than before is an ending of its own.
    """
    ended = Event()

    def client() -> Counter[str]:
        found: Counter[str] = Counter()
        newest = 0
        while not ended.is_set():
            try:
                version = load(port, NAME).version
            except Wrong as wrong:
                found[str(wrong).partition(":")[0]] += 1
                continue
            found["ok" if version >= newest else "older"] += 1
            newest = version
        return found

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client) for _ in range(clients)]
        try:
            publish()
        finally:
            ended.set()
        return sum((one.result() for one in running), Counter())


def against_server(
    folder: Path, is_enough: Callable[[int], bool], clients: int
) -> tuple[Counter[str], int]:
    """Race against a real server until `is_enough(versions)`; return endings and versions."""
    (folder / "settings.toml").write_text(SETTINGS)
    source = folder / f"{NAME}.h5"
    save(source, 1)
    with serving([str(folder), "--config", str(folder / "settings.toml")]) as server:
        server.until("converted")
        published = 1

        def publish() -> None:
            nonlocal published
            while not is_enough(published):
                save(source, published + 1)
                _converted(server)
                published += 1

        found = race(server.ready["port"], clients, publish)
        server.end()
    return found, published


def _converted(server: Served) -> None:
    event = server.until("converted", "failed", "reused")
    if event["event"] != "converted":
        raise RuntimeError(f"a good version was not published: {event}")


def main() -> None:
    """Race for some seconds; exit status 1 when anything but whole versions was loaded."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    clients = int(sys.argv[2]) if len(sys.argv) > 2 else _CLIENTS
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        found, versions = against_server(Path(folder), lambda _: time.monotonic() >= until, clients)
    print(f"{versions} versions, {clients} clients: {dict(found)}")
    sys.exit(0 if set(found) == {"ok"} else 1)


if __name__ == "__main__":
    main()
