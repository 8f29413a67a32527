"""The command that converts one model into a folder of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tfjs_serve.cli.exits import DONE, refuse_model, source_file
from tfjs_serve.cli.help import HELP, TeachingCommand, option
from tfjs_serve.cli.metadata import read_metadata
from tfjs_serve.cli.model_options import model_options, read_flags
from tfjs_serve.cli.output import say
from tfjs_serve.cli.quantization import EVERYTHING, read_quantization
from tfjs_serve.companion import write_module
from tfjs_serve.errors import ConversionError, UsageError
from tfjs_serve.terminal import duration, escape, quantization_lines, rule_lines, size

INPUT_FORMATS = ("keras", "keras_keras", "auto")
OUTPUT_FORMATS = ("tfjs_layers_model",)


def quantize(dtype: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare `--quantize-<dtype>`, whose patterns may be left out."""
    name = f"--quantize-{dtype}"
    return option("Quantisation", name, "[PATTERN,...]", text, flag_value=EVERYTHING)


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["convert"])
@click.argument("source", metavar="INPUT")
@click.argument("out_dir", metavar="OUTDIR")
@option(
    "Output", "--weight-shard-size-bytes", "N", "Cut the weights into files of N bytes (4194304)."
)
@option("Output", "--split-weights-by-layer", None, "Give each layer weight files of its own.")
@quantize("float16", "Two bytes a value, 11 bits of precision.")
@quantize("uint16", "Two bytes, 65,536 steps between a weight's extremes.")
@quantize("uint8", "One byte, 256 steps between a weight's extremes.")
@option("Official", "--quantization-bytes", "N", "1 for uint8, 2 for uint16; deprecated.")
@option("Official", "--input-format", "FORMAT", "keras, keras_keras or auto: the file tells it.")
@option("Official", "--output-format", "FORMAT", "tfjs_layers_model: there is no other.")
@option("Output", "--metadata", "KEY:PATH,...", "Put JSON files into userDefinedMetadata.")
@option("Output", "--companion", None, "Write layers.js, for layers TensorFlow.js lacks, too.")
@model_options("Model")
@option("Output", "-q, --quiet", None, "Show warnings and refusals only.")
@option("Output", "--verbose", None, "Show what was changed, and tracebacks.")
@click.help_option("-h", "--help", help="Show this help.")
def convert(
    source: str,
    out_dir: str,
    metadata: str | None,
    input_format: str | None,
    output_format: str | None,
    quantization_bytes: str | None,
    quantize_float16: str | None,
    quantize_uint16: str | None,
    quantize_uint8: str | None,
    companion: bool | None,
    quiet: bool | None,
    verbose: bool | None,
    **flags: Any,
) -> int:
    """Convert one model into a folder of its own."""
    path, target = source_file(source), Path(out_dir)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{out_dir}: is a file; expected the folder to write into")
    _check_formats(input_format, output_format)
    patterns = {"float16": quantize_float16, "uint8": quantize_uint8, "uint16": quantize_uint16}
    flags["quantization"] = read_quantization(patterns, quantization_bytes)
    if metadata is not None:
        flags["metadata"] = read_metadata(metadata)
    options = read_flags(flags)
    from tfjs_serve.convert import convert_file

    started = time.monotonic()
    try:
        conversion = convert_file(path, target, **options)
    except ConversionError as error:
        return refuse_model(path, error, bool(verbose))
    if companion:
        write_module(target)
    ms = round((time.monotonic() - started) * 1000)
    for note in conversion.warnings:
        where = f"layer {note.layer!r}: " if note.layer is not None else ""
        say("warning: ", where + note.text)
    for line in rule_lines(conversion.report) if verbose else ():
        say("", line, err=False)
    if not quiet:
        count = len(conversion.files)
        click.echo(
            f"{escape(str(target))}: model.json and {count - 1} shard{'s' * (count != 2)}, "
            f"{size(conversion.nbytes)}, in {duration(ms)}"
        )
        for line in quantization_lines(conversion.report):
            say("", line, err=False)
    return DONE


def _check_formats(input_format: str | None, output_format: str | None) -> None:
    """Accept what the official converter is told for the one conversion there is."""
    for flag, found, expected in (
        ("--input-format", input_format, INPUT_FORMATS),
        ("--output-format", output_format, OUTPUT_FORMATS),
    ):
        if found is not None and found not in expected:
            raise UsageError(
                f"{flag}: found {found!r}, expected {' or '.join(expected)}; tfjs-serve converts "
                "whole Keras models (.h5, .keras, told apart by their content) to Layers models"
            )
