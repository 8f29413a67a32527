"""What commands write: files of their own, and sentences as wide as the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tfjs_serve.terminal import columns, escape, hung
from tfjs_serve.terminal.output import write


def say(head: str, text: str, *, err: bool = True) -> None:
    """Write a sentence that hangs behind its head, to standard error or to standard output."""
    stream = sys.stderr if err else sys.stdout
    click.echo(hung(head, escape(text), len(head), columns(stream)), err=err)


def emit(text: str, target: str | None) -> None:
    """Write to a file, or to standard output in what that can show; OSError from the file."""
    if target is not None:
        Path(target).write_text(text, "utf-8")
        return
    encoding = sys.stdout.encoding or "utf-8"
    write(sys.stdout, text.encode(encoding, "backslashreplace").decode(encoding))
