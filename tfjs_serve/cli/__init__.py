"""The command line `tfjs-serve`."""

from tfjs_serve.cli.main import main

__all__ = ["main"]
