"""Custom classes: which ones a user allows, what they are called in tfjs, what they hold.

tfjs turns every text of a model.json but names into camel case before it looks a class up
(utils/serialization_utils.ts, `convertPythonicToTs`), so the name of a class is in camel case too.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tfjs_serve.config.options import KEEPS_SHAPE
from tfjs_serve.graph import Config, Layer
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.objects import TFJS_INITIALIZERS
from tfjs_serve.rewriting.keras_classes import KERAS_CLASSES
from tfjs_serve.visible import cut

LAMBDA = "Lambda"

LOOPS = ("TimeDistributed",)
"""Wrappers whose layer may be of a class that the page registers."""

_OTHERS = frozenset(
    (
        *("Model", "Functional", "Sequential", "L1L2", "MaxNorm", "UnitNorm", "NonNeg"),
        *("MinMaxNorm", "RandomSeed", "BaseRandomLayer", "CustomInit", "SeparableConv"),
        *("ConvRNN2D", "ConvLSTM2DCell", "PositionEmbedding", "TransformerDecoder", "Backbone"),
        *("GenerativeTask", "GPT2Backbone", "GPT2CausalLM", "GPT2CausalLMPreprocessor"),
        *("GPT2Preprocessor", "Preprocessor", "Task", "StartEndPacker", "BytePairTokenizer"),
        *("PipelineModel", "gelu_new", "SGD", "Adam", "Adamax", "Adagrad", "Adadelta", "RMSProp"),
        *("Momentum", "elu", "selu", "relu", "relu6", "linear", "sigmoid", "hardSigmoid"),
        *("softplus", "softsign", "tanh", "softmax", "logSoftmax", "gelu", "mish", "swish"),
    )
)
"""What tfjs 4.22 registers beside the layers of Keras: one table holds all (serialization.ts)."""

TAKEN = KERAS_CLASSES | CATALOG.keys() | TFJS_INITIALIZERS.keys() | _OTHERS

_VALUE_CHARACTERS, _CONFIG_CHARACTERS = 40, 160
_OF_EVERY_LAYER = frozenset(
    (
        *("trainable", "dtype", "autocast", "activity_regularizer"),
        *("batch_input_shape", "batch_shape"),
    )
)
"""Fields of Keras's Layer itself, which tfjs needs none of, or throws at (engine/topology.ts)."""


def camel_case(text: str) -> str:
    """Return a text as tfjs turns it (utils/generic_utils.ts, `toCamelCase`)."""
    if len(text) <= 1:
        return text
    return re.sub(r"_+(\w|$)", lambda match: match.group(1).upper(), text)


def bare_name(class_name: str) -> str:
    """Return the name of a class without the package or module it comes from."""
    return class_name.rpartition(">")[2]


def is_allowed(class_name: str, allowed: Collection[str]) -> bool:
    """Tell whether a class is among those that a user names, with or without its package.

    A name as the page registers it (`registered_names`) is understood, too.
    """
    bare = bare_name(class_name)
    names = {class_name, bare} if ">" in class_name else {bare, f"Custom>{bare}"}
    plain = {camel_case(name.removesuffix(KEEPS_SHAPE)) for name in allowed}
    return not plain.isdisjoint(map(camel_case, names))


def keeps_shape(class_name: str, allowed: Collection[str]) -> bool:
    """Tell whether a user says of a class that it returns the shape of its input."""
    return is_allowed(class_name, [name for name in allowed if name.endswith(KEEPS_SHAPE)])


def advice(class_name: str) -> str:
    """Return what a user can do about a layer of a custom class."""
    return (
        "write it in JavaScript (tfjs-serve stub begins it) and pass "
        f"--allow-custom {bare_name(class_name)}, or replace it by built-in layers"
    )


ADVICE_INSIDE = "call it outside of that layer, or replace it by built-in layers"
"""What a user can do about a custom class inside a wrapper that is none of `LOOPS`."""


def shape_advice(class_name: str) -> str:
    """Return what a user can do about a layer whose shape is not told."""
    return (
        f"pass --allow-custom {shlex.quote(class_name + KEEPS_SHAPE)} if that layer returns the "
        "shape of its input, or build the model as a functional one of Keras 3, whose file tells "
        "shapes"
    )


def registered_names(class_names: Iterable[str]) -> dict[str, str]:
    """Return the `className` in JavaScript of each custom class of a model.

    It is the bare name, unless Keras, tfjs or another class of the model has the same: then it is
    the whole name, `package>Name`, or `Custom>Name` for a class that was never registered.
    """
    found = {name: camel_case(bare_name(name)) for name in dict.fromkeys(class_names)}
    counts = Counter(found.values())
    for name, short in found.items():
        if counts[short] > 1 or short in TAKEN:
            found[name] = camel_case(name) if ">" in name else f"Custom>{short}"
    return found


def own_config(layer: Layer) -> Config:
    """Return the config of a custom layer as a page gets it, without anything that is code.

    A Lambda keeps the name of its function (None for a lambda) and its arguments.
    """
    trainable = {"trainable": layer.config.get("trainable", True)}
    if layer.class_name == LAMBDA:
        arguments = layer.config.get("arguments") or {}
        return {**trainable, "function": function_name(layer.config), "arguments": arguments}
    own = {key: item for key, item in layer.config.items() if key not in _OF_EVERY_LAYER}
    return {**trainable, **own}


def function_name(config: Config) -> str | None:
    """Return what the function of a Lambda is called; None for one without a name."""
    value = config.get("function")
    if isinstance(value, Mapping):
        value = value.get("class_name")
    return value if isinstance(value, str) and value != "__lambda__" else None


def in_words(layer: Layer) -> str:
    """Return what the config of a custom layer holds, long values cut."""
    if layer.class_name == LAMBDA:
        name = function_name(layer.config)
        return "a lambda without a name" if name is None else f"function {name!r}"
    fields = {key: item for key, item in layer.config.items() if key not in _OF_EVERY_LAYER}
    fields |= {key: part.class_name for key, part in layer.parts.items()}
    told = ", ".join(f"{key} = {_in_json(value)}" for key, value in fields.items())
    return (
        f"config: {cut(told, _CONFIG_CHARACTERS)}"
        if told
        else "its config holds nothing of its own"
    )


def _in_json(value: Any) -> str:
    return cut(json.dumps(value, ensure_ascii=False, default=str), _VALUE_CHARACTERS)
