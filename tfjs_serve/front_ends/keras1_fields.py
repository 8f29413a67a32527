"""What the fields of Keras 1 layers are called in Keras 2, and how their values are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

RENAMED: Mapping[str, str] = {
    "output_dim": "units",
    "nb_filter": "filters",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
    "p": "rate",
    "sigma": "stddev",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "stride": "strides",
    "filter_length": "kernel_size",
    "pool_length": "pool_size",
    "length": "size",
    "atrous_rate": "dilation_rate",
    "dim_ordering": "data_format",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "consume_less": "implementation",
    "forget_bias_init": "unit_forget_bias",
}

EMBEDDING = {
    "init": "embeddings_initializer",
    "W_regularizer": "embeddings_regularizer",
    "W_constraint": "embeddings_constraint",
    "output_dim": "output_dim",
}
RENAMED_IN: Mapping[str, Mapping[str, str]] = {
    "Embedding": EMBEDDING,
    "PReLU": {"init": "alpha_initializer"},
    "SeparableConvolution2D": {"init": "depthwise_initializer"},
}
"""Fields that have another name in one class."""

UNCHANGED = ("Highway", "Lambda", "MaxoutDense", "ParametricSoftplus", "SReLU")
"""Classes that Keras 2 has no more, or keeps with their old fields (keras/legacy/layers.py)."""

KERNEL_SIZES = (("kernel_dim1", "kernel_dim2", "kernel_dim3"), ("nb_row", "nb_col"))
"""Lengths of a kernel that are fields of their own, in the order of `kernel_size`."""

INITIALIZERS: Mapping[str, Any] = {
    "zero": "zeros",
    "one": "ones",
    "uniform": {"class_name": "RandomUniform", "config": {"minval": -0.05, "maxval": 0.05}},
    "normal": {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.05}},
}
"""Initializers by names that Keras 2 has no more (initializations.py); the others stay."""

DATA_FORMATS = {"tf": "channels_last", "th": "channels_first"}
IMPLEMENTATIONS = {"cpu": 0, "mem": 1, "gpu": 2}

REGULARIZERS = {"L1L2Regularizer": "L1L2", "WeightRegularizer": "L1L2"}
CONSTRAINTS = {"m": "max_value", "low": "min_value", "high": "max_value"}


def modern_fields(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a layer with the field names and values of Keras 2."""
    if class_name in UNCHANGED:
        return _with_dtype(class_name, dict(config))
    own = RENAMED_IN.get(class_name, {})
    fields: dict[str, Any] = {}
    for key, value in config.items():
        name = own.get(key, RENAMED.get(key, key))
        fields[name] = VALUES[key](value) if key in VALUES else value
    for lengths in KERNEL_SIZES:
        if all(name in fields for name in lengths):
            fields["kernel_size"] = [fields.pop(name) for name in lengths]
    if class_name == "Embedding":
        fields.pop("dropout", None)  # Of whole words, while training.
    else:
        fields.pop("input_dim", None)
        fields.pop("input_length", None)
    if class_name.startswith("ZeroPadding") and isinstance(fields.get("padding"), dict | list):
        fields["padding"] = _pads(fields["padding"])
    if class_name == "BatchNormalization" and fields.get("mode") == 0:
        fields = {**fields, "scale": True, "center": True}
        del fields["mode"]
    return _with_dtype(class_name, fields)


def _with_dtype(class_name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields in which `input_dtype` is a dtype, where it says something."""
    dtype = fields.pop("input_dtype", None) or "float32"
    if class_name == "InputLayer" or (dtype != "float32" and class_name != "Embedding"):
        fields["dtype"] = dtype
    return fields


def _named(names: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return what gives a name its value in Keras 2; anything else stays."""
    return lambda value: names.get(value, value) if isinstance(value, str) else value


def _object(names: Mapping[str, str], keys: Mapping[str, str]) -> Callable[[Any], Any]:
    """Return what turns `{"name": class, **fields}` into class_name and config."""

    def serialized(value: Any) -> Any:
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            return value
        config = {keys.get(key, key): item for key, item in value.items() if key != "name"}
        return {"class_name": names.get(value["name"], value["name"]), "config": config}

    return serialized


def _pads(value: Any) -> Any:
    """Return pads by side; a list of two is left, as it means the same in both."""
    if isinstance(value, Mapping):
        if set(value) <= {"left_pad", "right_pad"}:
            return [value.get("left_pad", 0), value.get("right_pad", 0)]
        sides = ("top_pad", "bottom_pad", "left_pad", "right_pad")
        return _pads([value.get(side, 0) for side in sides])
    return [value[:2], value[2:]] if len(value) == 4 else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


_REGULARIZER = _object(REGULARIZERS, {})
_CONSTRAINT = _object({}, CONSTRAINTS)

VALUES: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("init", "inner_init"), _named(INITIALIZERS)),
    **dict.fromkeys(
        (
            *("W_regularizer", "U_regularizer", "b_regularizer", "activity_regularizer"),
            *("gamma_regularizer", "beta_regularizer"),
            *("depthwise_regularizer", "pointwise_regularizer"),
        ),
        _REGULARIZER,
    ),
    **dict.fromkeys(
        ("W_constraint", "b_constraint", "depthwise_constraint", "pointwise_constraint"),
        _CONSTRAINT,
    ),
    **dict.fromkeys(
        ("filter_length", "subsample_length", "pool_length", "stride", "atrous_rate"), _listed
    ),
    "dim_ordering": _named(DATA_FORMATS),
    "consume_less": _named(IMPLEMENTATIONS),
    "forget_bias_init": lambda value: value == "one",
}
"""How a value is written in Keras 2, by the old name of its field."""
