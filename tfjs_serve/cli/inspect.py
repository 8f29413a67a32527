"""The command that looks into a model and writes nothing."""

from __future__ import annotations

import sys
from json import dumps
from typing import Any

import click

from tfjs_serve.cli.exits import DONE, FAILED, source_file
from tfjs_serve.cli.help import HELP, TeachingCommand, option
from tfjs_serve.cli.model_options import model_options, read_flags
from tfjs_serve.cli.output import emit
from tfjs_serve.config import wants_color
from tfjs_serve.terminal import columns, inspection_lines, painter

_WIDTHS = range(60, 161)
"""Narrower, a table is not readable; wider, a line is not."""


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["inspect"])
@click.argument("source", metavar="INPUT")
@option("Output", "-o", "FILE", "Write to FILE instead of standard output.")
@option("Output", "--json", None, "Write one JSON object.")
@model_options("Model")
@click.help_option("-h", "--help", help="Show this help.")
def inspect(source: str, o: str | None, json: bool | None, **flags: Any) -> int:
    """Show what a model holds and what a conversion would do."""
    from tfjs_serve.artifacts import Options
    from tfjs_serve.convert.examining import examine

    options = read_flags(flags)
    found = examine(source_file(source), Options(**options))
    if json:
        emit(dumps(found.as_json(), indent=2) + "\n", o)
    else:
        is_terminal = o is None and sys.stdout.isatty()
        wide = min(max(columns(sys.stdout) or 80, _WIDTHS.start), _WIDTHS.stop - 1)
        paint = painter(o is None and wants_color(is_terminal))
        lines = inspection_lines(found, wide if is_terminal else 80, paint)
        emit("".join(f"{line}\n" for line in lines), o)
    return DONE if found.error is None else FAILED
