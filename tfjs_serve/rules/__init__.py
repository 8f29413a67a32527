"""The rewrites between Keras's model and TensorFlow.js's: one file each, one visible order."""

from __future__ import annotations

from tfjs_serve.graph import Graph
from tfjs_serve.rewriting.engine import Translated, translate
from tfjs_serve.rewriting.rule import Context, GraphRule, LayerRule
from tfjs_serve.rules import (
    activation_formulas,
    activation_operations,
    activations,
    adaptive_pooling,
    attention,
    attention_arguments,
    axes,
    batch_normalization,
    bidirectional,
    bookkeeping,
    boundaries,
    bounds,
    call_arguments,
    call_order,
    category_encoding,
    causal,
    channels_last,
    class_names,
    constant_operations,
    constraints,
    conv_lstm1d,
    custom_scale_layer,
    cuts,
    dilated_depthwise,
    dot_normalize,
    dtype_policies,
    einsum_dense,
    elu,
    flags,
    flatten,
    given_masks,
    global_pooling3d,
    group_normalization,
    groups,
    gru_reset_after,
    hard_sigmoid_gates,
    implicit_masks,
    inference_identity,
    initial_states,
    initializers,
    input_layers,
    int8_dense,
    integer_inputs,
    integer_means,
    integer_resizing,
    interpolation,
    joins,
    keepdims,
    layer_names,
    layer_normalization,
    layer_scale,
    leaky_relu,
    logic,
    lora,
    mask_makers,
    masked_pooling,
    masked_products,
    masked_recurrent,
    missing_weights,
    multi_head_attention,
    namesakes,
    nested_states,
    normalization,
    one_dimension,
    paddings,
    pads,
    powers,
    products,
    quotients,
    recurrent_cells,
    reductions,
    regularizers,
    relu,
    repeated_inputs,
    reshape,
    reshape_operations,
    resizing,
    rms_normalization,
    same_padding,
    single_input_merges,
    softmax,
    spatial_dropout,
    spectral_normalization,
    split_activations,
    stale_masks,
    subtract,
    tensor_operations,
    tf_operations,
    three_dimensions,
    time_distributed,
    unit_normalization,
)

FIRST_RULES = (
    GraphRule("namesakes", namesakes.rewrite),  # before a default can stand in for a field
    GraphRule("integer_means", integer_means.rewrite),  # what passes integers on is still named
    GraphRule("integer_resizing", integer_resizing.rewrite),  # while dtypes are those of Keras
    GraphRule("given_masks", given_masks.rewrite),  # before masks become arguments
    GraphRule("implicit_masks", implicit_masks.rewrite),
    GraphRule("stale_masks", stale_masks.rewrite),  # looks for masks that are arguments by now
)
"""Rewrites of the whole model, run in this order before any layer is done."""

