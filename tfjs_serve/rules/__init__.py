"""The rewrites between Keras's model and TensorFlow.js's: one file each, one visible order."""

from __future__ import annotations

from tfjs_serve.graph import Graph
from tfjs_serve.rewriting.engine import Attempt, Translated, attempt
from tfjs_serve.rewriting.rule import OPERATIONS, Context, GraphRule, LayerRule
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
    constant_kernels,
    constant_operations,
    constant_tables,
    constraints,
    conv3d_transpose,
    conv_lstm1d,
    conv_lstm3d,
    conv_lstm_backwards,
    cudnn_recurrent,
    custom_layers,
    custom_scale_layer,
    cuts,
    dilated_depthwise,
    directions,
    dot_normalize,
    dot_ranks,
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
    inner_activations,
    input_layers,
    int8_dense,
    integer_inputs,
    integer_means,
    integer_resizing,
    interpolation,
    joins,
    keepdims,
    known_values,
    layer_names,
    layer_normalization,
    layer_operations,
    layer_scale,
    leaky_relu,
    locally_connected,
    logic,
    lookups,
    lora,
    mask_makers,
    masked_extremes,
    masked_pooling,
    masked_products,
    masked_recurrent,
    masked_softmax,
    masked_steps,
    maxout_dense,
    missing_weights,
    multi_head_attention,
    namesakes,
    normalization,
    one_dimension,
    output_padding,
    own_lengths,
    paddings,
    pads,
    powers,
    prelu,
    products,
    quantised_weights,
    quotients,
    rearrangements,
    recurrent_cells,
    reductions,
    regularizers,
    relu,
    renorm,
    repeated_inputs,
    reshape,
    reshape_operations,
    resizing,
    reversible_embeddings,
    risky_choices,
    rms_normalization,
    rms_scaling,
    same_padding,
    shared_arguments,
    single_input_merges,
    softmax,
    spatial_dropout,
    spectral_normalization,
    split_activations,
    spread_kernels,
    stale_masks,
    stateful,
    subtract,
    tensor_operations,
    tf_operations,
    theano_kernels,
    three_dimensions,
    time_distributed,
    time_steps,
    uneven_masks,
    unit_normalization,
    unknown_croppings,
    weighted_counts,
    whole_numbers,
)

FIRST_RULES = (
    GraphRule("custom_layers", custom_layers.rewrite),  # before any other sees what is not ours
    GraphRule("class_names", class_names.rewrite),  # first: the others go by today's names
    GraphRule("cudnn_recurrent", cudnn_recurrent.rewrite),  # before masks, which go by class
    GraphRule("theano_kernels", theano_kernels.rewrite),  # kernels are as Keras stored them
    GraphRule("namesakes", namesakes.rewrite),  # before a default can stand in for a field
    GraphRule("whole_numbers", whole_numbers.rewrite),  # while dtypes are those of Keras
    GraphRule("own_lengths", own_lengths.rewrite),  # while functions have their names
    GraphRule("integer_means", integer_means.rewrite),  # what passes integers on is still named
    GraphRule("integer_resizing", integer_resizing.rewrite),  # while dtypes are those of Keras
    GraphRule("given_masks", given_masks.rewrite),  # before masks become arguments
    GraphRule("risky_choices", risky_choices.rewrite),  # while all that feeds them is named
    GraphRule("implicit_masks", implicit_masks.rewrite),
    # its Dense would hand a mask on
    GraphRule("reversible_embeddings", reversible_embeddings.rewrite),
    GraphRule("uneven_masks", uneven_masks.rewrite),  # once all masks are arguments
    GraphRule("stale_masks", stale_masks.rewrite),  # looks for masks that are arguments by now
)
"""Rewrites of the whole model, run in this order before any layer is done."""

