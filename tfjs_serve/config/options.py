"""How a model is converted: one table that flags, `[[models]]` tables and Python share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.artifacts import METADATA_KEY
from tfjs_serve.errors import UsageError


@dataclass(frozen=True, slots=True)
class Option:
    """One field of `Options`: what is expected in words, and how it is read.

    parse: takes a value of Python or TOML, or the text of a flag; raises TypeError or ValueError,
        or UsageError with what was found where the value is too long to be shown.
    is_for_strangers: whether the file in the models folder may set it (contract.md, Settings).
    is_for_folders: whether it means anything for a watched folder, which has a layout of its own.
    """

    expected: str
    parse: Callable[[Any], Any]
    is_for_strangers: bool = True
    is_for_folders: bool = True


KEEPS_SHAPE = ":same"
"""What a user writes behind a custom class whose outputs have the shape of its first input."""

QUANTIZED = ("float16", "uint8", "uint16")
"""What weights may be quantised to (tfjs-converter/python/tensorflowjs/quantization.py)."""


MOST_STEPS = 1000
"""How far `gru_unroll` goes: a step makes 15 calls, and 0.8 kB of model.json."""


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: object, low: int, high: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise ValueError
    if int(value) < low or (high is not None and int(value) > high):
        raise ValueError
    return int(value)


def _metadata(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError
    table = value if isinstance(value, dict) else dict(value)
    json.dumps(table, allow_nan=False)
    if METADATA_KEY in table:
        raise UsageError(
            f"found the key {METADATA_KEY!r}, which tfjs-serve writes itself; expected another key"
        )
    return table


def _names(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(i, str) and i for i in items):
        raise TypeError
    return tuple(items)


def _classes(value: object) -> tuple[str, ...]:
    names = _names(value)
    for name in names:
        # A package may hold a colon, a class cannot.
        class_name, colon, word = name.rpartition(">")[2].partition(":")
        if not class_name or f"{colon}{word}" not in ("", KEEPS_SHAPE):
            raise ValueError
    return names


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
    "metadata": Option("a table of what JSON can hold", _metadata),
    "split_weights_by_layer": Option("true or false", _switch, is_for_folders=False),
    "quantization": Option(
        f"one of {', '.join(QUANTIZED)}, or a table of them with globs of weight names, "
        "true at most once for all other weights",
        _quantization,
    ),
    "gru_unroll": Option(
        f"a number of steps from 0 to {MOST_STEPS}", lambda value: _whole(value, 0, MOST_STEPS)
    ),
    "companion": Option("true or false", _switch),
    "allow_custom": Option(
        f"names of custom classes, {KEEPS_SHAPE} behind one that returns the shape of its input",
        _classes,
        is_for_strangers=False,
    ),
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
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    except (TypeError, ValueError, RecursionError):
        raise UsageError(f"{where}: found {value!r}, expected {option.expected}") from None
