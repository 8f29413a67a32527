"""A folder of models, followed: what changed, when it is complete, who converts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfjs_serve.watching.watcher import Watcher
    from tfjs_serve.watching.workers import Workers

__all__ = ["Watcher", "Workers"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a worker process needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{name.lower()}"), name)
