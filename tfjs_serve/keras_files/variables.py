"""The variables Keras makes for a layer, by class: their roles, in the order it makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Config: TypeAlias = Mapping[str, Any]

RECURRENT = (("kernel", None), ("recurrent_kernel", None), ("bias", "use_bias"))

Switch: TypeAlias = str | Callable[[Config], bool] | None
"""What tells whether a layer has a variable: a field that is true, or a look at its config."""


def _has_low_rank(config: Config) -> bool:
    return config.get("lora_rank") is not None


def _is_int8(config: Config) -> bool:
    """Tell whether the dtype policy quantises weights to whole bytes."""
    dtype = config.get("dtype")
    if not isinstance(dtype, Mapping) or dtype.get("class_name") != "QuantizedDTypePolicy":
        return False
    policy = dtype.get("config")
    return isinstance(policy, Mapping) and policy.get("mode") == "int8"


LOW_RANK = (("lora_kernel_a", _has_low_rank), ("lora_kernel_b", _has_low_rank))
KERNEL_AND_BIAS: tuple[tuple[str, Switch], ...] = (
    *(("kernel", None), ("bias", "use_bias")),
    *LOW_RANK,
)


def _is_adapted(config: Config) -> bool:
    """Tell whether a Normalization has statistics of its own, not those of its config."""
    return config.get("mean") is None


RENORM = ("moving_stddev", "renorm_mean", "renorm_stddev")
"""What batch renormalization adds, for training alone."""


def _has_renorm(config: Config) -> bool:
    return bool(config.get("renorm", False))


def _has_frequencies(config: Config) -> bool:
    """Tell whether an IntegerLookup weighs its tokens; both spellings are Keras's."""
    return config.get("output_mode") in ("tf_idf", "tf-idf")


def _scales_only(config: Config) -> bool:
    return bool(config.get("rms_scaling", False))


def _has_gate(config: Config) -> bool:
    return bool(config.get("use_gate", False))


ATTENTION_HEADS: tuple[tuple[str, Switch], ...] = (
    *(("query/kernel", None), ("query/bias", "use_bias")),
    *(("key/kernel", None), ("key/bias", "use_bias")),
    ("gate/kernel", _has_gate),
    ("gate/bias", lambda config: _has_gate(config) and config.get("use_bias", True)),
    *(("value/kernel", None), ("value/bias", "use_bias")),
    *(("attention_output/kernel", None), ("attention_output/bias", "use_bias")),
)

VARIABLES: Mapping[str, tuple[tuple[str, Switch], ...]] = {
    **dict.fromkeys(
        (
            *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose"),
            *("Conv3DTranspose", "LocallyConnected1D", "LocallyConnected2D"),
        ),
        KERNEL_AND_BIAS,
    ),
    **dict.fromkeys(
        ("DepthwiseConv1D", "DepthwiseConv2D"), (("depthwise_kernel", None), ("bias", "use_bias"))
    ),
    **dict.fromkeys(
        ("SeparableConv1D", "SeparableConv2D"),
        (("depthwise_kernel", None), ("pointwise_kernel", None), ("bias", "use_bias")),
    ),
    **dict.fromkeys(
        (
            *("SimpleRNN", "GRU", "LSTM", "UnifiedGRU", "UnifiedLSTM", "CuDNNGRU", "CuDNNLSTM"),
            *("SimpleRNNCell", "GRUCell", "LSTMCell"),
            *("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        ),
        RECURRENT,
    ),
    "Dense": (*KERNEL_AND_BIAS, ("kernel_scale", _is_int8)),
    "Embedding": (
        ("embeddings", None),
        *(("lora_embeddings_a", _has_low_rank), ("lora_embeddings_b", _has_low_rank)),
    ),
    "ReversibleEmbedding": (
        ("embeddings", None),
        ("reverse_embeddings", lambda config: not config.get("tie_weights", True)),
        *(("lora_embeddings_a", _has_low_rank), ("lora_embeddings_b", _has_low_rank)),
    ),
    "PReLU": (("alpha", None),),
    **dict.fromkeys(
        (
            *("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2"),
            "BatchNormalizationFused",
        ),
        (
            *(("gamma", "scale"), ("beta", "center")),
            *(("moving_mean", None), ("moving_variance", None)),
            *((role, _has_renorm) for role in RENORM),
        ),
    ),
    "GroupNormalization": (("gamma", "scale"), ("beta", "center")),
    # keras/src/layers/normalization/layer_normalization.py, build.
    "LayerNormalization": (
        ("gamma", lambda config: config.get("scale", True) or _scales_only(config)),
        ("beta", lambda config: config.get("center", True) and not _scales_only(config)),
    ),
    "EinsumDense": (
        ("kernel", None),
        ("bias", lambda config: config.get("bias_axes") is not None),
        *LOW_RANK,
    ),
    "RMSNormalization": (("scale", None),),
    "Normalization": (
        *(("mean", _is_adapted), ("variance", _is_adapted)),
        ("count", _is_adapted),
    ),
    "SpectralNormalization": (("vector_u", None),),
    **dict.fromkeys(("LayerScale", "Custom>LayerScale"), (("gamma", None),)),
    **dict.fromkeys(("MultiHeadAttention", "GroupedQueryAttention"), ATTENTION_HEADS),
    "Attention": (
        ("scale", "use_scale"),
        ("concat_score_weight", lambda config: config.get("score_mode") == "concat"),
    ),
    "AdditiveAttention": (("scale", "use_scale"),),
    # Of Keras 1 and, under the same names, of Keras 2 until 2.3 (keras/legacy/layers.py).
    "MaxoutDense": (("W", None), ("b", "bias")),
    "Highway": (("W", None), ("W_carry", None), ("b", "bias"), ("b_carry", "bias")),
}
"""Variables of a class in the order Keras makes them, each with what may omit it.

A variable of a layer inside another one is `<inner layer>/<variable>`.
"""

SPARE: Mapping[str, tuple[tuple[str, Switch], ...]] = {
    "IntegerLookup": (("idf_weights", _has_frequencies),)
}
"""Variables of a class that its config may hold, too; Keras 3 writes them into no `.h5`.

Source: keras/src/layers/preprocessing/index_lookup.py, `save_own_variables`.
"""

NEVER_TRAINED = frozenset(
    {
        "moving_mean",
        "moving_variance",
        *RENORM,
        "mean",
        "variance",
        "count",
        "vector_u",
        "idf_weights",
    }
)


def roles(class_name: str, config: Config) -> Iterator[str]:
    """Yield the roles of the variables a layer of this class and config has."""
    return _switched_on(VARIABLES, class_name, config)


def all_roles(class_name: str, config: Config) -> Iterator[str]:
    """Yield the roles of those variables and of the spare ones, which a file need not hold."""
    yield from roles(class_name, config)
    yield from _switched_on(SPARE, class_name, config)


def _switched_on(
    table: Mapping[str, tuple[tuple[str, Switch], ...]], class_name: str, config: Config
) -> Iterator[str]:
    for role, switch in table.get(class_name, ()):
        if _is_on(switch, config):
            yield role


def _is_on(switch: Switch, config: Config) -> bool:
    """Tell whether a layer has a variable with this switch."""
    if callable(switch):
        return switch(config)
    return switch is None or bool(config.get(switch, True))
