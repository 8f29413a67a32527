"""The command that converts one model into a folder of its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from tfjs_serve.cli.exits import DONE, refuse_model, source_file
from tfjs_serve.cli.help import HELP, TeachingCommand, option
from tfjs_serve.cli.metadata import read_metadata
from tfjs_serve.config import parse_option
from tfjs_serve.errors import ConversionError, UsageError
from tfjs_serve.terminal import duration, escape, size


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["convert"])
@click.argument("source", metavar="INPUT")
@click.argument("out_dir", metavar="OUTDIR")
@option(
    "Output", "--weight-shard-size-bytes", "N", "Cut the weights into files of N bytes (4194304)."
)
@option("Output", "--metadata", "KEY:PATH,...", "Put JSON files into userDefinedMetadata.")
@option("Model", "--gru-unroll", "N", "Lay a reset-after GRU out over up to N steps (24).")
@option("Output", "--quiet", None, "Show warnings and refusals only.")
@option("Output", "--verbose", None, "Show tracebacks.")
@click.help_option("-h", "--help", help="Show this help.")
def convert(
    source: str,
    out_dir: str,
    metadata: str | None,
    quiet: bool | None,
    verbose: bool | None,
    **flags: Any,
) -> int:
    """Convert one model into a folder of its own."""
    path, target = source_file(source), Path(out_dir)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{out_dir}: is a file; expected the folder to write into")
    if metadata is not None:
        flags["metadata"] = read_metadata(metadata)
    options = {
        name: parse_option(name, value, "--" + name.replace("_", "-"))
        for name, value in flags.items()
        if value is not None and value != ()
    }
    from tfjs_serve.convert import convert_file

    started = time.monotonic()
    try:
        conversion = convert_file(path, target, **options)
    except ConversionError as error:
        return refuse_model(path, error, bool(verbose))
    ms = round((time.monotonic() - started) * 1000)
    for note in conversion.warnings:
        where = f"layer {note.layer!r}: " if note.layer is not None else ""
        click.echo(f"warning: {escape(where + note.text)}", err=True)
    if not quiet:
        count = len(conversion.files)
        click.echo(
            f"{escape(str(target))}: model.json and {count - 1} shard{'s' * (count != 2)}, "
            f"{size(conversion.nbytes)}, in {duration(ms)}"
        )
    return DONE
