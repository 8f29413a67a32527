"""The command that serves a folder: no command word, just the folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from tfjs_serve import config
from tfjs_serve.cli.help import HELP, TeachingCommand, option, version_option
from tfjs_serve.cli.model_options import model_options
from tfjs_serve.events import Warned
from tfjs_serve.terminal import JsonReporter, Reporter, TextReporter


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["serve"])
@click.argument("folder", metavar="[DIR]", default=".")
@option("Where", "--host", "HOST", "Listen on this address; 0.0.0.0 lets other machines in.")
@option("Where", "--port", "PORT", "Listen on this port, or the next free one (8000).")
@option("Where", "--strict-port", None, "Fail when the port is taken instead.")
@option("Where", "--open", None, "Open the list of models in a browser.")
@option("Models", "--out", "FOLDER", "Publish into this folder (DIR/.tfjs-serve).")
@option("Models", "--keep", "N", "Keep this many versions of a model (3).")
@option("Models", "--force", None, "Convert all models again.")
@model_options("Models")
@option("Models", "--poll/--no-poll", None, "Look for changes by scanning, for network drives.")
@option("Models", "--follow-links", None, "Serve what links to files outside of DIR lead to.")
@option("Access", "--cors", "ORIGIN", "Let pages of this origin load models; '*' for all.", True)
@option("Access", "--allow-host", "NAME", "Answer to this host name too.", True)
@option("Output", "-q, --quiet", None, "Show warnings and refusals only.")
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
