"""Ways to say which values of a config field tfjs gives Keras's numbers for.

Values come from JSON: true is no 1 here, and lists may have become tuples. NaN and infinity are
never accepted, since a browser cannot parse a model.json that holds them, and neither are numbers
too large for JavaScript, which Python's JSON takes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from tfjs_serve.layers_format.catalog.objects import (
    DISTRIBUTIONS,
    FAN_MODES,
    TFJS_ACTIVATIONS,
    TFJS_INITIALIZER_STRINGS,
    TFJS_INITIALIZERS,
)
from tfjs_serve.layers_format.catalog.spec import REQUIRED, Field

MAX_SAFE_INTEGER = 2**53 - 1
"""JavaScript's Number.MAX_SAFE_INTEGER."""


def is_integer(value: Any) -> bool:
    """Tell whether a value is a whole number and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_SAFE_INTEGER


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number and no boolean."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def is_positive(value: Any) -> bool:
    """Tell whether a value is a whole number above 0."""
    return is_integer(value) and value > 0


def is_natural(value: Any) -> bool:
    """Tell whether a value is a whole number, 0 or above."""
    return is_integer(value) and value >= 0


def is_sequence(value: Any, accepts: Callable[[Any], bool], length: int | None = None) -> bool:
    """Tell whether a value is a list (of this length) whose items are all accepted."""
    if not isinstance(value, list | tuple) or length not in (None, len(value)):
        return False
    return all(map(accepts, value))


def _is_same(value: Any, wanted: Any) -> bool:
    if is_number(wanted):
        return is_number(value) and bool(value == wanted)
    return type(value) is type(wanted) and bool(value == wanted)


def _words(value: Any) -> str:
    return json.dumps(value).strip('"')


def only(value: Any, *, is_read: bool = False) -> Field:
    """Accept one value, the one tfjs behaves as if it had read."""
    return Field(lambda found: _is_same(found, value), _words(value), value, is_read)


def choice(*values: Any, default: Any = REQUIRED) -> Field:
    """Accept any of a few values."""
    return Field(
        lambda found: any(_is_same(found, value) for value in values),
        " or ".join(map(_words, values)),
        default,
    )


def anything(default: Any = None) -> Field:
    """Accept every value of a field that neither tfjs nor the numbers depend on."""
    return Field(lambda value: True, "anything", default, is_read=False)


def flag(default: Any = REQUIRED) -> Field:
    """Accept true and false."""
    return Field(lambda value: isinstance(value, bool), "true or false", default)


def number(default: Any = REQUIRED) -> Field:
    """Accept any finite number."""
    return Field(is_number, "a number", default)


def non_negative(default: Any = REQUIRED) -> Field:
    """Accept a finite number, 0 or above."""
    return Field(lambda value: is_number(value) and value >= 0, "a number not below 0", default)


def rate(default: Any = REQUIRED) -> Field:
    """Accept the part of units that a dropout drops."""
    return Field(lambda value: is_number(value) and 0 <= value <= 1, "a number 0 to 1", default)


def positive(default: Any = REQUIRED) -> Field:
    """Accept a whole number above 0."""
    return Field(is_positive, "a whole number above 0", default)


def window(axes: int, default: Any = REQUIRED) -> Field:
    """Accept a length above 0, or a list with one for each spatial axis."""
    return Field(
        lambda value: is_positive(value) or is_sequence(value, is_positive, axes),
        f"a whole number above 0, or a list of {axes}",
        default,
    )


def ones(axes: int) -> Field:
    """Accept 1 for every axis in a field that tfjs ignores."""
    return Field(
        lambda value: (
            _is_same(value, 1) or is_sequence(value, lambda item: _is_same(item, 1), axes)
        ),
        "1 on every axis",
        (1,) * axes,
        is_read=False,
    )


def padding() -> Field:
    """Accept the two paddings tfjs has."""
    return choice("valid", "same", default="valid")


def data_format() -> Field:
    """Accept both orders of axes, where tfjs transposes to and fro."""
    return choice("channels_last", "channels_first", default="channels_last")


def activation(default: Any = REQUIRED) -> Field:
    """Accept the tfjs name of an activation.

    What `hard_sigmoid` means depends on the Keras that wrote it: see objects.activation_names.
    """
    return Field(
        lambda value: isinstance(value, str) and value in TFJS_ACTIVATIONS,
        f"one of {', '.join(sorted(TFJS_ACTIVATIONS))}",
        default,
    )


def initializer(default: str) -> Field:
    """Accept an initializer that tfjs can make."""
    return Field(_is_initializer, "an initializer of TensorFlow.js", default)


def regularizer() -> Field:
    """Accept no regularizer, or L1L2 with both of its numbers."""
    return Field(_is_regularizer, "null or L1L2 with l1 and l2", None)


def constraint(*, is_read: bool = True) -> Field:
    """Accept no constraint: tfjs would apply it to the weights as it loads them."""
    return Field(lambda value: value is None, "null", None, is_read)


def weight(name: str, initial: str, *, has_constraint: bool = True) -> dict[str, Field]:
    """Return the initializer, regularizer and constraint fields of one weight."""
    return {
        f"{name}_initializer": initializer(initial),
        f"{name}_regularizer": regularizer(),
        f"{name}_constraint": constraint(is_read=has_constraint),
    }


ACTIVITY: Final[Mapping[str, Field]] = {"activity_regularizer": only(None)}
"""tfjs throws at the first call of a layer that has one (engine/topology.ts)."""


_INITIALIZER_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "mode": lambda value: value in FAN_MODES,
    "distribution": lambda value: value in DISTRIBUTIONS.values(),
    "value": is_number,
}


def _is_initializer(value: Any) -> bool:
    if isinstance(value, str):
        return value in TFJS_INITIALIZER_STRINGS or (
            value in TFJS_INITIALIZERS and value != "Constant"
        )
    found = _class_and_config(value)
    if found is None or found[0] not in TFJS_INITIALIZERS:
        return False
    name, config = found
    if name == "Constant" and "value" not in config:
        return False
    return all(
        _INITIALIZER_CHECKS.get(key, lambda item: item is None or is_number(item))(config[key])
        for key in TFJS_INITIALIZERS[name] & config.keys()
    )


def _is_regularizer(value: Any) -> bool:
    if value is None:
        return True
    found = _class_and_config(value)
    if found is None or found[0] != "L1L2":
        return False
    return all(is_number(found[1].get(key)) for key in ("l1", "l2"))


def _class_and_config(value: Any) -> tuple[str, Mapping[str, Any]] | None:
    if not isinstance(value, Mapping):
        return None
    name, config = value.get("class_name"), value.get("config")
    return (name, config) if isinstance(name, str) and isinstance(config, Mapping) else None
