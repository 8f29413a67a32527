"""Work that goes on for as long as the server runs, whatever happens in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

PAUSE_S = 0.5
_LOG = logging.getLogger(__name__)


async def keep_on(step: Callable[[], Awaitable[None]], tell: Callable[[str], None]) -> None:
    """Do a step again and again; tell of an error in it, unless it was told last, and go on."""
    told = ""
    while True:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 No later change would be served.
            text = f"{type(error).__name__}: {error}"
            _LOG.warning("an error while following the models folder", exc_info=True)
            if text != told:
                told = text
                tell(text)
            await asyncio.sleep(PAUSE_S)
