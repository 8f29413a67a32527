"""The command that deletes what the server keeps."""

from __future__ import annotations

from pathlib import Path

import click

from tfjs_serve import config
from tfjs_serve.cli.exits import DONE
from tfjs_serve.cli.help import HELP, TeachingCommand, option
from tfjs_serve.errors import UsageError
from tfjs_serve.terminal import escape, size


@click.command(cls=TeachingCommand, add_help_option=False, **HELP["clean"])
@click.argument("folder", metavar="DIR")
@option("Options", "--out", "FOLDER", "Clean this served folder instead.")
@option("Options", "-q, --quiet", None, "Show refusals only.")
@option("Options", "--verbose", None, "Show tracebacks.")
@click.help_option("-h", "--help", help="Show this help.")
def clean(folder: str, out: str | None, quiet: bool | None, verbose: bool | None) -> int:
    """Delete what the server keeps about a folder of models."""
    from tfjs_serve.clean import clean as clean_folder

    if out is None and not Path(folder).is_dir():
        raise UsageError(f"{folder}: is no folder; expected the folder that holds the models")
    candidates = [Path(out)] if out is not None else _folders_of(Path(folder))
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


def _folders_of(models_dir: Path) -> list[Path]:
    return [config.default_folder(models_dir), *config.private_folders(models_dir)]
