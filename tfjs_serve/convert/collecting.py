"""Python's garbage collector, held off while a model is translated."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Do without the search for circles of objects, which costs an eighth of a translation.

    A model is many small values that live until it is written, and none of them refers back.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
