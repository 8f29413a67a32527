"""What a conversion did, in a few lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from tfjs_serve.report import Report
from tfjs_serve.terminal.words import size

_NAMED = 3
"""Most layers that are named; of more only the number is told."""


def report_lines(report: Report) -> Iterator[str]:
    """Yield the rules with what they changed, then what quantising did; notes are told apart."""
    yield from rule_lines(report)
    yield from quantization_lines(report)


def quantization_lines(report: Report) -> Iterator[str]:
    """Yield what quantising gained and lost, if there was any."""
    if (done := report.quantization) is not None:
        sizes = f"{size(done.bytes_before)} to {size(done.bytes_after)}"
        yield f"quantised: {sizes}, largest error {done.worst.error:.3g} in {done.worst.name}"


def rule_lines(report: Report) -> Iterator[str]:
    """Yield the rules with the layers they changed, if there are any."""
    layers: dict[str, list[str | None]] = {}
    for layer, rules in report.rules.items():
        for rule in rules:
            layers.setdefault(rule, []).append(layer)
    if layers:
        yield "rules: " + "; ".join(f"{rule} on {_named(names)}" for rule, names in layers.items())


def _named(layers: list[str | None]) -> str:
    if len(layers) > _NAMED:
        return f"{len(layers)} layers"
    return ", ".join("the model" if layer is None else layer for layer in layers)
