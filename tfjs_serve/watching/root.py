"""The models folder itself: whether it is there, or gone and may come back."""

from __future__ import annotations

import os
from pathlib import Path


class Root:
    """The folder that is followed.

    An empty folder in the place of another counts as its absence: that is what the mount point
    of a disk looks like that was taken away.
    """

    def __init__(self, path: Path) -> None:
        """Follow whatever folder is found at `path` first."""
        self.path = path
        self._followed: tuple[int, int] | None = None

    def absence(self) -> str | None:
        """Return why the folder cannot be looked at now; None when it can."""
        try:
            with os.scandir(self.path) as items:
                is_empty = next(items, None) is None
            found = self.path.stat()
        except OSError as error:
            return error.strerror or str(error)
        identity = found.st_dev, found.st_ino
        if is_empty and self._followed not in (None, identity):
            return "an empty folder took its place"
        self._followed = identity
        return None
