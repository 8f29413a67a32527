"""What rules have told so far on their way through a model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Layer
from tfjs_serve.report import Applied, Note
from tfjs_serve.rewriting.custom import ADVICE_INSIDE, LOOPS, advice


@dataclass(slots=True)
class Told:
    """Notes, the rules that changed something, and every reason for a refusal."""

    notes: list[Note] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    def refuse(self, layer: Layer, why: str, remedy: str | None = None) -> None:
        """Refuse a layer."""
        self.reasons.append(Reason(why, layer.name, layer.class_name, remedy))

    def rename(self, before: int, layer: Layer) -> None:
        """Say in a layer's name what was told after `before` reasons of the layers made of it."""
        self.reasons[before:] = [
            replace(reason, layer=layer.name, class_name=layer.class_name)
            for reason in self.reasons[before:]
        ]

    def wrap(self, before: int, layer: Layer, part: Layer) -> None:
        """Say in a wrapper's name what was told after `before` reasons of a layer in it.

        A custom class is not left to the page in most of them (rules.custom_layers), so nobody is
        told to.
        """
        self.reasons[before:] = [
            replace(
                reason,
                why=f"{reason.why} in its {part.class_name}",
                remedy=(
                    ADVICE_INSIDE
                    if layer.class_name not in LOOPS
                    and reason.remedy == advice(str(reason.class_name))
                    else reason.remedy
                ),
            )
            for reason in self.reasons[before:]
        ]
        self.rename(before, layer)
