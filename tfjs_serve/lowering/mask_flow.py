"""How Keras hands masks from layer to layer: what makes, keeps, merges and reads them.

Source: `compute_mask` and `supports_masking` of keras/src/layers in 2.15 and 3.15. A mask is a
tensor [batch, T] that rides on a sequence; `Lost` is one whose way we do not follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from tfjs_serve.graph import OPERATION_PREFIX, Call, Graph, Layer, TensorRef

RECURRENT = frozenset(
    (
        *("SimpleRNN", "GRU", "LSTM", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        *("UnifiedGRU", "UnifiedLSTM", "CuDNNGRU", "CuDNNLSTM"),
    )
)

READERS = RECURRENT | {"Bidirectional", "GlobalAveragePooling1D"}
"""Layers with an argument `mask` that changes what they compute."""

IGNORANT = frozenset({"BatchNormalization", "TimeDistributed"})
"""Layers with an argument `mask` that changes nothing at inference, around what reads none."""

QUERIES = frozenset({"Attention", "AdditiveAttention"})

HEADS = frozenset({"MultiHeadAttention", "GroupedQueryAttention", "GroupQueryAttention"})

KEEPERS = frozenset(
    (
        *("Dense", "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU", "Softmax"),
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
        *("GaussianDropout", "GaussianNoise", "ActivityRegularization", "TimeDistributed"),
        *("BatchNormalizationV1", "BatchNormalizationV2"),
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"),
    )
)
"""Layers whose output has the mask of their input."""

KEEPERS_OF_KERAS3 = frozenset({"Rescaling", "Normalization", "Identity"})

MERGERS = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})

PICKY = frozenset({"Multiply", "Maximum", "Minimum"})
"""Mergers of Keras 3 that take only what masks let through (layers/merging/base_merge.py)."""

TRUTHS = frozenset({"NotEqual", "Any", "LogicalOr", "LogicalAnd", "LogicalNot"})
"""Operations that make zeros and ones."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A mask that is there in Keras, but whose way we do not follow.

    model: the nested model in which its way could be followed, if that were written out.
    """

    why: str
    model: str | None = None


Mask: TypeAlias = TensorRef | Lost | None


@dataclass(frozen=True, slots=True)
class Merged:
    """A mask made of several by `LogicalAnd` or `LogicalOr`."""

    operation: str
    masks: tuple[TensorRef, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The masks of tensors joined along the axis of time; one without a mask counts throughout."""

    parts: tuple[tuple[TensorRef, TensorRef | None], ...]


@dataclass(frozen=True, slots=True)
class Reduced:
    """A mask [batch, T, steps], of which each of T counts where any of its steps does."""

    mask: TensorRef


EMBEDDINGS = ("Embedding", "ReversibleEmbedding")


def makes_mask(layer: Layer) -> bool:
    """Tell whether a layer gives its output a mask of its own."""
    return layer.class_name == "Masking" or (
        layer.class_name in EMBEDDINGS and bool(layer.config.get("mask_zero"))
    )


def is_reverse(call: Call) -> bool:
    """Tell whether a ReversibleEmbedding is called on the way back, where any mask ends."""
    return call.kwargs.get("reverse", (*call.args, None)[1] if call.args else None) is True


def outgoing(
    layer: Layer, call: Call, masks: Sequence[Mask], generation: int
) -> tuple[Mask | Merged | Joined | Reduced, ...]:
    """Return the masks of a call's outputs, in order; those beyond the end have none.

    masks: of the tensors of `call.inputs`.
    """
    first = masks[0] if masks else None
    name = layer.class_name
    if layer.is_custom and any(masks):
        # Whether it keeps a mask stands in its Python code; more outputs than that nobody has.
        return (Lost("a mask that goes through a custom layer"),) * len(call.shapes)
    if name in RECURRENT:
        return (first,) if layer.config.get("return_sequences") else ()
    if name == "Bidirectional":
        is_sequence = "layer" in layer.parts and layer.parts["layer"].config.get("return_sequences")
        count = 2 if layer.config.get("merge_mode", "concat") is None else 1
        return (first,) * count if is_sequence else ()
    if name == "TimeDistributed" and isinstance(first, TensorRef):
        return (_of_steps(layer, first, generation),)
    if name in QUERIES or name in HEADS or name in KEEPERS:
        return (first,)
    if generation >= 3 and name in KEEPERS_OF_KERAS3:
        return (first,)
    if name == "SpectralNormalization" and "layer" in layer.parts:
        # What it returns is the tensor that the layer inside gave a mask.
        return outgoing(layer.parts["layer"], call, masks, generation)
    if name in MERGERS or name == "Concatenate":
        return (_merged(layer, call, masks, generation),)
    if layer.graph is not None and any(masks):
        lost = Lost("a mask that goes through a nested model", layer.name)
        return (lost,) * len(layer.graph.outputs)
    return ()


def _of_steps(layer: Layer, mask: TensorRef, generation: int) -> Mask | Reduced:
    """Return the mask of the output of a TimeDistributed, whose input has one [batch, T, steps].

    Keras 2 asks the layer inside what it keeps; Keras 3 hands the mask on as it is.
    """
    inner = next((part.parts.get("layer", part) for part in layer.parts.values()), layer)
    if inner.class_name not in RECURRENT or inner.config.get("return_sequences"):
        return mask
    if generation >= 3:
        return Lost("a mask of more axes than the output of TimeDistributed has")
    return Reduced(mask)


def _merged(
    layer: Layer, call: Call, masks: Sequence[Mask], generation: int
) -> Mask | Merged | Joined:
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    lost = next((mask for mask in given if isinstance(mask, Lost)), None)
    axis = layer.config.get("axis", -1) if layer.class_name == "Concatenate" else -1
    # A mask [B, T, 1] is joined along the same axis (keras/src/layers/merging/concatenate.py).
    if axis in (1, -2) and lost is None:
        pairs = zip(call.inputs, masks, strict=True)
        return Joined(tuple((x, m if isinstance(m, TensorRef) else None) for x, m in pairs))
    if not (axis == -1 or axis > 1):
        return lost or Lost("masks joined in time")
    if generation >= 3 and len(given) < len(masks):
        # One that lets everything through, which is none in effect.
        return None
    if lost is not None:
        return lost
    tensors = [mask for mask in dict.fromkeys(given) if isinstance(mask, TensorRef)]
    if len(tensors) == 1:
        return tensors[0]
    return Merged("LogicalOr" if generation >= 3 else "LogicalAnd", tuple(tensors))


def pruned(graph: Graph) -> Graph:
    """Return a graph without the operations on masks that nothing reads."""
    layers = list(graph.layers)
    while True:
        used = {ref.layer for layer in layers for call in layer.calls for ref in call.needs}
        used |= {ref.layer for ref in graph.outputs}
        left = [
            layer
            for layer in layers
            if layer.name in used or not layer.class_name.startswith(OPERATION_PREFIX)
        ]
        if len(left) == len(layers):
            return replace(graph, layers=tuple(left))
        layers = left
