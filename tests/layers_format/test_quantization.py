"""What quantization_test.py of the official converter pins, and what ours says instead of failing.

Codes and ranges of whole models are compared with the official ones in test_official.py.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tfjs_serve.config.options import QUANTIZED
from tfjs_serve.errors import ConversionError
from tfjs_serve.layers_format.quantization import (
    CODE_TYPES,
    Affine,
    Float16,
    Floats,
    Quantization,
    assign,
    largest_error,
    quantization,
)

TOP = {"uint8": 255, "uint16": 65535}
NAMES = ["conv/0/weight", "conv/0/bias", "conv/1/weight", "conv/1/bias"]


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


def chosen(values: Floats, dtype: str) -> Quantization:
    return quantization(dtype, float(values.min()), float(values.max()))


def test_options_and_codes_know_the_same_types() -> None:
    assert sorted(CODE_TYPES) == sorted(QUANTIZED)


@pytest.mark.parametrize(
    ("patterns", "found", "unused"),
    [
        pytest.param({}, {}, (), id="nothing is asked for"),
        pytest.param({"uint8": ()}, {}, (), id="no pattern"),
        pytest.param({"uint8": ("dense/*",)}, {}, ("dense/*",), id="no weight matches"),
        pytest.param({"uint8": ("CONV/*",)}, {}, ("CONV/*",), id="letters count"),
        pytest.param({"float16": ("*",)}, dict.fromkeys(NAMES, "float16"), (), id="all match"),
        pytest.param({"uint16": True}, dict.fromkeys(NAMES, "uint16"), (), id="all"),
        pytest.param(
            {"uint8": True, "float16": ("conv/0/*",)},
            {
                "conv/0/weight": "float16",
                "conv/0/bias": "float16",
                "conv/1/weight": "uint8",
                "conv/1/bias": "uint8",
            },
            (),
            id="all others",
        ),
        pytest.param(
            {"uint8": ("*weight", "conv/0/*", "x")},
            {"conv/0/weight": "uint8", "conv/1/weight": "uint8", "conv/0/bias": "uint8"},
            ("x",),
            id="twice in one type",
        ),
        pytest.param(
            {"uint8": ("conv/?/[bw]eight",)},
            {"conv/0/weight": "uint8", "conv/1/weight": "uint8"},
            (),
            id="other wildcards",
        ),
    ],
)
def test_assigned(
    patterns: dict[str, tuple[str, ...] | bool], found: dict[str, str], unused: tuple[str, ...]
) -> None:
    assert assign(NAMES, patterns) == (found, unused)


def test_patterns_that_overlap_are_refused_with_every_weight() -> None:
    with pytest.raises(ConversionError) as error:
        assign(NAMES, {"float16": ("conv/0/*",), "uint8": ("*/bias", "conv/0/weight")})
    assert [str(reason) for reason in error.value.reasons] == [
        "weight 'conv/0/bias' matches float16 and uint8",
        "weight 'conv/0/weight' matches float16 and uint8",
    ]
    assert error.value.message == (
        "two quantisations for one weight: weight 'conv/0/bias' matches float16 and uint8; "
        "expected patterns that exclude each other"
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, 3e38])
def test_equal_values_have_no_range(dtype: str, value: float) -> None:
    values = floats(*[value] * 5)
    found = chosen(values, dtype)
    assert found == Affine(dtype, float(values[0]), 1.0)
    codes = found.encode(values)
    assert (codes.tolist(), codes.dtype) == ([0] * 5, np.dtype(dtype))
    assert found.decode(codes).tolist() == values.tolist()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        pytest.param(-3.0, -1.0, id="negative"),
        pytest.param(-3.0, 0.0, id="negative and 0"),
        pytest.param(-3.0, 3.0, id="both"),
        pytest.param(-0.3, 1.7, id="both, uneven"),
        pytest.param(0.0, 3.0, id="0 and positive"),
        pytest.param(1.0, 3.0, id="positive"),
        pytest.param(-1e-44, 3e-45, id="subnormal"),
        pytest.param(-3.4e38, 3.4e38, id="wider than float32"),
    ],
)
def test_ranges(dtype: str, low: float, high: float) -> None:
    ends = floats(low, high)
    between = np.linspace(float(ends[0]), float(ends[1]), 1000).astype(np.float32)
    values = np.concatenate([between, ends])
    found = chosen(values, dtype)
    assert isinstance(found, Affine)
    # The difference itself may be beyond float32, so it is taken in float64.
    low, high = map(float, ends)
    assert found.scale == (high - low) / TOP[dtype]
    codes = found.encode(values)
    assert codes.dtype == np.dtype(dtype)
    assert int(codes.max()) >= TOP[dtype] - 1
    decoded = found.decode(codes)
    # Half a step, half a step more at the ends of a range that was moved, and float32's rounding.
    assert largest_error(decoded, values) <= found.scale + abs(max(low, high, key=abs)) * 2**-23
    if low <= 0 <= high:
        zero = found.decode(found.encode(floats(0.0)))
        assert zero.tolist() == [0.0]
    else:
        assert found.min == low


def test_ties_go_to_the_even_code() -> None:
    found = Affine("uint8", 0.0, 1.0)
    assert found.encode(floats(0.5, 1.5, 2.5, 254.5)).tolist() == [0, 2, 2, 254]


def test_a_range_that_begins_at_zero_is_written_as_officially() -> None:
    """The official tool negates a float: `-0.0` stands in its manifest."""
    text = json.dumps(chosen(floats(0.0, 255.0), "uint8").as_json())
    assert text == '{"dtype": "uint8", "min": -0.0, "scale": 1.0, "original_dtype": "float32"}'


def test_decoding_is_that_of_javascript_numbers() -> None:
    """In float32 all the way, some sums would be others."""
    found = Affine("uint8", -0.1, 0.1)
    codes = np.arange(256, dtype="u1")
    decoded = found.decode(codes).tolist()
    assert decoded == floats(*(code * 0.1 + -0.1 for code in range(256))).tolist()
    assert decoded != (codes.astype("f4") * np.float32(0.1) + np.float32(-0.1)).tolist()


def test_float16() -> None:
    values = floats(0.0, -0.0, 1.0, 0.1, -2.5, 65504.0, 65519.0, 6e-8, 1e-9)
    found = chosen(values, "float16")
    assert found == Float16()
    assert found.as_json() == {"dtype": "float16", "original_dtype": "float32"}
    codes = found.encode(values)
    assert codes.dtype == np.dtype("<f2")
    decoded = found.decode(codes)
    assert decoded.dtype == np.float32
    assert decoded.tolist() == values.astype("<f2").astype("<f4").tolist()
    assert (decoded[5], decoded[6], decoded[8]) == (65504.0, 65504.0, 0.0)
    assert largest_error(decoded, values) == 15.0


@pytest.mark.parametrize(("dtype", "nbytes"), [("float16", 2), ("uint8", 1), ("uint16", 2)])
def test_bytes_of_a_value(dtype: str, nbytes: int) -> None:
    assert quantization(dtype, -1.0, 1.0).item_bytes == nbytes


@pytest.mark.parametrize(
    ("dtype", "low", "high", "sentence"),
    [
        *(
            pytest.param(
                dtype, low, high, "holds NaN or infinity, which cannot be quantised", id=f"{dtype}"
            )
            for dtype in QUANTIZED
            for low, high in ((math.nan, math.nan), (-math.inf, 1.0), (0.0, math.inf))
        ),
        pytest.param(
            "float16",
            0.0,
            65520.0,
            "holds 65520, beyond the 65504 of float16; uint16 can hold it",
            id="large",
        ),
        pytest.param(
            "float16",
            -1e9,
            9.0,
            "holds -1e+09, beyond the 65504 of float16; uint16 can hold it",
            id="low",
        ),
    ],
)
def test_values_that_do_not_fit(dtype: str, low: float, high: float, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^holds ") as error:
        quantization(dtype, low, high)
    assert str(error.value) == sentence


def test_errors_of_nothing_are_none() -> None:
    assert largest_error(floats(), floats()) == 0.0
