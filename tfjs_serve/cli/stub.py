"""The command that begins the JavaScript of a model's custom classes."""

from __future__ import annotations

from pathlib import Path

import click

from tfjs_serve.cli.exits import DONE, refuse_model, source_file
from tfjs_serve.cli.help import HELP, TeachingCommand, option
from tfjs_serve.cli.output import emit
from tfjs_serve.errors import ConversionError
from tfjs_serve.terminal import escape


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["stub"])
@click.argument("source", metavar="INPUT")
@option("Output", "-o", "FILE", "Write to FILE instead of standard output.")
@click.help_option("-h", "--help", help="Show this help.")
def stub(source: str, o: str | None) -> int:
    """Write a skeleton of every custom class of a model."""
    path: Path = source_file(source)
    from tfjs_serve.convert.stubs import stub_of

    try:
        text = stub_of(path)
    except ConversionError as error:
        return refuse_model(path, error, is_verbose=False)
    if text is None:
        click.echo(f"{escape(str(path))}: holds no custom class, so nothing was written", err=True)
        return DONE
    emit(text, o)
    return DONE
