"""`--quantize_uint8=pattern,pattern` and its siblings, as the official converter spells them."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.cli.output import say
from tfjs_serve.errors import UsageError

EVERYTHING = "\0"
"""What a flag without a value stands for; no command line can hold it."""

DTYPES_BY_BYTES = {"1": "uint8", "2": "uint16"}


def read_quantization(
    patterns: Mapping[str, str | None], bytes_per_value: str | None
) -> Mapping[str, tuple[str, ...] | bool]:
    """Return the option `quantization`; UsageError for flags that exclude each other.

    patterns: dtype -> what its flag says, None when it was not given.
    bytes_per_value: what the deprecated `--quantization_bytes` says.
    """
    given = {dtype: text for dtype, text in patterns.items() if text is not None}
    if bytes_per_value is not None:
        if given:
            raise UsageError(
                f"--quantization-bytes and --quantize-{next(iter(given))} exclude each other; "
                "drop the first, which is deprecated"
            )
        if bytes_per_value not in DTYPES_BY_BYTES:
            raise UsageError(f"--quantization-bytes: found {bytes_per_value!r}, expected 1 or 2")
        dtype = DTYPES_BY_BYTES[bytes_per_value]
        say("warning: ", f"--quantization-bytes is deprecated; write --quantize-{dtype}")
        given = {dtype: EVERYTHING}
    everything = [dtype for dtype, text in given.items() if text == EVERYTHING]
    if len(everything) > 1:
        one, other = everything[:2]
        raise UsageError(
            f"--quantize-{one} and --quantize-{other} both mean all weights; "
            "give all but one of them patterns"
        )
    return {dtype: _globs(dtype, text) for dtype, text in given.items()}


def _globs(dtype: str, text: str) -> tuple[str, ...] | bool:
    if text == EVERYTHING:
        return True
    globs = tuple(text.split(","))
    if not all(globs):
        raise UsageError(
            f"--quantize-{dtype}: found {text!r}, expected globs of weight names with a comma "
            "between them, or no value for all weights"
        )
    return globs
