"""A worker process, seen from its parent: how it is started, asked and ended."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfjs_serve.errors import ConversionError
from tfjs_serve.watching.worker import ENVIRONMENT

_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from tfjs_serve.watching.worker import main
main(sys.argv[2], *map(int, sys.argv[3:]))
"""
HANDS_OVER = hasattr(socket, "send_fds")
"""Whether a worker can be given an open file; elsewhere (Windows) it opens the path itself."""

_START_LIMIT_S = 60.0
_DYING_S = 2.0
_LINE_BYTES = 16 * 1024 * 1024
_ERRORS_BYTES = 4096


class WorkerProcess:
    """One process that converts."""

    def __init__(
        self,
        process: Process,
        stdin: StreamWriter,
        stdout: StreamReader,
        stderr: StreamReader,
        handover: socket.socket | None,
    ) -> None:
        self._process = process
        self._stdin = stdin
        self._stdout = stdout
        self._stderr = stderr
        self._handover = handover
        self._is_waiting = False
        self._errors = bytearray()
        self._reader = asyncio.create_task(self._read_errors())

    @classmethod
    async def start(cls, job: str, folder: str) -> WorkerProcess:
        """Start a process in an empty folder: relative paths inside models lead nowhere."""
        ours, theirs = socket.socketpair() if HANDS_OVER else (None, None)
        numbers = () if theirs is None else (theirs.fileno(),)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _START, _python_path(), job, *map(str, numbers)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd=folder,
                env=os.environ | ENVIRONMENT,
                limit=_LINE_BYTES,
                pass_fds=numbers,
            )
        except BaseException:
            if ours is not None:
                ours.close()
            raise
        finally:
            if theirs is not None:
                theirs.close()
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("a process was started without its pipes")
        return cls(process, process.stdin, process.stdout, process.stderr, ours)

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Tell whether it lives and owes no answer."""
        return self._process.returncode is None and not self._is_waiting

    @property
    def exit_status(self) -> int:
        """Return how the process ended: a status, or minus the number of a signal."""
        return self._process.returncode or 0

    @property
    def errors(self) -> bytes:
        """Return the last lines the process printed."""
        return bytes(self._errors)

    async def wait_until_warm(self) -> None:
        """Wait for the first message; ConversionError when the converter cannot be imported."""
        self._is_waiting = True
        message, _ = await asyncio.wait_for(self._receive(), _START_LIMIT_S)
        self._is_waiting = False
        if "broken" in message:
            raise ConversionError(str(message["broken"]))

    async def ask(
        self, request: dict[str, Any], source: int | None, limit_s: float
    ) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a job; TimeoutError, or EOFError when the process is lost.

        source: the open file that is converted, which stays the caller's.
        """
        self._is_waiting = True
        has_source = source is not None and self._handover is not None
        request = request | {"has_source": has_source}
        try:
            if source is not None and self._handover is not None:
                # One byte, and the one before was read: it does not wait.
                socket.send_fds(self._handover, [b"f"], [source])
            self._stdin.write(json.dumps(request).encode() + b"\n")
            await self._stdin.drain()
        except ConnectionError as error:
            raise EOFError from error
        answer = await asyncio.wait_for(self._receive(), limit_s)
        # Whatever took the process of a job may have harmed more: such a worker is replaced.
        self._is_waiting = "lost" in answer[0]
        return answer

    async def last_words(self) -> WorkerProcess:
        """Wait for a process that closed its pipes to end by itself, then see that it did.

        Killing one that has just died would lose how it ended: asyncio looks before it kills,
        and who looks first at a dead process is the only one to learn its status.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _DYING_S)
        return await self.end()

    async def end(self) -> WorkerProcess:
        """Kill the process, whatever it does, and wait until it is gone."""
        with suppress(ProcessLookupError):
            if self._process.returncode is None:
                self._process.kill()
        self._stdin.close()
        if self._handover is not None:
            self._handover.close()
        await self._process.wait()
        await asyncio.wait([self._reader])
        return self

    async def _receive(self) -> tuple[dict[str, Any], bytes]:
        try:
            message = json.loads(await self._stdout.readuntil(b"\n"))
            return message, await self._stdout.readexactly(message["blob"])
        except (asyncio.LimitOverrunError, ValueError, LookupError, TypeError) as error:
            raise EOFError from error  # No words of ours: as good as lost.

    async def _read_errors(self) -> None:
        while part := await self._stderr.read(_ERRORS_BYTES):
            self._errors += part
            del self._errors[:-_ERRORS_BYTES]


def _python_path() -> str:
    """Return where modules are found, as JSON; the child's working directory is another."""
    return json.dumps([str(Path(path).absolute()) for path in sys.path])
