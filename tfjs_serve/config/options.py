"""How a model is converted: one table that flags, `[[models]]` tables and Python share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.errors import UsageError


@dataclass(frozen=True, slots=True)
class Option:
    """One field of `Options`: what is expected in words, and how it is read.

    parse: takes a value of Python or TOML, or the text of a flag; raises TypeError or ValueError.
    is_for_strangers: whether the file in the models folder may set it (contract.md, Settings).
    is_for_folders: whether it means anything for a watched folder, which has a layout of its own.
    """

    expected: str
    parse: Callable[[Any], Any]
    is_for_strangers: bool = True
    is_for_folders: bool = True


QUANTIZED = ("float16", "uint8", "uint16")
"""What weights may be quantised to (tfjs-converter/python/tensorflowjs/quantization.py)."""


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: object, low: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise ValueError
    if int(value) < low:
        raise ValueError
    return int(value)


def _object(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError
    table = value if isinstance(value, dict) else dict(value)
    json.dumps(table, allow_nan=False)
    return table


def _names(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(i, str) and i for i in items):
        raise TypeError
    return tuple(items)


def _quantization(value: object) -> dict[str, tuple[str, ...] | bool]:
    if value is None:
        return {}
    table = {value: True} if isinstance(value, str) else value
    if not isinstance(table, Mapping):
        raise TypeError
    found: dict[str, tuple[str, ...] | bool] = {}
    for dtype, globs in table.items():
        if dtype not in QUANTIZED:
            raise ValueError
        found[dtype] = True if globs is True else _globs(globs)
    # Of two that take the rest, neither could.
    if list(found.values()).count(True) > 1:
        raise ValueError
    return found


def _globs(value: object) -> tuple[str, ...]:
    # A comma may stand in a glob, so a text is one.
    return _names([value] if isinstance(value, str) else value)


OPTIONS: Mapping[str, Option] = {
    "weight_shard_size_bytes": Option("a whole number from 1", lambda value: _whole(value, 1)),
    "metadata": Option("a table of what JSON can hold", _object),
    "split_weights_by_layer": Option("true or false", _switch, is_for_folders=False),
    "quantization": Option(
        f"one of {', '.join(QUANTIZED)}, or a table of them with globs of weight names, "
        "true at most once for all other weights",
        _quantization,
    ),
    "gru_unroll": Option("a number of steps from 0", lambda value: _whole(value, 0)),
    "companion": Option("true or false", _switch),
    "allow_custom": Option("names of custom classes", _names, is_for_strangers=False),
}


FOR_STRANGERS = frozenset(name for name, option in OPTIONS.items() if option.is_for_strangers)
FOR_FOLDERS = tuple(name for name, option in OPTIONS.items() if option.is_for_folders)


def parse_options(
    given: Mapping[str, Any], where: str, names: Sequence[str] = tuple(OPTIONS)
) -> dict[str, Any]:
    """Return a table's values as fields of `Options`, of which it may set those called `names`.

    Raises UsageError that names `where`, what was found and what was expected.
    """
    values = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        if name not in names:
            raise UsageError(f"{where}: found {key}, expected {', '.join(names)}")
        values[name] = parse_option(name, value, f"{where}: {key}")
    return values


def parse_option(name: str, value: object, where: str) -> Any:
    """Return one value as the field of `Options`; UsageError as above."""
    option = OPTIONS[name]
    try:
        return option.parse(value)
    except (TypeError, ValueError, RecursionError):
        raise UsageError(f"{where}: found {value!r}, expected {option.expected}") from None
