"""The command line: what is written there becomes settings, a report and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from tfjs_serve import config
from tfjs_serve.cli.help import HELP, TeachingCommand, option, version_option
from tfjs_serve.cli.metadata import read_metadata
from tfjs_serve.errors import ConversionError, TfjsServeError, UsageError
from tfjs_serve.events import Warned
from tfjs_serve.terminal import (
    JsonReporter,
    Reporter,
    TextReporter,
    duration,
    escape,
    refusal_lines,
    size,
)

DONE, FAILED, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    _open_streams()
    with suppress(ValueError):  # Only the main thread may: SIGTERM cleans up as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Only the very first word may be a command: `./convert` names a folder.
    command = COMMANDS.get(words[0]) if words else None
    name = f"tfjs-serve {words[0]}" if command else "tfjs-serve"
    is_verbose = "--verbose" in words
    try:
        result = (command or serve).main(
            words[1:] if command else words, prog_name=name, standalone_mode=False
        )
    except click.ClickException as error:
        message = error.format_message().rstrip(".")
        return _refuse(f"{message}; see {name} --help", USAGE)
    except UsageError as error:
        return _refuse(str(error), USAGE, is_verbose)
    except TfjsServeError as error:
        return _refuse(str(error), FAILED, is_verbose)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}", FAILED, is_verbose)
    except click.Abort:  # A server that was told to stop before it ran has done its duty.
        return _refuse("interrupted", FAILED) if command else DONE
    except Exception as error:  # noqa: BLE001  the edge: a person gets a sentence all the same
        text = f"internal error ({type(error).__name__}: {error})"
        hint = "" if is_verbose else "; --verbose shows where"
        return _refuse(text + hint, FAILED, is_verbose)
    return result if isinstance(result, int) else DONE


def _open_streams() -> None:
    """Have the standard streams that were closed lead nowhere.

    Opened in order, they get their own numbers, which would else go to sockets and files.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)


def _refuse(text: str, status: int, is_verbose: bool = False) -> int:
    if is_verbose:
        traceback.print_exc()
    click.echo(f"tfjs-serve: {escape(text)}", err=True)
    return status


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["serve"])
@click.argument("folder", metavar="[DIR]", default=".")
@option("Where", "--host", "HOST", "Listen on this address; 0.0.0.0 lets other machines in.")
@option("Where", "--port", "PORT", "Listen on this port, or the next free one (8000).")
@option("Where", "--strict-port", None, "Fail when the port is taken instead.")
@option("Where", "--open", None, "Open the list of models in a browser.")
@option("Models", "--out", "FOLDER", "Publish into this folder (DIR/.tfjs-serve).")
@option("Models", "--keep", "N", "Keep this many versions of a model (3).")
@option("Models", "--force", None, "Convert all models again.")
@option("Models", "--poll/--no-poll", None, "Look for changes by scanning, for network drives.")
@option("Access", "--cors", "ORIGIN", "Let pages of this origin load models; '*' for all.", True)
@option("Access", "--allow-host", "NAME", "Answer to this host name too.", True)
@option("Output", "--quiet", None, "Show warnings and refusals only.")
@option("Output", "--verbose", None, "Show more, and tracebacks.")
@option("Output", "--log-format", "FORMAT", "Write 'text', or 'json': an event a line.")
@option("Other", "--config", "FILE", "Read settings from this file (./tfjs-serve.toml).")
@option("Other", "--drain", "SECONDS", "Let running responses end when stopping (0.8).")
@version_option
@click.help_option("-h", "--help", help="Show this help.")
def serve(folder: str, **flags: Any) -> int:
    """Serve the models of a folder until a signal comes."""
    settings, ignored = config.load(Path(folder), flags)
    reporter = _reporter(settings)
    for text in ignored:
        reporter.report(Warned(text))
    # Late: --help and --version need no web server.
    from tfjs_serve.run import run

    return run(settings, reporter)


def _reporter(settings: config.Settings) -> Reporter:
    if settings.log_format is config.LogFormat.JSON:
        return JsonReporter(sys.stdout)
    is_terminal = (sys.stdout.isatty(), sys.stderr.isatty())
    return TextReporter(
        sys.stdout,
        sys.stderr,
        verbosity=settings.verbosity,
        colored=(config.wants_color(is_terminal[0]), config.wants_color(is_terminal[1])),
    )


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["convert"])
@click.argument("source", metavar="INPUT")
@click.argument("out_dir", metavar="OUTDIR")
@option(
    "Output", "--weight-shard-size-bytes", "N", "Cut the weights into files of N bytes (4194304)."
)
@option("Output", "--metadata", "KEY:PATH,...", "Put JSON files into userDefinedMetadata.")
@option("Output", "--quiet", None, "Show warnings and refusals only.")
@option("Output", "--verbose", None, "Show tracebacks.")
@click.help_option("-h", "--help", help="Show this help.")
def convert(
    source: str,
    out_dir: str,
    weight_shard_size_bytes: str | None,
    metadata: str | None,
    quiet: bool | None,
    verbose: bool | None,
) -> int:
    """Convert one model into a folder of its own."""
    path, target = Path(source), Path(out_dir)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise UsageError(f"{source}: {found}; expected a Keras model file")
    if target.exists() and not target.is_dir():
        raise UsageError(f"{out_dir}: is a file; expected the folder to write into")
    options: dict[str, Any] = {}
    if weight_shard_size_bytes is not None:
        options["weight_shard_size_bytes"] = _shard_size(weight_shard_size_bytes)
    if metadata is not None:
        options["metadata"] = read_metadata(metadata)
    from tfjs_serve.convert import convert_file

    started = time.monotonic()
    try:
        conversion = convert_file(path, target, **options)
    except ConversionError as error:
        return _refuse_model(path, error, bool(verbose))
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


def _refuse_model(path: Path, error: ConversionError, is_verbose: bool) -> int:
    headline, *rest = refusal_lines(error.message, error.reasons)
    where = "" if path.name in headline else f"{path}: "
    status = _refuse(where + headline, FAILED, is_verbose)
    for line in rest:
        click.echo(f"  {escape(line)}", err=True)
    return status


def _shard_size(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise UsageError(
            f"--weight-shard-size-bytes: found {text!r}, expected a whole number from 1"
        )
    return int(text)


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["clean"])
@click.argument("folder", metavar="DIR")
@option("Options", "--out", "FOLDER", "Clean this served folder instead.")
@option("Options", "--quiet", None, "Show refusals only.")
@option("Options", "--verbose", None, "Show tracebacks.")
@click.help_option("-h", "--help", help="Show this help.")
def clean(folder: str, out: str | None, quiet: bool | None, verbose: bool | None) -> int:
    """Delete what the server keeps about a folder of models."""
    from tfjs_serve.clean import clean as clean_folder

    if out is None and not Path(folder).is_dir():
        raise UsageError(f"{folder}: is no folder; expected the folder that holds the models")
    candidates = (Path(out),) if out is not None else config.default_folders(Path(folder))
    targets = [path for path in candidates if path.exists() or path.is_symlink()]
    if not targets and not quiet:
        click.echo(f"{escape(str(candidates[0]))}: does not exist, there is nothing to clean")
    for path in targets:
        done = clean_folder(path)
        left = f"; {done.kept} files of others were left" if done.kept else ""
        if not quiet:
            click.echo(
                f"{escape(str(path))}: deleted {done.files} files, {size(done.nbytes)} freed{left}"
            )
    return DONE


COMMANDS = {"convert": convert, "clean": clean}