LAYER_RULES = (
    LayerRule("missing_weights", missing_weights.rewrite),  # before one reads them
    LayerRule("class_names", class_names.rewrite),  # first: the others go by today's names
    LayerRule("recurrent_cells", recurrent_cells.rewrite),  # before those that know the layers
    LayerRule("input_layers", input_layers.rewrite),  # before dtypes, which leave inputs alone
    LayerRule("tf_operations", tf_operations.rewrite),  # one spelling for both Kerases
    LayerRule("constant_operations", constant_operations.rewrite),  # a Cast has a dtype of its own
    LayerRule("tensor_operations", tensor_operations.rewrite),
    LayerRule("bounds", bounds.rewrite),
    LayerRule("powers", powers.rewrite),
    LayerRule("quotients", quotients.rewrite),  # after the constants, by which it is a product
    LayerRule("activation_operations", activation_operations.rewrite),
    LayerRule("reductions", reductions.rewrite),
    LayerRule("reshape_operations", reshape_operations.rewrite),
    LayerRule("joins", joins.rewrite),
    LayerRule("cuts", cuts.rewrite),
    LayerRule("pads", pads.rewrite),
    LayerRule("products", products.rewrite),
    LayerRule("logic", logic.rewrite),
    LayerRule("lora", lora.rewrite),  # before what it merges is refused
    LayerRule("int8_dense", int8_dense.rewrite),  # before policies and quantisation are refused
    LayerRule("dtype_policies", dtype_policies.rewrite),
    LayerRule("bookkeeping", bookkeeping.rewrite),
    LayerRule("conv_lstm1d", conv_lstm1d.rewrite),
    LayerRule("flags", flags.rewrite),
    LayerRule("initial_states", initial_states.rewrite),  # before what is left is refused
    LayerRule("mask_makers", mask_makers.rewrite),
    LayerRule("masked_pooling", masked_pooling.rewrite),
    LayerRule("masked_products", masked_products.rewrite),
    LayerRule("gru_reset_after", gru_reset_after.rewrite),  # before activations: sees raw parts
    LayerRule("masked_recurrent", masked_recurrent.rewrite),  # after it, which has masks of its own
    LayerRule("attention_arguments", attention_arguments.rewrite),  # before they are refused
    LayerRule("inference_identity", inference_identity.rewrite),  # ignores a `training` of Keras 3
    LayerRule("resizing", resizing.rewrite),  # ignores a `training` of Keras 3
    LayerRule("call_arguments", call_arguments.rewrite),  # refuses what the node would lose
    LayerRule("single_input_merges", single_input_merges.rewrite),
    LayerRule("spectral_normalization", spectral_normalization.rewrite),  # sees raw parts
    LayerRule("time_distributed", time_distributed.rewrite),  # sees raw parts
    LayerRule("hard_sigmoid_gates", hard_sigmoid_gates.rewrite),  # before it is refused
    LayerRule("split_activations", split_activations.rewrite),  # before they are refused
    LayerRule("activation_formulas", activation_formulas.rewrite),
    LayerRule("activations", activations.rewrite),
    LayerRule("initializers", initializers.rewrite),
    LayerRule("regularizers", regularizers.rewrite),
    LayerRule("constraints", constraints.rewrite),
    LayerRule("multi_head_attention", multi_head_attention.rewrite),  # hands clean fields on
    LayerRule("attention", attention.rewrite),
    LayerRule("custom_scale_layer", custom_scale_layer.rewrite),
    LayerRule("layer_scale", layer_scale.rewrite),
    LayerRule("normalization", normalization.rewrite),
    LayerRule("einsum_dense", einsum_dense.rewrite),  # its activation has a name by now
    LayerRule("category_encoding", category_encoding.rewrite),
    LayerRule("spatial_dropout", spatial_dropout.rewrite),
    LayerRule("relu", relu.rewrite),
    LayerRule("elu", elu.rewrite),
    LayerRule("leaky_relu", leaky_relu.rewrite),
    LayerRule("paddings", paddings.rewrite),
    LayerRule("flatten", flatten.rewrite),
    LayerRule("reshape", reshape.rewrite),
    LayerRule("axes", axes.rewrite),
    LayerRule("softmax", softmax.rewrite),
    LayerRule("batch_normalization", batch_normalization.rewrite),  # axes count from the front
    LayerRule("layer_normalization", layer_normalization.rewrite),
    LayerRule("group_normalization", group_normalization.rewrite),
    LayerRule("rms_normalization", rms_normalization.rewrite),
    LayerRule("unit_normalization", unit_normalization.rewrite),
    LayerRule("dot_normalize", dot_normalize.rewrite),
    LayerRule("keepdims", keepdims.rewrite),
    LayerRule("groups", groups.rewrite),  # before channels_last: tfjs does transpose a Conv2D
    LayerRule("dilated_depthwise", dilated_depthwise.rewrite),  # before channels_last
    LayerRule("channels_last", channels_last.rewrite),  # the others count on it
    LayerRule("causal", causal.rewrite),
    LayerRule("one_dimension", one_dimension.rewrite),
    LayerRule("global_pooling3d", global_pooling3d.rewrite),
    LayerRule("adaptive_pooling", adaptive_pooling.rewrite),
    LayerRule("three_dimensions", three_dimensions.rewrite),
    LayerRule("interpolation", interpolation.rewrite),
    LayerRule("same_padding", same_padding.rewrite),  # of what is left to tfjs
    LayerRule("subtract", subtract.rewrite),
    LayerRule(
        "bidirectional", bidirectional.rewrite, needs_parts=True
    ),  # compares parts that are clean by now
)
"""Rewrites of single layers, run on each one in this order, wrapped layers first."""

GRAPH_RULES = (
    GraphRule("repeated_inputs", repeated_inputs.rewrite),  # lowerings repeat inputs, too
    GraphRule("boundaries", boundaries.rewrite),
    GraphRule("integer_inputs", integer_inputs.rewrite),
    GraphRule("nested_states", nested_states.rewrite),
    GraphRule("layer_names", layer_names.rewrite),
    GraphRule("call_order", call_order.rewrite),  # last: it fixes the numbers of all calls
)
"""Rewrites of the whole model, run in this order once every layer is done."""

RULES = (*FIRST_RULES, *LAYER_RULES, *GRAPH_RULES)

__all__ = ["FIRST_RULES", "GRAPH_RULES", "LAYER_RULES", "RULES", "Translated", "translate_model"]


def translate_model(graph: Graph, context: Context) -> Translated:
    """Return a model in tfjs's terms; ConversionError with every reason when it has none."""
    return translate(graph, context, LAYER_RULES, GRAPH_RULES, FIRST_RULES)
