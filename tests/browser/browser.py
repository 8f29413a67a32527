"""One Chromium for the tests, driven through `driver.mjs` by JSON lines."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.browser.chromium import (
    FLAGS,
    SOFTWARE_WEBGL_FLAGS,
    BrowserError,
    BrowserTimeoutError,
    find_chromium,
    find_node,
    resolver_rules,
)
from tests.browser.results import Failure, Message, PageLog, Prediction, Response, Tensor

__all__ = [
    "SOFTWARE_WEBGL_FLAGS",
    "Browser",
    "BrowserError",
    "BrowserTimeoutError",
    "Context",
    "Page",
]

DRIVER = Path(__file__).with_name("driver.mjs")
START_LIMIT_S = 60.0
CLOSE_LIMIT_S = 5.0


class Browser:
    """A headless Chromium with a profile of its own; a context manager.

    It reaches loopback addresses and the names in `hosts` (name -> address), nothing else. A given
    `profile` folder is kept, so that a second browser finds the first one's cache in it.
    """

    def __init__(
        self,
        *,
        flags: Sequence[str] = (),
        hosts: Mapping[str, str] | None = None,
        profile: Path | None = None,
        limit_s: float = 30.0,
    ) -> None:
        self.limit_s = limit_s
        self.version = ""
        self._flags = [*FLAGS, resolver_rules(hosts or {}), *flags]
        self._own_profile: tempfile.TemporaryDirectory[str] | None = None
        if profile is None:
            self._own_profile = tempfile.TemporaryDirectory(
                prefix="tfjs-serve-chromium-", ignore_cleanup_errors=True
            )
        self._profile = str(profile or (self._own_profile and self._own_profile.name))
        self._process: subprocess.Popen[str] | None = None
        self._browser_pid: int | None = None
        self._waiting: dict[int, Future[Any]] = {}
        self._last_id = 0
        self._lock = threading.Lock()
        self._complaints: deque[str] = deque(maxlen=20)
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def new_context(self) -> Context:
        """Open a context with cookies, storage and caches of its own, as a private window has."""
        return Context(self, self.request("new_context")["context"])

    def new_page(self) -> Page:
        """Open a page in the context that belongs to the profile."""
        return Context(self, "default").new_page()

    def request(self, method: str, *, limit_s: float | None = None, **params: Any) -> Any:
        """Send one request to the driver and return its result.

        Raises BrowserTimeoutError after `limit_s`, BrowserError with the driver's sentence.
        """
        limit = self.limit_s if limit_s is None else limit_s
        future: Future[Any] = Future()
        with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.poll() is not None:
                raise BrowserError(f"the browser is not running{self._last_words()}")
            self._last_id += 1
            number = self._last_id
            self._waiting[number] = future
            try:
                line = json.dumps({"id": number, "method": method, "params": params})
                process.stdin.write(line + "\n")
                process.stdin.flush()
            except OSError as error:
                del self._waiting[number]
                raise BrowserError(f"the browser is gone{self._last_words()}") from error
        try:
            return future.result(limit)
        except TimeoutError as error:
            raise BrowserTimeoutError(f"{method} took longer than {limit:g} s") from error
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """Close the browser and end every process of it, whatever state they are in."""
        process = self._process
        if process is not None:
            try:
                self.request("close", limit_s=CLOSE_LIMIT_S)
                process.wait(CLOSE_LIMIT_S)
            except (BrowserError, subprocess.TimeoutExpired):
                _kill_group(process.pid)
                if self._browser_pid is not None:
                    _kill_group(self._browser_pid)
                process.wait()
            for reader in self._readers:
                reader.join(CLOSE_LIMIT_S)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        self._process = None
        self._browser_pid = None
        if self._own_profile is not None:
            self._own_profile.cleanup()
            self._own_profile = None

    def _start(self) -> None:
        executable, node = find_chromium(), find_node()
        self._process = subprocess.Popen(
            [node, str(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
            env={**os.environ, "HOME": self._profile},
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        for target, stream in (
            (self._read_answers, self._process.stdout),
            (self._read_complaints, self._process.stderr),
        ):
            reader = threading.Thread(target=target, args=(stream,), daemon=True)
            reader.start()
            self._readers.append(reader)
        started = self.request(
            "launch",
            limit_s=START_LIMIT_S,
            executable=executable,
            flags=self._flags,
            profile=self._profile,
            timeout_ms=int(START_LIMIT_S * 1000),
        )
        self.version = started["version"]
        self._browser_pid = started["pid"]

    def _read_answers(self, stream: IO[str]) -> None:
        for line in stream:
            answer = json.loads(line)
            future = self._waiting.pop(answer["id"], None)
            if future is None:  # it came after its time limit
                continue
            if "error" in answer:
                future.set_exception(BrowserError(answer["error"]))
            else:
                future.set_result(answer["result"])
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(BrowserError(f"the browser is gone{self._last_words()}"))

    def _read_complaints(self, stream: IO[str]) -> None:
        self._complaints.extend(stream)

    def _last_words(self) -> str:
        return f"; it said: {''.join(self._complaints).strip()}" if self._complaints else ""


class Context:
    """A set of pages that share cookies, storage and caches."""

    def __init__(self, browser: Browser, name: str) -> None:
        self.browser = browser
        self.name = name

    def new_page(self) -> Page:
        """Open an empty page."""
        return Page(self.browser, self.browser.request("new_page", context=self.name)["page"])

    def close(self) -> None:
        """Close the context and its pages."""
        self.browser.request("close_context", context=self.name)


class Page:
    """One tab."""

    def __init__(self, browser: Browser, name: str) -> None:
        self.browser = browser
        self.name = name

    def goto(self, url: str, *, wait_until: str = "load", limit_s: float | None = None) -> int:
        """Open `url` and return the status; `wait_until` is an event name of puppeteer."""
        answer = self._request("goto", limit_s=limit_s, url=url, wait_until=wait_until)
        return int(answer["status"] or 0)

    def reload(self, *, wait_until: str = "load", limit_s: float | None = None) -> int:
        """Reload as the reload button does and return the status."""
        answer = self._request("reload", limit_s=limit_s, wait_until=wait_until)
        return int(answer["status"] or 0)

    def evaluate(self, function: str, *args: Any, limit_s: float | None = None) -> Any:
        """Call a JavaScript function in the page, await it, return its value through JSON.

        `function` is the source of one, such as `async (url) => (await fetch(url)).status`.
        NaN and infinities come back as floats, `undefined` as None.
        """
        answer = self._request("evaluate", limit_s=limit_s, source=function, args=list(args))
        return None if answer["json"] is None else json.loads(answer["json"], object_hook=_number)

    def predict(
        self,
        url: str,
        inputs: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]],
        *,
        backend: str = "cpu",
        times: int = 1,
        limit_s: float | None = None,
    ) -> Prediction:
        """Load the model at `url` by plain `tf.loadLayersModel` and predict, `times` times.

        Inputs are `{"shape", "dtype", "values"}`, values flat; by input name or in model order.
        """
        answer = self.evaluate(
            "(url, inputs, options) => predict(url, inputs, options)",
            url,
            inputs,
            {"backend": backend, "times": times},
            limit_s=limit_s,
        )
        outputs = tuple(
            Tensor(o["name"], tuple(o["shape"]), o["dtype"], o["values"]) for o in answer["outputs"]
        )
        ms = answer["ms"]
        return Prediction(outputs, ms["load"], ms["predict"], answer["leaked"])

    def log(self, *, clear: bool = False) -> PageLog:
        """Return console, errors, failed requests and responses so far."""
        log = self._request("log", clear=clear)
        return PageLog(
            console=tuple(Message(**item) for item in log["console"]),
            errors=tuple(log["errors"]),
            failed=tuple(Failure(**item) for item in log["failed"]),
            responses=tuple(Response(**item) for item in log["responses"]),
        )

    def screenshot(self, path: Path, *, full_page: bool = True) -> None:
        """Write what the page shows to `path` as PNG."""
        answer = self._request("screenshot", full_page=full_page)
        path.write_bytes(base64.b64decode(answer["png"]))

    def set_offline(self, is_offline: bool) -> None:
        """Take the page's network away, or give it back."""
        self._request("set_offline", is_offline=is_offline)

    def devtools(self, command: str, **params: Any) -> Any:
        """Send any command of the DevTools protocol, such as `Network.clearBrowserCache`."""
        return self._request("devtools", command=command, params=params)

    def close(self) -> None:
        """Close the tab."""
        self._request("close_page")

    def _request(self, method: str, *, limit_s: float | None = None, **params: Any) -> Any:
        return self.browser.request(method, limit_s=limit_s, page=self.name, **params)


def _number(item: dict[str, Any]) -> Any:
    return float(item["$number"].replace("Infinity", "inf")) if set(item) == {"$number"} else item


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
