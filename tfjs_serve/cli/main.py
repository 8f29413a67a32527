"""The command line: what is written there becomes settings, a report and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from tfjs_serve.cli.clean import clean
from tfjs_serve.cli.convert import convert
from tfjs_serve.cli.exits import DONE, FAILED, USAGE, refuse
from tfjs_serve.cli.inspect import inspect
from tfjs_serve.cli.serve import serve
from tfjs_serve.cli.stub import stub
from tfjs_serve.errors import TfjsServeError, UsageError

COMMANDS = {"convert": convert, "inspect": inspect, "stub": stub, "clean": clean}


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
        return refuse(f"{message}; see {name} --help", USAGE)
    except UsageError as error:
        return refuse(str(error), USAGE, is_verbose)
    except TfjsServeError as error:
        return refuse(str(error), FAILED, is_verbose)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return refuse(f"{where}{error.strerror or error}", FAILED, is_verbose)
    except click.Abort:  # A server that was told to stop before it ran has done its duty.
        return refuse("interrupted", FAILED) if command else DONE
    except Exception as error:  # noqa: BLE001  the edge: a person gets a sentence all the same
        text = f"internal error ({type(error).__name__}: {error})"
        hint = "" if is_verbose else "; --verbose shows where"
        return refuse(text + hint, FAILED, is_verbose)
    return result if isinstance(result, int) else DONE


def _open_streams() -> None:
    """Have the standard streams that were closed lead nowhere.

    Opened in order, they get their own numbers, which would else go to sockets and files.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)
