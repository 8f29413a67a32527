"""The reporter for people: aligned lines, and one line of progress that updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO
from urllib.parse import urljoin

from tfjs_serve.companion import URL_PATH, register_snippet
from tfjs_serve.config import Verbosity
from tfjs_serve.events import (
    Blocked,
    Converted,
    Converting,
    Event,
    Failed,
    Ready,
    Removed,
    Reused,
    Stopped,
    Warned,
)
from tfjs_serve.report import Note
from tfjs_serve.terminal.output import columns, marks, painter, write
from tfjs_serve.terminal.progress import Progress
from tfjs_serve.terminal.report import quantization_lines, report_lines
from tfjs_serve.terminal.reporter import Banner
from tfjs_serve.terminal.words import (
    cut,
    duration,
    escape,
    hung,
    load_snippet,
    padded,
    refusal_lines,
    size,
    width,
)

_NAME_WIDTHS = range(16, 41)
_INDENT = 6
_ERASE = "\r\x1b[2K"


class TextReporter:
    """Lines for people, with one updating line of progress when a terminal shows them."""

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        verbosity: Verbosity = Verbosity.NORMAL,
        colored: tuple[bool, bool] = (False, False),
        columns: Callable[[TextIO], int | None] = columns,
    ) -> None:
        """Write results to `stdout` and warnings to `stderr`; `colored` tells for each.

        columns: how wide the terminal behind a stream is now; None when there is none.
        """
        self._stdout, self._stderr = stdout, stderr
        self._paint_out, self._paint_err = (painter(is_on) for is_on in colored)
        self._verbosity = verbosity
        self._columns = columns
        self._good, self._bad, self._same, self._dots = marks(stdout)
        self._banner: Banner | None = None
        self._url = ""
        self._models = 0
        self._progress = Progress()
        self._converting: dict[str, None] = {}
        self._snippets: list[tuple[str, str, bool, tuple[str, ...]]] = []
        self._warned: dict[str, tuple[Note, ...]] = {}
        self._refused: dict[str, Failed] = {}
        self._is_introduced = False
        self._has_progress = False
        self._width = _NAME_WIDTHS.start

    def open(self, banner: Banner) -> None:
        """Note what is about to be served; shown with the `Ready` event."""
        self._banner = banner

    def report(self, event: Event) -> None:
        """Show one event."""
        self._erase_progress()
        match event:
            case Ready():
                self._url, self._models = event.url, event.models
                self._progress.expect(event.models)
                self._head()
            case Converting():
                self._converting[event.name] = None
                self._name(event.name)  # All that is begun at the start shares one width.
                if self._verbosity is Verbosity.VERBOSE:
                    self._line(self._same, "dim", event.name, "converting")
            case Reused() | Converted():
                self._served(event)
            case Failed():
                self._failed(event)
            case Removed():
                self._progress.forget(event.name)
                self._converting.pop(event.name, None)
                self._warned.pop(event.name, None)
                self._refused.pop(event.name, None)
                self._line("-", "dim", event.name, "no longer served, its file is gone")
            case Blocked():
                self._warn(f"blocked a page of {event.origin}: {event.hint}")
            case Warned():
                self._warn(event.text)
            case Stopped():
                if self._columns(self._stdout) is not None:
                    write(self._stdout, _ERASE)  # the ^C that the terminal shows
                self._out("Stopped.")
        self._sum_up()
        self._introduce()
        self._draw_progress()

    def _head(self) -> None:
        if (banner := self._banner) is None:
            return
        paint = self._paint_out
        found = {0: "no models yet", 1: "1 model"}.get(self._models, f"{self._models} models")
        rows = [
            ("Models", f"{self._safe(banner.models_dir)} ({found})"),
            ("List", paint("link", f"{self._url}/")),
            *(("Network", paint("link", url)) for url in banner.network),
            ("Open to", _audience(banner)),
        ]
        if self._verbosity is Verbosity.VERBOSE:
            rows.append(("Served", self._safe(banner.served)))
        self._out("")
        self._out(f"  {paint('bold', 'tfjs-serve')} {banner.version}")
        self._out("")
        for label, text in rows:
            self._out(f"  {paint('dim', f'{label:<8}')} {text}")
        self._out("")
        if not self._models:
            self._out("  Save a Keras model (.h5) into that folder and it is served at once.")
        self._out(f"  {paint('dim', 'Press Ctrl-C to stop.')}")
        self._out("")

    def _served(self, event: Reused | Converted) -> None:
        if not self._is_introduced:
            url = urljoin(self._url, event.url)
            needs = (event.needs_companion, event.custom_classes)
            self._snippets.append((event.name, url, *needs))
        is_converted = isinstance(event, Converted)
        self._settle(event.name, "converted" if is_converted else "unchanged")
        self._refused.pop(event.name, None)
        if self._verbosity is Verbosity.VERBOSE or self._progress.lists:
            self._list(event)
        if event.warnings != self._warned.get(event.name):
            for note in event.warnings:
                self._note(event.name, note)
        self._warned[event.name] = event.warnings  # What lasts is told once.

    def _list(self, event: Reused | Converted) -> None:
        """Show the line of a model, and below it what was done to it."""
        is_verbose = self._verbosity is Verbosity.VERBOSE
        if isinstance(event, Converted):
            mark, style, how = self._good, "good", duration(event.ms)
        else:
            mark, style, how = self._same, "dim", "unchanged"
        text = f"{size(event.bytes):>9} {how:>10}"
        if is_verbose:
            text += f"   @{event.digest}"
        self._line(mark, style, event.name, text)
        if isinstance(event, Converted):
            for line in (report_lines if is_verbose else quantization_lines)(event.report):
                columns = self._columns(self._stdout)
                self._out(hung(" " * _INDENT, self._safe(line), _INDENT, columns))

    def _failed(self, event: Failed) -> None:
        self._settle(event.name, "refused")
        if self._refused.get(event.name) == event:
            return  # Saved again as it was; what lasts is told once.
        self._refused[event.name] = event
        paint = self._paint_err
        headline, *rest = refusal_lines(event.error, event.reasons)
        self._tell(paint("bad", self._bad), event.name, headline)
        for line in rest:
            self._err("      ", self._safe(line), 8)
        if event.served:
            self._err("      ", "The last good version stays served.", 6)

    def _note(self, name: str, note: Note) -> None:
        where = f"layer {note.layer!r}: " if note.layer is not None else ""
        self._tell(self._paint_err("warn", "!"), name, where + note.text)

    def _warn(self, text: str) -> None:
        label = "warning:"
        self._err(f"{self._paint_err('warn', label)} ", self._safe(text), len(label) + 1)

    def _tell(self, mark: str, name: str, text: str) -> None:
        """Show a warning or refusal of a model."""
        shown = self._name(name)
        self._err(f"  {mark} {shown} ", self._safe(text), 5 + width(shown))

    def _introduce(self) -> None:
        """Show how to load a first model, once what the first scan found has settled."""
        is_busy = self._converting or not self._progress.is_over
        if self._is_introduced or is_busy or not self._snippets or not self._url:
            return
        self._is_introduced = True
        _, url, needs_companion, custom = min(self._snippets)
        self._out("")
        if needs_companion:
            module = urljoin(self._url, URL_PATH)
            self._out(f"  {self._paint_out('bold', register_snippet(module))}")
        if custom:
            remark = self._safe(f"// first register {', '.join(custom)} (tfjs-serve stub)")
            self._out(f"  {self._paint_out('dim', remark)}")
        self._out(f"  {self._paint_out('bold', load_snippet(url))}")
        self._out("")

    def _settle(self, name: str, ending: str) -> None:
        self._progress.settle(name, ending)
        self._converting.pop(name, None)

    def _sum_up(self) -> None:
        """Tell of models that are too many for a line each: when all are done, or meanwhile."""
        if (summary := self._progress.summary()) is not None:
            self._out(f"  {self._paint_out('good', self._good)} {summary}")
            return
        is_log = self._columns(self._stdout) is None
        if is_log and self._converting and (news := self._progress.news()) is not None:
            self._out(f"  {self._paint_out('dim', self._same)} {news}")

    def _line(self, mark: str, style: str, name: str, text: str) -> None:
        self._out(f"  {self._paint_out(style, mark)} {self._name(name)} {text}")

    def _name(self, name: str) -> str:
        """Return a name as wide as the widest so far, so that what follows is aligned."""
        shown = self._safe(name)
        self._width = min(max(self._width, width(shown)), _NAME_WIDTHS.stop - 1)
        return padded(shown, self._width)

    def _draw_progress(self) -> None:
        columns = self._columns(self._stdout)
        if columns is None or not self._converting or self._verbosity is Verbosity.QUIET:
            return
        oldest = cut(self._safe(next(iter(self._converting))), _NAME_WIDTHS.stop)
        count = f" {self._progress.count}".rstrip()
        # A line that is not cut wraps, and only its last part would be erased.
        line = cut(f"    converting{count}: {oldest}", columns - 1 - len(self._dots))
        write(self._stdout, self._paint_out("dim", line + self._dots))
        self._has_progress = True

    def _erase_progress(self) -> None:
        if self._has_progress:
            write(self._stdout, _ERASE)
            self._has_progress = False

    def _safe(self, text: str) -> str:
        return escape(text, self._stdout.encoding or "utf-8")

    def _out(self, line: str) -> None:
        if self._verbosity is not Verbosity.QUIET:
            write(self._stdout, line + "\n")

    def _err(self, head: str, text: str, indent: int) -> None:
        """Write a sentence after `head`, its lines below each other at `indent`."""
        write(self._stderr, hung(head, text, indent, self._columns(self._stderr)) + "\n")


def _audience(banner: Banner) -> str:
    """Return in words whose pages may load the models."""
    if "*" in banner.cors:
        return "pages of every origin"
    others = ", ".join(escape(origin) for origin in banner.cors if origin != "local")
    machine = "pages on this machine, any port"
    return f"{machine}; {others}" if others else machine
