"""The other end of `tests/fixtures/oracle.py`: a real Keras that lives as long as a run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]


class Refused(Exception):
    """Keras does not take this layer on these tensors."""


class Oracle:
    """A Keras of one generation; a context manager."""

    def __init__(self, generation: int) -> None:
        python = ROOT / f".keras{generation}" / "bin" / "python"
        if not python.exists():
            raise FileNotFoundError(f"{python.parents[1].name} is missing: run scripts/keras-env")
        self.generation = generation
        self._process = subprocess.Popen(
            [str(python), str(ROOT / "tests" / "fixtures" / "oracle.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send one request and return its answer; Refused with what Keras says."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Refused(answer["error"])
        return answer
