"""The JSON inside a model file, parsed so strictly that a browser accepts what comes out."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from tfjs_serve.keras_files.refusals import SAVE_AGAIN, refusal

DEPTH_LIMIT = 500
# The closing quote is optional and the repeats give nothing back, so an unterminated string costs
# one pass, not one pass for each quote.
_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^][{}]+")


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
