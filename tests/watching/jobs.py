"""What the worker processes of these tests run instead of the converter.

A model is an HDF5 file with a text: the topology it converts to, or what is to happen.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import h5py

from tfjs_serve.artifacts import Artifacts, Options, Shard, Summary
from tfjs_serve.errors import ConversionError, Reason, SourceBusyError
from tfjs_serve.report import Applied, Note, Report

REPORT = Report((Applied("regularizers", "dense"),), (Note("hm", "dense"),))


def save(path: Path, text: str) -> None:
    """Write a model file, as Keras does: in place, to its final name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["text"] = text


harms: list[str] = []
"""What jobs did to their process."""


def stage(
    path: Path, served_folder: Path, name: str, options: Options, source: int | None = None
) -> Artifacts:
    """Convert a model file, or do what its text says."""
    with (
        path.open("rb") if source is None else os.fdopen(os.dup(source), "rb") as opened,
        h5py.File(opened, "r", locking=False) as file,
    ):
        text = str(file.attrs["text"])
    if text == "refuse":
        raise ConversionError("refused", (Reason("holds code", "f", "Lambda", "rewrite it"),))
    if text.startswith("gated"):
        with path.with_suffix(".log").open("a") as log:
            print(text, file=log, flush=True)
        if (gate := path.with_suffix(".gate")).exists():
            gate.read_bytes()  # A pipe: until the test has opened and closed it.
    if text == "refuse often":
        raise ConversionError("refused", [Reason(str(number)) for number in range(100_000)])
    if text == "busy":
        raise SourceBusyError("changed")
    if text == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if text == "killed" and not path.with_suffix(".told").exists():
        path.with_suffix(".told").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "exit":
        os._exit(3)
    if text == "hang":
        time.sleep(600)
    if text == "loop":
        path.with_suffix(".told").write_text(str(os.getpid()))
        while True:
            pass
    if text == "burn":
        started = time.process_time()
        while time.process_time() < started + 0.6:
            pass
    if text == "grow":
        harms.extend(["x"] * (1 << 40))
    if text == "flood":
        with path.with_suffix(".flood").open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
    if text == "descriptors":
        harms.extend(str(os.open(path, os.O_RDONLY)) for _ in range(1 << 20))
    if text == "harm":
        harms.append("harmed")
    if text == "harmed":
        text = json.dumps(harms)
    if text == "bug":
        raise ZeroDivisionError("a fault of ours")
    if text == "full":
        raise OSError(28, "No space left on device")
    if text == "print":
        print("a library prints", flush=True)
        sys.stderr.write("and complains\n")
        text += sys.stdin.read()
    if text == "open":
        links = [Path("/proc/self/fd") / number for number in os.listdir("/proc/self/fd")]  # noqa: PTH208
        files = [str(link.readlink()) for link in links if link.exists()]
        text = json.dumps([file for file in files if file.endswith(".h5")])
    if text == "environment":
        names = ("HDF5_USE_FILE_LOCKING", "HDF5_PLUGIN_PRELOAD")
        text = json.dumps(
            {
                "environment": [os.environ[name] for name in names],
                "files": [path.name for path in Path().iterdir()],
                "niceness": os.nice(0),
                "ignored": [
                    signal.getsignal(number) == signal.SIG_IGN
                    for number in (signal.SIGINT, signal.SIGIO)
                ],
            }
        )
    data = text.encode()
    shard = Shard(f"{hashlib.sha256(data).hexdigest()[:32]}.bin", len(data))
    if text == "lie":
        shard = Shard("../../x", 0)
    else:
        (served_folder / "_w").mkdir(parents=True, exist_ok=True)
        (served_folder / "_w" / shard.name).write_bytes(data)
    model_json = json.dumps([text, name, options.weight_shard_size_bytes]).encode()
    digest = hashlib.sha256(model_json).hexdigest()[:16]
    summary = Summary(1, 2, (), (), "3.15.1", trainable=True, warnings=(Note("hm", "dense"),))
    return Artifacts(digest, model_json, (shard,), summary, REPORT)
