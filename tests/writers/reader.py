"""A page that loads a model again and again, and looks whether all of it is of one version."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urljoin

import numpy as np


@dataclass(slots=True)
class Found:
    """What a reader saw.

    first_seen: when each version was loaded first, as `time.monotonic`.
    wrong: loads that were not one whole version, in words, and how often.
    """

    loads: int = 0
    newest: float = -1
    first_seen: dict[float, float] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)


class Reader(threading.Thread):
    """Loads `/<name>/model.json` and its shards in a loop until `close`."""

    def __init__(self, port: int, name: str) -> None:
        """Prepare; `start` begins."""
        super().__init__(daemon=True)
        self.found = Found()
        self._url = f"/{name}/model.json"
        self._connection = http.client.HTTPConnection("localhost", port, timeout=30)
        self._seen = threading.Condition()
        self._is_closed = False

    def run(self) -> None:
        """Load until closed."""
        while not self._is_closed:
            version = self._load()
            with self._seen:
                self._note(version)
                self._seen.notify_all()

    def wait_for(self, version: float, limit_s: float) -> float | None:
        """Wait until a version was loaded; return when that was, None when it never was."""
        with self._seen:
            self._seen.wait_for(lambda: version in self.found.first_seen, limit_s)
            return self.found.first_seen.get(version)

    def close(self) -> None:
        """Stop loading."""
        self._is_closed = True
        self.join()
        self._connection.close()

    def _note(self, version: float | None) -> None:
        if version is None:
            return
        found = self.found
        found.loads += 1
        if version < found.newest:
            found.wrong[f"version {version} after {found.newest}"] += 1
        found.newest = version
        found.first_seen.setdefault(version, time.monotonic())

    def _load(self) -> float | None:
        """Return the version of everything that was loaded; None when nothing is served."""
        status, body = self._get(self._url)
        if status != 200:
            time.sleep(0.005)
            return None
        (group,) = json.loads(body)["weightsManifest"]
        data = b""
        for path in group["paths"]:
            status, part = self._get(urljoin(self._url, path))
            if status != 200:
                self.found.wrong[f"{status} for a shard"] += 1
                return None
            data += part
        values = np.unique(np.frombuffer(data, "<f4"))
        if len(values) != 1 or values[0] != int(values[0]):
            self.found.wrong[f"weights of {values.tolist()}"] += 1
            return None
        return float(values[0])

    def _get(self, url: str) -> tuple[int, bytes]:
        self._connection.request("GET", url)
        answer = self._connection.getresponse()
        return answer.status, answer.read()
