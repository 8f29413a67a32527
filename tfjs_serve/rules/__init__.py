"""The rewrites between Keras's model and TensorFlow.js's: one file each, one visible order."""

from __future__ import annotations

from tfjs_serve.graph import Graph
from tfjs_serve.rewriting.engine import Attempt, Translated, attempt
from tfjs_serve.rewriting.rule import Context, GraphRule, LayerRule
from tfjs_serve.rules import (
    activation_formulas,
    activation_operations,
    activations,
    adaptive_pooling,
    attention,
    attention_arguments,
    attention_axes,
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
    companion_operations,
    compositions,
    constant_operations,
    constraints,
    conv3d_transpose,
    conv_lstm1d,
    cudnn_recurrent,
    custom_layers,
    custom_scale_layer,
    cuts,
    dilated_depthwise,
    directions,
    dot_normalize,
    dtype_policies,
    einsum,
    einsum_dense,
    elu,
    flags,
    flatten,
    given_masks,
    given_output_shape,
    global_pooling3d,
    group_normalization,
    groups,
    gru_reset_after,
    hard_sigmoid_gates,
    highway,
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
    layer_operations,
    layer_scale,
    leaky_relu,
    locally_connected,
    logic,
    lora,
    mask_makers,
    masked_pooling,
    masked_products,
    masked_recurrent,
    masked_softmax,
    maxout_dense,
    missing_weights,
    multi_head_attention,
    namesakes,
    nested_states,
    normalization,
    one_dimension,
    output_padding,
    paddings,
    pads,
    powers,
    products,
    quantised_weights,
    quotients,
    rearrangements,
    recurrent_cells,
    reductions,
    regularizers,
    relu,
    repeated_inputs,
    reshape,
    reshape_operations,
    resizing,
    risky_choices,
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
    theano_kernels,
    three_dimensions,
    time_distributed,
    time_steps,
    unit_normalization,
)

FIRST_RULES = (
    GraphRule("custom_layers", custom_layers.rewrite),  # before any other sees what is not ours
    GraphRule("class_names", class_names.rewrite),  # first: the others go by today's names
    GraphRule("cudnn_recurrent", cudnn_recurrent.rewrite),  # before masks, which go by class
    GraphRule("theano_kernels", theano_kernels.rewrite),  # kernels are as Keras stored them
    GraphRule("namesakes", namesakes.rewrite),  # before a default can stand in for a field
    GraphRule("integer_means", integer_means.rewrite),  # what passes integers on is still named
    GraphRule("integer_resizing", integer_resizing.rewrite),  # while dtypes are those of Keras
    GraphRule("given_masks", given_masks.rewrite),  # before masks become arguments
    GraphRule("risky_choices", risky_choices.rewrite),  # while all that feeds them is named
    GraphRule("implicit_masks", implicit_masks.rewrite),
    GraphRule("stale_masks", stale_masks.rewrite),  # looks for masks that are arguments by now
)
"""Rewrites of the whole model, run in this order before any layer is done."""

LAYER_RULES = (
    LayerRule("quantised_weights", quantised_weights.rewrite),  # before its weights are missed
    LayerRule("missing_weights", missing_weights.rewrite),  # before one reads them
    LayerRule("maxout_dense", maxout_dense.rewrite),  # before fields of Keras 1 are refused
    LayerRule("highway", highway.rewrite),  # before its activation is split off
    LayerRule("given_output_shape", given_output_shape.rewrite),
    LayerRule("directions", directions.rewrite),  # before those that know one layer for both
    LayerRule("recurrent_cells", recurrent_cells.rewrite),  # before those that know the layers
    LayerRule("input_layers", input_layers.rewrite),  # before dtypes, which leave inputs alone
    LayerRule("tf_operations", tf_operations.rewrite),  # one spelling for both Kerases
    LayerRule("compositions", compositions.rewrite),
    LayerRule("einsum", einsum.rewrite),
    LayerRule("layer_operations", layer_operations.rewrite),
    LayerRule("rearrangements", rearrangements.rewrite),
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
    LayerRule("companion_operations", companion_operations.rewrite),  # what the others leave
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
    LayerRule("masked_softmax", masked_softmax.rewrite),
    LayerRule("attention_arguments", attention_arguments.rewrite),  # before they are refused
    LayerRule("inference_identity", inference_identity.rewrite),  # ignores a `training` of Keras 3
    LayerRule("resizing", resizing.rewrite),  # ignores a `training` of Keras 3
    LayerRule(
        "call_arguments", call_arguments.rewrite, is_for_custom=True
    ),  # refuses what the node would lose
    LayerRule("single_input_merges", single_input_merges.rewrite),
    LayerRule("spectral_normalization", spectral_normalization.rewrite),  # sees raw parts
    LayerRule("time_distributed", time_distributed.rewrite),  # sees raw parts
    LayerRule("hard_sigmoid_gates", hard_sigmoid_gates.rewrite),  # before it is refused
    LayerRule("locally_connected", locally_connected.rewrite),  # its activation goes on to a Dense
    LayerRule("split_activations", split_activations.rewrite),  # before they are refused
    LayerRule("activation_formulas", activation_formulas.rewrite),
    LayerRule("activations", activations.rewrite),
    LayerRule("initializers", initializers.rewrite),
    LayerRule("regularizers", regularizers.rewrite),
    LayerRule("constraints", constraints.rewrite),
    LayerRule("attention_axes", attention_axes.rewrite),
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
    LayerRule("output_padding", output_padding.rewrite),  # before axes are added
    LayerRule("one_dimension", one_dimension.rewrite),
    LayerRule("global_pooling3d", global_pooling3d.rewrite),
    LayerRule("adaptive_pooling", adaptive_pooling.rewrite),
    LayerRule("conv3d_transpose", conv3d_transpose.rewrite),
    LayerRule("three_dimensions", three_dimensions.rewrite),
    LayerRule("interpolation", interpolation.rewrite),
    LayerRule("same_padding", same_padding.rewrite),  # of what is left to tfjs
    LayerRule("subtract", subtract.rewrite),
    LayerRule(
        "time_steps", time_steps.rewrite, needs_parts=True
    ),  # what takes one layer of tfjs is looped over
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

__all__ = [
    "FIRST_RULES",
    "GRAPH_RULES",
    "LAYER_RULES",
    "RULES",
    "Attempt",
    "Translated",
    "attempt_model",
    "translate_model",
]


def translate_model(graph: Graph, context: Context) -> Translated:
    """Return a model in tfjs's terms; ConversionError with every reason when it has none."""
    return attempt_model(graph, context).translated()


def attempt_model(graph: Graph, context: Context) -> Attempt:
    """Return how far the rules come with a model."""
    return attempt(graph, context, LAYER_RULES, GRAPH_RULES, FIRST_RULES)