LAYER_RULES = (
    LayerRule("quantised_weights", quantised_weights.rewrite),  # before its weights are missed
    LayerRule("missing_weights", missing_weights.rewrite),  # before one reads them
    # before fields of Keras 1 are refused
    LayerRule("maxout_dense", maxout_dense.rewrite, maxout_dense.CLASSES),
    LayerRule("highway", highway.rewrite, highway.CLASSES),  # before its activation is split off
    LayerRule("given_output_shape", given_output_shape.rewrite, given_output_shape.CLASSES),
    # before those that know one layer for both
    LayerRule("directions", directions.rewrite, directions.CLASSES),
    # before those that know the layers
    LayerRule("recurrent_cells", recurrent_cells.rewrite, recurrent_cells.CLASSES),
    # before dtypes, which leave inputs alone
    LayerRule("input_layers", input_layers.rewrite, input_layers.CLASSES),
    # one spelling for both Kerases
    LayerRule("tf_operations", tf_operations.rewrite, tf_operations.CLASSES),
    LayerRule("known_values", known_values.rewrite, OPERATIONS),  # before tensors are asked for
    LayerRule("constant_tables", constant_tables.rewrite, OPERATIONS),
    LayerRule("constant_kernels", constant_kernels.rewrite, OPERATIONS),
    LayerRule("compositions", compositions.rewrite, OPERATIONS),
    LayerRule("einsum", einsum.rewrite, OPERATIONS),
    LayerRule("layer_operations", layer_operations.rewrite, OPERATIONS),
    LayerRule("rearrangements", rearrangements.rewrite, OPERATIONS),
    # a Cast has a dtype of its own
    LayerRule("constant_operations", constant_operations.rewrite, OPERATIONS),
    LayerRule("tensor_operations", tensor_operations.rewrite, OPERATIONS),
    LayerRule("bounds", bounds.rewrite, OPERATIONS),
    LayerRule("powers", powers.rewrite, OPERATIONS),
    # after the constants, by which it is a product
    LayerRule("quotients", quotients.rewrite, OPERATIONS),
    LayerRule("activation_operations", activation_operations.rewrite, OPERATIONS),
    LayerRule("reductions", reductions.rewrite, OPERATIONS),
    LayerRule("reshape_operations", reshape_operations.rewrite, OPERATIONS),
    LayerRule("joins", joins.rewrite, OPERATIONS),
    LayerRule("cuts", cuts.rewrite, OPERATIONS),
    LayerRule("pads", pads.rewrite, OPERATIONS),
    LayerRule("products", products.rewrite, OPERATIONS),
    LayerRule("logic", logic.rewrite, OPERATIONS),
    # what the others leave
    LayerRule("companion_operations", companion_operations.rewrite, OPERATIONS),
    LayerRule("lora", lora.rewrite),  # before what it merges is refused
    # before policies and quantisation are refused
    LayerRule("int8_dense", int8_dense.rewrite, int8_dense.CLASSES),
    LayerRule("lookups", lookups.rewrite, lookups.CLASSES),  # have dtypes of their own
    LayerRule("dtype_policies", dtype_policies.rewrite),
    LayerRule("bookkeeping", bookkeeping.rewrite),
    LayerRule("conv_lstm_backwards", conv_lstm_backwards.rewrite, conv_lstm_backwards.CLASSES),
    LayerRule("conv_lstm1d", conv_lstm1d.rewrite, conv_lstm1d.CLASSES),
    LayerRule("conv_lstm3d", conv_lstm3d.rewrite, conv_lstm3d.CLASSES),
    LayerRule("flags", flags.rewrite),
    # before what is left is refused
    LayerRule("initial_states", initial_states.rewrite, initial_states.RECURRENT),
    LayerRule("mask_makers", mask_makers.rewrite, mask_makers.CLASSES),
    LayerRule("masked_pooling", masked_pooling.rewrite, masked_pooling.CLASSES),
    LayerRule("masked_products", masked_products.rewrite, masked_products.CLASSES),
    LayerRule("masked_extremes", masked_extremes.rewrite, masked_extremes.CLASSES),
    # before activations: sees raw parts
    LayerRule("gru_reset_after", gru_reset_after.rewrite, gru_reset_after.CLASSES),
    # after it, which has masks of its own
    LayerRule("masked_recurrent", masked_recurrent.rewrite, masked_recurrent.CLASSES),
    LayerRule("masked_steps", masked_steps.rewrite, masked_steps.CLASSES),
    LayerRule("masked_softmax", masked_softmax.rewrite, masked_softmax.CLASSES),
    # before they are refused
    LayerRule("attention_arguments", attention_arguments.rewrite, attention_arguments.CLASSES),
    LayerRule("weighted_counts", weighted_counts.rewrite, weighted_counts.CLASSES),
    # ignores a `training` of Keras 3
    LayerRule("inference_identity", inference_identity.rewrite, inference_identity.CLASSES),
    LayerRule("resizing", resizing.rewrite, resizing.CLASSES),  # ignores a `training` of Keras 3
    LayerRule(
        "call_arguments", call_arguments.rewrite, is_for_custom=True
    ),  # refuses what the node would lose
    LayerRule("single_input_merges", single_input_merges.rewrite, single_input_merges.MERGES),
    # sees raw parts
    LayerRule(
        "spectral_normalization", spectral_normalization.rewrite, spectral_normalization.CLASSES
    ),
    # sees raw parts
    LayerRule("time_distributed", time_distributed.rewrite, time_distributed.CLASSES),
    # before it is refused
    LayerRule("hard_sigmoid_gates", hard_sigmoid_gates.rewrite, hard_sigmoid_gates.GATES),
    # of what is left of them
    LayerRule("inner_activations", inner_activations.rewrite, inner_activations.CLASSES),
    # its activation goes on to a Dense
    LayerRule("locally_connected", locally_connected.rewrite, locally_connected.AXES),
    LayerRule("split_activations", split_activations.rewrite),  # before they are refused
    LayerRule("activation_formulas", activation_formulas.rewrite, activation_formulas.CLASSES),
    LayerRule("activations", activations.rewrite),
    LayerRule("initializers", initializers.rewrite),
    LayerRule("regularizers", regularizers.rewrite),
    LayerRule("constraints", constraints.rewrite),
    LayerRule("attention_axes", attention_axes.rewrite, attention_axes.CLASSES),
    # hands clean fields on
    LayerRule("multi_head_attention", multi_head_attention.rewrite, attention_arguments.HEADS),
    LayerRule("attention", attention.rewrite, attention_arguments.PLAIN),
    LayerRule("custom_scale_layer", custom_scale_layer.rewrite, custom_scale_layer.CLASSES),
    LayerRule("layer_scale", layer_scale.rewrite),
    LayerRule("normalization", normalization.rewrite, normalization.CLASSES),
    # its activation has a name by now
    LayerRule("einsum_dense", einsum_dense.rewrite, einsum_dense.CLASSES),
    LayerRule("category_encoding", category_encoding.rewrite, category_encoding.CLASSES),
    LayerRule("spatial_dropout", spatial_dropout.rewrite, spatial_dropout.AXES),
    LayerRule("relu", relu.rewrite, relu.CLASSES),
    LayerRule("elu", elu.rewrite, elu.CLASSES),
    LayerRule("leaky_relu", leaky_relu.rewrite, leaky_relu.CLASSES),
    LayerRule("prelu", prelu.rewrite, prelu.CLASSES),
    LayerRule("paddings", paddings.rewrite, paddings.FIELDS),
    LayerRule("flatten", flatten.rewrite, flatten.CLASSES),
    LayerRule("reshape", reshape.rewrite, reshape.CLASSES),
    LayerRule("axes", axes.rewrite, axes.AXIS_FIELDS),
    LayerRule("renorm", renorm.rewrite, renorm.CLASSES),
    LayerRule("softmax", softmax.rewrite, softmax.CLASSES),
    # axes count from the front
    LayerRule("batch_normalization", batch_normalization.rewrite, batch_normalization.CLASSES),
    # before its axes are joined
    LayerRule("rms_scaling", rms_scaling.rewrite, rms_scaling.CLASSES),
    LayerRule("layer_normalization", layer_normalization.rewrite, layer_normalization.CLASSES),
    LayerRule("group_normalization", group_normalization.rewrite, group_normalization.CLASSES),
    LayerRule("rms_normalization", rms_normalization.rewrite, rms_normalization.CLASSES),
    LayerRule("unit_normalization", unit_normalization.rewrite, unit_normalization.CLASSES),
    LayerRule("dot_normalize", dot_normalize.rewrite, dot_normalize.CLASSES),
    LayerRule("dot_ranks", dot_ranks.rewrite, dot_ranks.CLASSES),  # of what is normalized by now
    LayerRule("keepdims", keepdims.rewrite, keepdims.RANKS),
    # before channels_last: tfjs does transpose a Conv2D
    LayerRule("groups", groups.rewrite, groups.CLASSES),
    LayerRule("spread_kernels", spread_kernels.rewrite, spread_kernels.AXES),  # before the others
    # before channels_last
    LayerRule("dilated_depthwise", dilated_depthwise.rewrite, dilated_depthwise.CLASSES),
    # the others count on it
    LayerRule("channels_last", channels_last.rewrite, channels_last.SPATIAL_AXES),
    LayerRule("causal", causal.rewrite, causal.CLASSES),
    # before axes are added
    LayerRule("output_padding", output_padding.rewrite, output_padding.AXES),
    LayerRule("one_dimension", one_dimension.rewrite, one_dimension.CLASSES),
    LayerRule("global_pooling3d", global_pooling3d.rewrite, global_pooling3d.CLASSES),
    LayerRule("adaptive_pooling", adaptive_pooling.rewrite, adaptive_pooling.CLASSES),
    LayerRule("conv3d_transpose", conv3d_transpose.rewrite, conv3d_transpose.CLASSES),
    LayerRule("three_dimensions", three_dimensions.rewrite, three_dimensions.CLASSES),
    LayerRule("unknown_croppings", unknown_croppings.rewrite, unknown_croppings.CLASSES),
    LayerRule("interpolation", interpolation.rewrite, interpolation.CLASSES),
    # of what is left to tfjs
    LayerRule("same_padding", same_padding.rewrite, same_padding.WINDOWS),
    LayerRule("subtract", subtract.rewrite, subtract.CLASSES),
    LayerRule(
        "time_steps", time_steps.rewrite, time_steps.CLASSES, needs_parts=True
    ),  # what takes one layer of tfjs is looped over
    LayerRule(
        "bidirectional", bidirectional.rewrite, bidirectional.CLASSES, needs_parts=True
    ),  # compares parts that are clean by now
)
"""Rewrites of single layers, run on each one in this order, wrapped layers first.

Each with the classes it is for, which it is offered alone; all where it names none.
"""

GRAPH_RULES = (
    GraphRule("repeated_inputs", repeated_inputs.rewrite),  # lowerings repeat inputs, too
    GraphRule("boundaries", boundaries.rewrite),
    GraphRule("integer_inputs", integer_inputs.rewrite),
    GraphRule("stateful", stateful.rewrite),  # while a layer has all its outputs
    GraphRule("shared_arguments", shared_arguments.rewrite),
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
