"""The rewrites between Keras's model and TensorFlow.js's: one file each, one visible order."""

from __future__ import annotations

from tfjs_serve.graph import Graph
from tfjs_serve.rules import (
    activations,
    axes,
    bidirectional,
    bookkeeping,
    boundaries,
    call_arguments,
    call_order,
    class_names,
    constraints,
    dtype_policies,
    flags,
    flatten,
    initial_states,
    initializers,
    input_layers,
    integer_inputs,
    layer_names,
    leaky_relu,
    namesakes,
    nested_states,
    paddings,
    regularizers,
    repeated_inputs,
    reshape,
)
from tfjs_serve.rules.engine import Translated, translate
from tfjs_serve.rules.rule import GraphRule, LayerRule

LAYER_RULES = (
    LayerRule("class_names", class_names.rewrite),  # first: the others go by today's names
    LayerRule("namesakes", namesakes.rewrite),  # before a default can stand in for a field
    LayerRule("input_layers", input_layers.rewrite),  # before dtypes, which leave inputs alone
    LayerRule("dtype_policies", dtype_policies.rewrite),
    LayerRule("bookkeeping", bookkeeping.rewrite),
    LayerRule("flags", flags.rewrite),
    LayerRule("initial_states", initial_states.rewrite),  # before what is left is refused
    LayerRule("call_arguments", call_arguments.rewrite),  # refuses what the node would lose
    LayerRule("repeated_inputs", repeated_inputs.rewrite),
    LayerRule("activations", activations.rewrite),
    LayerRule("initializers", initializers.rewrite),
    LayerRule("regularizers", regularizers.rewrite),
    LayerRule("constraints", constraints.rewrite),
    LayerRule("leaky_relu", leaky_relu.rewrite),
    LayerRule("paddings", paddings.rewrite),
    LayerRule("flatten", flatten.rewrite),
    LayerRule("reshape", reshape.rewrite),
    LayerRule("axes", axes.rewrite),
    LayerRule("bidirectional", bidirectional.rewrite),  # compares parts that are clean by now
)
"""Rewrites of single layers, run on each one in this order, wrapped layers first."""

GRAPH_RULES = (
    GraphRule("boundaries", boundaries.rewrite),
    GraphRule("integer_inputs", integer_inputs.rewrite),
    GraphRule("nested_states", nested_states.rewrite),
    GraphRule("layer_names", layer_names.rewrite),
    GraphRule("call_order", call_order.rewrite),  # last: it fixes the numbers of all calls
)
"""Rewrites of the whole model, run in this order once every layer is done."""

RULES = (*LAYER_RULES, *GRAPH_RULES)

__all__ = ["GRAPH_RULES", "LAYER_RULES", "RULES", "Translated", "translate_model"]


def translate_model(graph: Graph, generation: int) -> Translated:
    """Return a model in tfjs's terms; ConversionError with every reason when it has none."""
    return translate(graph, generation, LAYER_RULES, GRAPH_RULES)
