"""Which weights are written in fewer bits, with which ranges, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tfjs_serve.convert.copying import Written, tensor_bytes
from tfjs_serve.convert.translation import Tensor, Translation
from tfjs_serve.convert.values import Source, slices
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.graph import Values, stored_weights
from tfjs_serve.layers_format.quantization import assign, quantization
from tfjs_serve.report import Note, Quantization, QuantizedWeight, Report


def quantize(
    source: Source, translation: Translation, patterns: Mapping[str, Sequence[str] | bool]
) -> Translation:
    """Return a translation with the weights that `patterns` choose quantised.

    patterns: as in `Options`. Constants that the translation added and weights without values are
    written as they are: the error of a mask or of a pattern of zeros and ones would not be the
    model's own.

    Reads every value of the chosen weights once, in slices.

    Raises ConversionError with every weight whose values do not fit.
    """
    names = [tensor.name for tensor in translation.tensors if _is_of_the_model(tensor)]
    dtypes, unused = assign(names, patterns)
    tensors: list[Tensor] = []
    reasons: list[Reason] = []
    for tensor in translation.tensors:
        if tensor.name in dtypes:
            low, high = _range(source, tensor.values)
            try:
                chosen = quantization(dtypes[tensor.name], low, high)
                tensor = replace(tensor, quantization=chosen)
            except ValueError as error:
                reasons.append(Reason(f"weight {tensor.name!r} {error}"))
        tensors.append(tensor)
    if reasons:
        raise ConversionError(f"quantisation: {reasons[0]}; leave it out by patterns", reasons)
    notes = tuple(Note(f"quantisation: no weight matches {pattern!r}") for pattern in unused)
    return replace(
        translation,
        tensors=tuple(tensors),
        summary=replace(translation.summary, warnings=(*translation.summary.warnings, *notes)),
        report=replace(translation.report, notes=(*translation.report.notes, *notes)),
    )


def _is_of_the_model(tensor: Tensor) -> bool:
    return bool(math.prod(tensor.shape)) and any(stored_weights(tensor.values))


def _range(source: Source, values: Values) -> tuple[float, float]:
    """Return the smallest and the largest value, both NaN when any is."""
    lows, highs = [], []
    for part in slices(source, values, 0, math.prod(values.shape)):
        lows.append(float(part.min()))
        highs.append(float(part.max()))
    if any(map(math.isnan, lows)):
        return math.nan, math.nan
    return min(lows), max(highs)


def reported(report: Report, tensors: Sequence[Tensor], written: Sequence[Written]) -> Report:
    """Return the report with what quantising did, by the errors that were found while writing."""
    weights = tuple(
        QuantizedWeight(
            tensor.name,
            tensor.quantization.dtype,
            max(shard.errors.get(index, 0.0) for shard in written),
        )
        for index, tensor in enumerate(tensors)
        if tensor.quantization is not None
    )
    if not weights:
        return report
    before = sum(tensor_bytes(replace(tensor, quantization=None)) for tensor in tensors)
    after = sum(map(tensor_bytes, tensors))
    return replace(report, quantization=Quantization(before, after, weights))
