"""Every change of a served folder, killed before each step that it takes on the file system.

A program of its own, as it forks for every kill:

    python -m tests.publishing.steps FOLDER
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.publishing.versions import Wrong, read
from tfjs_serve.artifacts import Artifacts, Options, Shard, Summary
from tfjs_serve.library import Library, Stamp

_STEPS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.utime"})
"""Events of the interpreter (docs.python.org/3/library/audit_events.html), told beforehand."""

_START = 4_000_000_000.0
"""Later than any clock here: what a killed process wrote is older than the next start."""

_LATER = _START + 1_000.0
"""A time at which all that was replaced may be deleted."""


@dataclass
class Folder:
    """A served folder, at a time that stands still until it is set."""

    path: Path
    now: float = _START

    def open(self) -> Library:
        """Return a library as a server has it that was just started."""
        library = Library(self.path, clock=lambda: self.now, wall_clock=lambda: self.now)
        library.load()
        for name, entry in library.unclaimed.items():
            library.reuse(name, entry.source)
        return library

    def publish(self, library: Library, name: str, version: int) -> None:
        """Write the shards of a version as a worker does, and publish it."""
        shards = []
        for value in (0.0, version * 64 + 1.0, version * 64 + 2.0):
            data = struct.pack("<f", value) * 16
            shard = Shard(hashlib.sha256(data).hexdigest()[:32] + ".bin", len(data))
            temporary = self.path / "_w" / f".tmp-{os.getpid()}-{value}"
            temporary.write_bytes(data)
            temporary.replace(self.path / "_w" / shard.name)
            os.utime(self.path / "_w" / shard.name, (self.now, self.now))
            shards.append(shard)
        up = "../" * (name.count("/") + 1)
        paths = [f"{up}_w/{shard.name}" for shard in shards]
        weights = [{"shape": [16]}] * len(shards)
        text = json.dumps({"weightsManifest": [{"paths": paths, "weights": weights}]})
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        summary = Summary(1, 1, (), (), None, trainable=False)
        artifacts = Artifacts(digest, text.encode(), tuple(shards), summary)
        library.publish(name, f"{name}.h5", artifacts, Stamp(version, 1, 1), Options(), 1)


def publish_newer(folder: Folder) -> None:
    """Publish a newer version of a model."""
    folder.publish(folder.open(), "m", 6)


def publish_again(folder: Folder) -> None:
    """Go back to a version that is still kept."""
    folder.publish(folder.open(), "m", 4)


def publish_first(folder: Folder) -> None:
    """Publish a model that was not there, in a folder that was not there."""
    folder.publish(folder.open(), "new/x", 3)


def delete_replaced(folder: Folder) -> None:
    """Delete the versions that are kept no longer, long after they were replaced."""
    library = folder.open()
    folder.now = _LATER
    library.collect()


def withdraw(folder: Folder) -> None:
    """Withdraw a model whose source is gone."""
    folder.open().withdraw("gone")


CHANGES = (publish_newer, publish_again, publish_first, delete_replaced, withdraw)


def prepare(folder: Folder) -> None:
    """Publish what every change begins with: models of several versions that share a shard."""
    library = folder.open()
    for version in (1, 2, 3, 4, 5):
        folder.publish(library, "m", version)
    folder.publish(library, "sub/n", 1)
    folder.publish(library, "gone", 1)


def killed_before(step: int, change: Callable[[Folder], None], path: Path) -> str | None:
    """Run a change in a process of its own that ends before a step; return it, None for none."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        steps = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal steps
            if event in _STEPS and str(arguments[0]).startswith(str(path)):
                if steps == step:
                    os.write(writer, event.encode())
                    os.kill(os.getpid(), signal.SIGKILL)
                steps += 1

        sys.addaudithook(count)
        change(Folder(path))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        event = told.read()
    _, status = os.waitpid(child, 0)
    if not event and status:
        raise RuntimeError(f"{change.__name__} failed by itself")
    return event or None


def left_by(change: Callable[[Folder], None], path: Path) -> tuple[set[str], list[str]]:
    """Do a change as the next server does; return the files in the end, and what was wrong."""
    wrong = []
    good = {"m": {5}, "sub/n": {1}}
    if change is publish_newer:
        good["m"] = {5, 6}
    if change is publish_again:
        good["m"] = {5, 4}
    if change is not withdraw:
        good["gone"] = {1}
    for moment in ("in the folder", "after a start", "after doing it again"):
        if moment == "after a start":
            Folder(path).open()
        elif moment == "after doing it again":
            change(Folder(path))
        for name, versions in good.items():
            try:
                found = read(path, name)
            except Wrong as error:
                wrong.append(f"{name} {moment}: {error}")
                continue
            if found not in versions:
                wrong.append(f"{name} {moment}: version {found}")
    later = Folder(path, _LATER)
    later.open().collect()
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}, wrong


def every_kill(folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Kill every change before every step; return the steps of each, and what was wrong."""
    base = folder / "base"
    prepare(Folder(base))
    steps: dict[str, list[str]] = {}
    wrong: list[str] = []
    for change in CHANGES:
        name = change.__name__
        whole = folder / name
        shutil.copytree(base, whole)
        change(Folder(whole))
        expected, problems = left_by(change, whole)
        wrong += [f"{name}: {problem}" for problem in problems]
        steps[name] = []
        while True:
            place = folder / f"{name}-{len(steps[name])}"
            shutil.copytree(base, place)
            event = killed_before(len(steps[name]), change, place)
            if event is None:
                break
            where = f"{name} before step {len(steps[name])}, {event}"
            found, problems = left_by(change, place)
            wrong += [f"{where}: {problem}" for problem in problems]
            wrong += [f"{where}: left over or lost: {file}" for file in sorted(found ^ expected)]
            steps[name].append(event)
    return steps, wrong


def main() -> None:
    """Print the steps and what was wrong as JSON."""
    print(json.dumps(every_kill(Path(sys.argv[1]).resolve())))


if __name__ == "__main__":
    main()
