"""A GRU with reset_after as the layer of the companion module, over any number of steps."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.layers_format.catalog.companion import GRU
from tfjs_serve.lowering.unroll import Way


def looped(
    gru: Layer, name: str, inputs: Sequence[TensorRef], mask: TensorRef | None, way: Way
) -> Layer:
    """Return the layer called `name` that computes `gru`.

    inputs: the sequence, and the initial state if there is one; mask: zeros and ones [batch, T].
    """
    config = {
        **gru.config,
        "go_backwards": way.is_reversed,
        "is_turned": way.is_turned,
        "zero_output_for_mask": way.is_zeroed,
        "has_mask": mask is not None,
    }
    given = (*inputs, *(() if mask is None else (mask,)))
    call = Call(given if len(given) == 1 else (given,))
    return Layer(name, GRU, config, (call,), gru.weights)
