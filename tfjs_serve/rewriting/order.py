"""The rules of layers in their order, looked up by the class of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tfjs_serve.rewriting.rule import LayerRule

Step: TypeAlias = tuple[LayerRule, int]
"""A rule, and the place to go on from after it."""


class Order:
    """The order of the rules; what is for which class is found out once for each class."""

    def __init__(self, rules: Sequence[LayerRule]) -> None:
        """Take the rules in the order in which layers go through them."""
        self._rules = tuple(rules)
        self._steps: dict[str, list[Step | None]] = {}

    def step(self, class_name: str, place: int) -> Step | None:
        """Return the first rule for a class from a place on, None when there are no more."""
        if class_name not in self._steps:
            self._steps[class_name] = self._steps_of(class_name)
        return self._steps[class_name][place]

    def _steps_of(self, class_name: str) -> list[Step | None]:
        steps: list[Step | None] = [None]
        for place in reversed(range(len(self._rules))):
            rule = self._rules[place]
            steps.append((rule, place + 1) if rule.is_for(class_name) else steps[-1])
        steps.reverse()
        return steps
