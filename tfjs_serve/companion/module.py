"""The files of the companion module, and the line of JavaScript that loads it."""

from __future__ import annotations

from pathlib import Path

MODULE = "layers.js"

FILES = (MODULE, "layers.d.ts")
"""The module and its types."""

URL_PATH = f"/_tfjs-serve/{MODULE}"
"""Where a server has it."""


def read_module() -> bytes:
    """Return the module."""
    return Path(__file__).with_name(MODULE).read_bytes()


def write_module(folder: Path) -> None:
    """Write the module and its types into a folder, for an app that imports it from there."""
    for name in FILES:
        (folder / name).write_bytes(Path(__file__).with_name(name).read_bytes())


def register_snippet(url: str) -> str:
    """Return the line that makes the classes known to `tf`, in a script as in an app."""
    return f"(await import('{url}')).register(tf)"
