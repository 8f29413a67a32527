"""Whether a browser's numbers are Keras's."""

from __future__ import annotations

from collections.abc import Sequence

ABSOLUTE, RELATIVE = 1e-5, 1e-4


def differences(found: Sequence[float], expected: Sequence[float]) -> list[str]:
    """Return the values further apart than |a - b| <= 1e-5 + 1e-4 |b|, in words."""
    if len(found) != len(expected):
        return [f"{len(found)} values, expected {len(expected)}"]
    return [
        f"value {index} is {a}, expected {b}"
        for index, (a, b) in enumerate(zip(found, expected, strict=True))
        # Written so that a NaN is a difference.
        if not abs(a - b) <= ABSOLUTE + RELATIVE * abs(b)
    ]
