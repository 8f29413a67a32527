"""Activations, initializers, regularizers and constraints: Keras name to tfjs name.

The keys are the names either Keras writes, as a string or as `class_name`. The values are what
tfjs-layers 4.22 finds in its registry after it has turned every string into camel case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ACTIVATIONS: Mapping[str, str] = MappingProxyType(
    {
        # tfjs-layers/src/activations.ts; each agrees with Keras at its default parameters only.
        "elu": "elu",
        # tfjs's own spelling, written by rules that mean its formula; no Keras writes it.
        "hardSigmoid": "hardSigmoid",
        "gelu": "gelu",  # the erf form; Keras defaults to approximate=False in both generations
        "linear": "linear",
        "log_softmax": "log_softmax",
        "log_softmax_v2": "log_softmax",  # what tf.nn calls the function that Keras 2 takes
        "mish": "mish",
        "relu": "relu",
        "relu6": "relu6",
        "selu": "selu",
        "sigmoid": "sigmoid",
        "silu": "swish",
        "softmax": "softmax",
        "softmax_v2": "softmax",
        "softplus": "softplus",
        "softsign": "softsign",
        "swish": "swish",
        "tanh": "tanh",
    }
)
"""Activations with the same numbers whichever Keras wrote them."""

# clip(0.2 x + 0.5, 0, 1) in Keras 1, Keras 2 and tfjs; relu6(x + 3) / 6 in Keras 3
# (keras/src/ops/nn.py).
_OLD_ACTIVATIONS: Mapping[str, str] = MappingProxyType(
    {**ACTIVATIONS, "hard_sigmoid": "hard_sigmoid"}
)

TFJS_ACTIVATIONS: frozenset[str] = frozenset(_OLD_ACTIVATIONS.values())
"""Every name a field may hold in the emitted config."""


def activation_names(generation: int) -> Mapping[str, str]:
    """Return Keras name -> tfjs name of the activations that agree in this Keras generation.

    A name that is missing has no tfjs activation with the same numbers: `hard_sigmoid` is
    missing for generation 3, where tfjs has one of that name that computes something else.
    """
    return ACTIVATIONS if generation >= 3 else _OLD_ACTIVATIONS


OTHER_ACTIVATIONS: frozenset[str] = frozenset(
    (
        *("celu", "crelu_v2", "exponential", "gelu_new", "glu", "hard_shrink", "hard_sigmoid"),
        *("hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "soft_shrink"),
        *("sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink", "threshold"),
    )
)
"""Activations of Keras's own (keras.activations of 2.15 and 3.15) without such a name."""


@dataclass(frozen=True, slots=True)
class TfjsObject:
    """The tfjs class that stands for a Keras object.

    keys: the keys of its config that tfjs reads; others are ignored.
    constants: keys tfjs needs and Keras leaves out, with their values.
    """

    class_name: str
    keys: frozenset[str] = frozenset()
    constants: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def _object(class_name: str, *keys: str, **constants: float) -> TfjsObject:
    return TfjsObject(class_name, frozenset(keys), MappingProxyType(constants))


# tfjs-layers/src/initializers.ts. They matter only to somebody who makes the model anew: loading
# overwrites what they made.
_INITIALIZER_CLASSES: Mapping[str, TfjsObject] = {
    "Constant": _object("Constant", "value"),
    "GlorotNormal": _object("GlorotNormal", "seed"),
    "GlorotUniform": _object("GlorotUniform", "seed"),
    "HeNormal": _object("HeNormal", "seed"),
    "HeUniform": _object("HeUniform", "seed"),
    "Identity": _object("Identity", "gain"),
    "LecunNormal": _object("LeCunNormal", "seed"),
    "LecunUniform": _object("LeCunUniform", "seed"),
    "Ones": _object("Ones"),
    "Orthogonal": _object("Orthogonal", "gain", "seed"),
    "RandomNormal": _object("RandomNormal", "mean", "stddev", "seed"),
    "RandomUniform": _object("RandomUniform", "minval", "maxval", "seed"),
    "TruncatedNormal": _object("TruncatedNormal", "mean", "stddev", "seed"),
    "VarianceScaling": _object("VarianceScaling", "scale", "mode", "distribution", "seed"),
    "Zeros": _object("Zeros"),
}

