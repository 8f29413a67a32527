"""The command line `tfjs-serve`."""

from tfjs_serve.cli.commands import main

__all__ = ["main"]
