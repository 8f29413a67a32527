"""Runs the rules over a model: every layer after the layers it is fed by, then the whole model.

Nothing is best effort: a layer that a rule refuses, or that the catalog does not list with just
these values, fails the model, and all refusals are collected before it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.graph import Graph
from tfjs_serve.report import Applied, Note
from tfjs_serve.rewriting.order import Order
from tfjs_serve.rewriting.rule import Context, GraphRule, LayerRule
from tfjs_serve.rewriting.run import Run
from tfjs_serve.shapes import Shapes


@dataclass(frozen=True, slots=True)
class Translated:
    """A model in tfjs's terms, what was done to it and what a person should know."""

    graph: Graph
    notes: tuple[Note, ...]
    applied: tuple[Applied, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """How far the rules came with a model.

    reasons: every one for which it is refused; then `graph` is not in tfjs's terms.
    shapes: outputs of each layer's first call, by the names that lead to it through nested models.
    """

    graph: Graph
    notes: tuple[Note, ...]
    applied: tuple[Applied, ...]
    reasons: tuple[Reason, ...]
    shapes: Mapping[tuple[str, ...], Shapes]

    def translated(self) -> Translated:
        """Return the model after all rules; ConversionError with every reason at once."""
        if self.reasons:
            raise ConversionError(_headline(self.reasons), self.reasons)
        return Translated(self.graph, self.notes, self.applied)


def translate(
    graph: Graph,
    context: Context,
    layer_rules: Sequence[LayerRule],
    graph_rules: Sequence[GraphRule],
    first_rules: Sequence[GraphRule] = (),
) -> Translated:
    """Return the model after all rules; ConversionError with every reason at once."""
    return attempt(graph, context, layer_rules, graph_rules, first_rules).translated()


def attempt(
    graph: Graph,
    context: Context,
    layer_rules: Sequence[LayerRule],
    graph_rules: Sequence[GraphRule],
    first_rules: Sequence[GraphRule] = (),
) -> Attempt:
    """Return how far all rules come.

    first_rules, graph_rules: rewrites of the whole model before and after those of its layers.
    """
    order, uneven = Order(layer_rules), frozenset[tuple[str, ...]]()
    while True:
        run, made = Run(context, order, uneven), graph
        for rule in first_rules:
            made = run.apply(rule, made)
        made = run.graph(made)
        if run.parted <= uneven:
            break
        # Once more: rules can be told now for which layers one translation must suit all calls.
        uneven |= run.parted
    for rule in graph_rules:
        made = run.apply(rule, made)
    return Attempt(
        made,
        tuple(dict.fromkeys(run.told.notes)),
        tuple(run.told.applied),
        tuple(dict.fromkeys(run.told.reasons)),
        run.seen,
    )


def _headline(reasons: Sequence[Reason]) -> str:
    first = str(reasons[0])
    rest = len(reasons) - 1
    return first if not rest else f"{first} (and {rest} more reason{'s' if rest > 1 else ''})"
