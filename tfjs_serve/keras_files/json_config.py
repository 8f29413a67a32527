"""The JSON inside a model file, parsed so strictly that a browser accepts what comes out."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.refusals import SAVE_AGAIN, refusal

DEPTH_LIMIT = 500
# The closing quote is optional and the repeats give nothing back, so an unterminated string costs
# one pass, not one pass for each quote.
_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^][{}]+")


def parse_value(text: str, where: str, attribute: str) -> Any:
    """Return any JSON value, refusing what `parse_object` refuses."""
    return _parse(text, where, attribute)


def parse_object(text: str, where: str, attribute: str) -> dict[str, Any]:
    """Return the JSON object in `text`.

    Refuses NaN, Infinity, numbers beyond float64, lone surrogates and nesting deeper than
    DEPTH_LIMIT: `json.loads` takes them all, `JSON.parse` and our recursions do not.

    Raises ConversionError, which names the file `where` and the `attribute` read.
    """
    value = _parse(text, where, attribute)
    if not isinstance(value, dict):
        why = f"has a {attribute} that is JSON but no object ({type(value).__name__})"
        raise refusal(where, why, SAVE_AGAIN)
    return value


def parse_model_config(text: str, where: str, attribute: str = "model_config") -> dict[str, Any]:
    """Return `{"class_name": str, "config": dict or list, ...}`; list is Keras 1's Sequential."""
    value = parse_object(text, where, attribute)
    if not isinstance(value.get("class_name"), str):
        raise refusal(where, f"has a {attribute} without a class_name", SAVE_AGAIN)
    if not isinstance(value.get("config"), dict | list):
        raise refusal(where, f"has a {attribute} without a config", SAVE_AGAIN)
    return value


def parse_archive_config(
    text: str, where: str, attribute: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a model config with its compile_config, and why that was left out if it was.

    Numbers that JSON cannot express are refused in the model, not in how it was trained.
    """
    try:
        return parse_model_config(text, where, attribute), ()
    except ConversionError as error:
        rest = _without(text, "compile_config")
        if rest is None:
            raise
        why = error.reasons[0].why
    return parse_model_config(rest, where, attribute), (
        f"the training settings are left out: the file {why}",
    )


def _without(text: str, key: str) -> str | None:
    """Return a JSON object without one member; None when it has none or is no object."""
    if _depth(text) > DEPTH_LIMIT:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or key not in value:
        return None
    return json.dumps({name: item for name, item in value.items() if name != key})


def parse_training_config(text: str, where: str) -> dict[str, Any] | None:
    """Return the training config; None when it is JSON's null."""
    if text.strip() == "null":
        return None
    return parse_object(text, where, "training_config")


def _parse(text: str, where: str, attribute: str) -> Any:
    def refuse_constant(literal: str) -> float:
        why = f"has the number {literal[:40]} in its {attribute}, which JSON cannot express"
        raise refusal(where, why, "replace it by a finite number and save the model again")

    def finite(literal: str) -> float:
        number = float(literal)
        return number if math.isfinite(number) else refuse_constant(literal)

    if _depth(text) > DEPTH_LIMIT:
        why = f"has a {attribute} nested more than {DEPTH_LIMIT} levels deep"
        raise refusal(where, why, "build the model from fewer nested parts")
    try:
        value = json.loads(text, parse_constant=refuse_constant, parse_float=finite)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        why = f"has a {attribute} that is no valid JSON ({error})"
        raise refusal(where, why, SAVE_AGAIN) from error
    return value


def _depth(text: str) -> int:
    deepest = depth = 0
    for bracket in _NO_BRACKETS.sub("", _STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
