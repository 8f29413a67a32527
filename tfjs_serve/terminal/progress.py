"""The progress of a first scan, and what is said of models that are too many to be listed."""

from __future__ import annotations

from collections import Counter

_MOST_LISTED = 40
"""More lines than a terminal shows at once tell nobody anything."""

_PARTS = 10


class Progress:
    """How the models of a first scan fare: `converted`, `unchanged` or `refused`."""

    def __init__(self) -> None:
        """Expect nothing."""
        self._models = 0
        self._endings: dict[str, str] = {}
        self._parts = 0
        self._is_summed_up = False

    @property
    def is_over(self) -> bool:
        """Tell whether every model has settled once."""
        return len(self._endings) >= self._models

    @property
    def lists(self) -> bool:
        """Tell whether each model has a line of its own: those that change later, or a few."""
        return self._is_summed_up or self._models <= _MOST_LISTED

    @property
    def count(self) -> str:
        """Return which of how many comes next; empty after the first scan."""
        return "" if self.is_over else f"{len(self._endings) + 1} of {self._models}"

    def expect(self, models: int) -> None:
        """Begin with the first scan of so many models."""
        self._models = models

    def settle(self, name: str, ending: str) -> None:
        """Note how a model fared."""
        self._endings[name] = ending

    def forget(self, name: str) -> None:
        """Note that a model is gone."""
        self._endings.pop(name, None)

    def news(self) -> str | None:
        """Return a line for a log that nobody updates, for every tenth of the models once."""
        parts = len(self._endings) * _PARTS // max(1, self._models)
        if self.lists or parts <= self._parts:
            return None
        self._parts = parts
        return f"converting, {len(self._endings)} of {self._models} models are done"

    def summary(self) -> str | None:
        """Return once, when all have settled, what became of models that were not listed."""
        if self.lists or not self.is_over:
            return None
        self._is_summed_up = True
        counts = Counter(self._endings.values())
        return f"{self._models} models: " + ", ".join(
            f"{counts[ending]} {ending}"
            for ending in ("converted", "unchanged", "refused")
            if counts[ending]
        )