# Other spellings: strings of both generations (keras/initializers, ALL_OBJECTS), the class names
# tf.keras 1.13-2.3 wrote, and the long class names of Keras 3 before 3.10.
_INITIALIZER_ALIASES: Mapping[str, str] = {
    "IdentityInitializer": "Identity",
    "OrthogonalInitializer": "Orthogonal",
    "constant": "Constant",
    "glorot_normal": "GlorotNormal",
    "glorot_uniform": "GlorotUniform",
    "he_normal": "HeNormal",
    "he_uniform": "HeUniform",
    "identity": "Identity",
    "lecun_normal": "LecunNormal",
    "lecun_uniform": "LecunUniform",
    "normal": "RandomNormal",
    "one": "Ones",
    "ones": "Ones",
    "orthogonal": "Orthogonal",
    "random_normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "truncated_normal": "TruncatedNormal",
    "uniform": "RandomUniform",
    "variance_scaling": "VarianceScaling",
    "zero": "Zeros",
    "zeros": "Zeros",
}

INITIALIZERS: Mapping[str, TfjsObject] = MappingProxyType(
    {
        **_INITIALIZER_CLASSES,
        **{f"{name}V2": found for name, found in _INITIALIZER_CLASSES.items()},
        **{alias: _INITIALIZER_CLASSES[name] for alias, name in _INITIALIZER_ALIASES.items()},
    }
)
"""Keras initializers that tfjs has; any other is replaced by Zeros."""

TFJS_INITIALIZERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {found.class_name: found.keys for found in _INITIALIZER_CLASSES.values()}
)
"""tfjs class -> the config keys it reads."""

TFJS_INITIALIZER_STRINGS: frozenset[str] = frozenset(
    # `constant` needs a value; `lecun_normal` becomes `lecunNormal` where tfjs knows
    # `leCunNormal`; the short `normal`, `uniform`, `one` and `zero` are not in its table.
    {
        "glorot_normal",
        "glorot_uniform",
        "he_normal",
        "he_uniform",
        "identity",
        "ones",
        "orthogonal",
        "random_normal",
        "random_uniform",
        "truncated_normal",
        "variance_scaling",
        "zeros",
    }
)
"""Initializers that tfjs finds when they are written as a bare string."""

FAN_MODES: frozenset[str] = frozenset({"fan_in", "fan_out", "fan_avg"})

DISTRIBUTIONS: Mapping[str, str] = MappingProxyType(
    {
        # tfjs-layers/src/keras_format/initializer_config.ts lists the values; its "normal" draws
        # from a truncated normal, and its "truncated_normal" falls through to a uniform one.
        "normal": "normal",
        "truncated_normal": "truncated_normal",
        "uniform": "uniform",
        "untruncated_normal": "normal",
    }
)
"""`distribution` of VarianceScaling."""

# tfjs-layers/src/regularizers.ts registers L1L2 alone, and takes 0.01 for what is missing.
_L1L2 = _object("L1L2", "l1", "l2")
_L1 = _object("L1L2", "l1", l2=0.0)
_L2 = _object("L1L2", "l2", l1=0.0)

REGULARIZERS: Mapping[str, TfjsObject] = MappingProxyType(
    {"L1L2": _L1L2, "l1_l2": _L1L2, "L1": _L1, "l1": _L1, "L2": _L2, "l2": _L2}
)
"""Keras regularizers that tfjs has; any other is dropped with a warning."""

# tfjs-layers/src/constraints.ts.
_MAX_NORM = _object("MaxNorm", "max_value", "axis")
_MIN_MAX_NORM = _object("MinMaxNorm", "min_value", "max_value", "rate", "axis")
_NON_NEG = _object("NonNeg")
_UNIT_NORM = _object("UnitNorm", "axis")

CONSTRAINTS: Mapping[str, TfjsObject] = MappingProxyType(
    {
        "MaxNorm": _MAX_NORM,
        "max_norm": _MAX_NORM,
        "maxnorm": _MAX_NORM,
        "MinMaxNorm": _MIN_MAX_NORM,
        "min_max_norm": _MIN_MAX_NORM,
        "NonNeg": _NON_NEG,
        "non_neg": _NON_NEG,
        "nonneg": _NON_NEG,
        "UnitNorm": _UNIT_NORM,
        "unit_norm": _UNIT_NORM,
        "unitnorm": _UNIT_NORM,
    }
)
"""Keras constraints that tfjs has, for a message that names them.

No field of the catalog accepts one: tfjs applies a constraint when it loads the weight
(tfjs-layers/src/variables.ts, LayerVariable.write), which Keras does after training steps only,
so a weight that breaks its constraint would silently change. They are dropped with a warning.
"""
