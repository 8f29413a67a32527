"""What a tree of processes takes in memory, as Linux tells; nothing elsewhere."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def tree_mib(root: int | None = None) -> float:
    """Return the memory of a process and all below it, shared pages counted once (PSS)."""
    if sys.platform != "linux":
        return 0.0
    root = os.getpid() if root is None else root
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, IndexError, ValueError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    total = 0.0
    pending = [root]
    while pending:
        process = pending.pop()
        pending += children.get(process, ())
        with suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1024
    return total


def largest_child_mib() -> float:
    """Return the most that any ended process below this one ever had resident."""
    if sys.platform != "linux":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
