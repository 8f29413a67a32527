"""Asks servers for an answer without pause, in a process of its own, and tells the longest wait.

    python -m tests.hostile.probing PATH PORT [PORT ...]

Prints one line of JSON when its standard input ends: for every port the number of answers, the
longest and the 99.9th percentile of the waits in milliseconds, and what failed.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Probe:
    """What one server was asked."""

    port: int
    waits: list[float] = field(default_factory=list)
    failed: int = 0

    def ask(self, path: str) -> None:
        """Ask once; the connection is made anew, as a page does it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        started = time.perf_counter()
        try:
            connection.request("GET", path)
            self.failed += connection.getresponse().status >= 500
            self.waits.append(time.perf_counter() - started)
        except OSError:
            self.failed += 1
        finally:
            connection.close()

    def told(self) -> dict[str, float]:
        """Return the figures."""
        waits = sorted(self.waits) or [0.0]
        late = waits[int(len(waits) * 0.999)]
        return {
            "answers": len(self.waits),
            "longest_ms": round(waits[-1] * 1000, 1),
            "p999_ms": round(late * 1000, 1),
            "over_100_ms": sum(wait > 0.1 for wait in waits),
            "failed": self.failed,
        }


def main(path: str, ports: list[int]) -> None:
    """Ask the servers in turns until standard input ends."""
    os.set_blocking(0, False)
    probes = [Probe(port) for port in ports]
    while not _is_over():
        for probe in probes:
            probe.ask(path)
        time.sleep(0.005)
    print(json.dumps([probe.told() for probe in probes]))


def _is_over() -> bool:
    try:
        os.read(0, 1)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], [int(port) for port in sys.argv[2:]])
