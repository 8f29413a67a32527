"""What random models are made of: layers and operations with random values of their fields.

Values are drawn without regard to whether Keras takes them on a given tensor: the oracle tells, and
what it refuses is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st

Fields: TypeAlias = Mapping[str, st.SearchStrategy[Any]]

ACTIVATIONS = st.sampled_from(
    [
        *("linear", "relu", "relu6", "sigmoid", "tanh", "softplus", "softsign", "softmax", "selu"),
        *("elu", "gelu", "swish", "hard_sigmoid", "exponential", "leaky_relu", "log_softmax"),
    ]
)
FLAG = st.booleans()
UNITS = st.integers(1, 4)
PADDING = st.sampled_from(["valid", "same"])
ORDER = st.sampled_from(["channels_last", "channels_first"])


@dataclass(frozen=True, slots=True)
class Choice:
    """A class, its fields, how many tensors it is called on, and the ranks it is offered."""

    class_name: str
    fields: Fields
    inputs: tuple[int, int] = (1, 1)
    ranks: tuple[int, ...] = (2, 3, 4)


def _pair(low: int, high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(low, high), min_size=2, max_size=2)


def _axis(rank: int = 4) -> st.SearchStrategy[int]:
    return st.integers(-1, rank - 1).filter(lambda axis: axis != 0)


_CONV = {"kernel_size": st.integers(1, 3), "strides": st.integers(1, 2), "padding": PADDING}
_CONV |= {"activation": ACTIVATIONS, "use_bias": FLAG}
_POOL = {"pool_size": st.integers(1, 3), "strides": st.integers(1, 2), "padding": PADDING}
_RECURRENT: Fields = {
    "units": UNITS,
    "return_sequences": FLAG,
    "go_backwards": FLAG,
    "use_bias": FLAG,
    "activation": st.sampled_from(["tanh", "relu", "sigmoid"]),
}
_GATED: Fields = {
    **_RECURRENT,
    "recurrent_activation": st.sampled_from(["sigmoid", "hard_sigmoid"]),
}


def _wrapped(name: str, fields: Fields) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(dict(fields)).map(lambda config: {"class": name, "config": config})


_GRU = {**_GATED, "reset_after": FLAG}
_DIRECTED = st.one_of(
    *(
        _wrapped(name, {key: value for key, value in fields.items() if key != "go_backwards"})
        for name, fields in (("LSTM", _GATED), ("GRU", _GRU), ("SimpleRNN", _RECURRENT))
    )
)

LAYERS = (
    Choice("Dense", {"units": UNITS, "activation": ACTIVATIONS, "use_bias": FLAG}),
    Choice("Activation", {"activation": ACTIVATIONS}),
    Choice("ReLU", {"max_value": st.none() | st.just(1.5), "negative_slope": st.just(0.25)}),
    Choice("ELU", {"alpha": st.sampled_from([1.0, 0.5])}),
    Choice("PReLU", {}),
    Choice("Softmax", {"axis": _axis()}),
    Choice("Dropout", {"rate": st.just(0.5)}),
    Choice("GaussianNoise", {"stddev": st.just(0.5)}),
    Choice("Flatten", {}),
    Choice("RepeatVector", {"n": st.integers(1, 4)}, ranks=(2,)),
    Choice("Permute", {"dims": st.permutations([1, 2])}, ranks=(3,)),
    Choice("Permute", {"dims": st.permutations([1, 2, 3])}, ranks=(4,)),
    Choice("BatchNormalization", {"axis": _axis(), "center": FLAG, "scale": FLAG}),
    Choice("LayerNormalization", {"axis": _axis(), "center": FLAG, "scale": FLAG}),
    Choice("UnitNormalization", {}),
    Choice("GroupNormalization", {"groups": st.integers(1, 3)}, ranks=(3, 4)),
    Choice("Rescaling", {"scale": st.just(0.5), "offset": st.sampled_from([0.0, 1.0])}),
    Choice("Conv1D", {**_CONV, "filters": UNITS, "groups": st.integers(1, 2)}, ranks=(3,)),
    Choice("Conv1D", {"filters": UNITS, "kernel_size": UNITS, "padding": st.just("causal")}),
    Choice("SeparableConv1D", {**_CONV, "filters": UNITS}, ranks=(3,)),
    Choice("Conv1DTranspose", {**_CONV, "filters": UNITS}, ranks=(3,)),
    Choice("Conv2D", {**_CONV, "filters": UNITS}, ranks=(4,)),
    # Keras 3 on tensorflow adds a bias to the last axis when that is as long as the channels.
    Choice(
        "Conv2D",
        {**_CONV, "filters": UNITS, "data_format": ORDER, "use_bias": st.just(False)},
        ranks=(4,),
    ),
    Choice("Conv2D", {"filters": UNITS, "kernel_size": UNITS, "dilation_rate": _pair(1, 2)}),
    Choice("DepthwiseConv2D", {**_CONV, "depth_multiplier": st.integers(1, 2)}, ranks=(4,)),
    Choice("SeparableConv2D", {**_CONV, "filters": UNITS}, ranks=(4,)),
    Choice("Conv2DTranspose", {**_CONV, "filters": UNITS}, ranks=(4,)),
    Choice("MaxPooling1D", _POOL, ranks=(3,)),
    Choice("AveragePooling1D", _POOL, ranks=(3,)),
    Choice("MaxPooling2D", {**_POOL, "data_format": ORDER}, ranks=(4,)),
    Choice("AveragePooling2D", {**_POOL, "data_format": ORDER}, ranks=(4,)),
    Choice("GlobalAveragePooling1D", {"keepdims": FLAG}, ranks=(3,)),
    Choice("GlobalMaxPooling1D", {"keepdims": FLAG}, ranks=(3,)),
    Choice("GlobalAveragePooling2D", {"keepdims": FLAG}, ranks=(4,)),
    Choice("GlobalMaxPooling2D", {"keepdims": FLAG}, ranks=(4,)),
    Choice("UpSampling1D", {"size": st.integers(1, 2)}, ranks=(3,)),
    Choice("UpSampling2D", {"interpolation": st.sampled_from(["nearest", "bilinear"])}, ranks=(4,)),
    Choice("ZeroPadding1D", {"padding": _pair(0, 2)}, ranks=(3,)),
    Choice("ZeroPadding2D", {"padding": _pair(0, 2)}, ranks=(4,)),
    Choice("Cropping1D", {"cropping": _pair(0, 1)}, ranks=(3,)),
    Choice("Cropping2D", {"cropping": _pair(0, 1)}, ranks=(4,)),
    Choice("Masking", {"mask_value": st.sampled_from([0.0, 1.0])}, ranks=(3,)),
    Choice("LSTM", _GATED, ranks=(3,)),
    Choice("GRU", _GRU, ranks=(3,)),
    Choice("SimpleRNN", _RECURRENT, ranks=(3,)),
    Choice(
        "Bidirectional",
        {"layer": _DIRECTED, "merge_mode": st.sampled_from(["concat", "sum", "mul", "ave"])},
        ranks=(3,),
    ),
    Choice(
        "TimeDistributed", {"layer": _wrapped("Dense", {"units": UNITS, "activation": ACTIVATIONS})}
    ),
    Choice("Add", {}, (2, 3)),
    Choice("Subtract", {}, (2, 2)),
    Choice("Multiply", {}, (2, 3)),
    Choice("Average", {}, (2, 2)),
    Choice("Maximum", {}, (2, 2)),
    Choice("Concatenate", {"axis": _axis()}, (2, 3)),
    Choice("Dot", {"axes": st.integers(1, 2), "normalize": FLAG}, (2, 2), ranks=(2, 3)),
    Choice("Attention", {"use_scale": FLAG}, (2, 3), ranks=(3,)),
)

OPERATIONS = (
    Choice("ops.add", {}, (2, 2)),
    Choice("ops.subtract", {}, (2, 2)),
    Choice("ops.multiply", {}, (2, 2)),
    Choice("ops.maximum", {}, (2, 2)),
    Choice("ops.abs", {}),
    Choice("ops.tanh", {}),
    Choice("ops.square", {}),
)
