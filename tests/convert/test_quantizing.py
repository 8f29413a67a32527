from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.command import ROOT
from tests.convert.files import INPUT, chain, decoded, typed, write
from tests.fixtures.cases import CASES
from tests.front_ends.configs import dense, sequential
from tests.keras_files.h5_samples import BIAS, KERNEL, Layers
from tfjs_serve import ConversionError, convert_file
from tfjs_serve.artifacts import Options
from tfjs_serve.convert import Conversion, stage
from tfjs_serve.convert.values import BUFFER_BYTES
from tfjs_serve.report import Note, Quantization, QuantizedWeight

ALL = {"uint8": True}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def weights(**values: Any) -> Layers:
    return {
        "dense": [
            ("dense/kernel:0", np.asarray(values.get("kernel", KERNEL), "<f4")),
            ("dense/bias:0", np.asarray(values.get("bias", BIAS), "<f4")),
        ]
    }


def report(found: Conversion) -> Quantization:
    quantization = found.report.quantization
    assert quantization is not None
    return quantization


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="not asked for"),
        pytest.param({"quantization": {}}, id="empty"),
        pytest.param({"quantization": None}, id="none"),
        pytest.param({"quantization": {"uint8": []}}, id="no pattern"),
    ],
)
def test_nothing_is_quantised(tmp_path: Path, out: Path, options: dict[str, Any]) -> None:
    found = convert_file(write(tmp_path / "m.h5"), out, **options)
    assert (found.report.quantization, found.warnings) == (None, ())
    assert b"quantization" not in (out / "model.json").read_bytes()


def test_a_pattern_without_a_weight_is_a_warning(tmp_path: Path, out: Path) -> None:
    found = convert_file(write(tmp_path / "m.h5"), out, quantization={"uint8": ["conv*"]})
    assert found.report.quantization is None
    assert found.warnings == (Note("quantisation: no weight matches 'conv*'"),)
    assert found.report.notes == found.summary.warnings == found.warnings


def test_weights_without_values_are_left_alone(tmp_path: Path, out: Path) -> None:
    layers = weights(kernel=np.zeros((0, 4)))
    config = sequential(
        {**INPUT, "config": {**INPUT["config"], "batch_input_shape": [None, 0]}},
        dense("dense", units=4),
    )
    found = convert_file(write(tmp_path / "m.h5", config, layers), out, quantization=ALL)
    assert [weight.name for weight in report(found).weights] == ["dense/bias"]


def test_constants_of_the_translation_are_left_alone(out: Path) -> None:
    """A matrix of zeros and ones that moves values is no weight of the model."""
    path = next(case for case in CASES if case.id == "keras2/operation_slices").path
    found = convert_file(path, out, quantization={"uint8": ["*"]})
    assert found.summary.parameters > 0
    assert found.report.quantization is None


BAD_KERNEL = KERNEL.copy()
BAD_KERNEL[1, 2] = np.nan


@pytest.mark.parametrize(
    ("layers", "quantization", "reasons"),
    [
        pytest.param(
            weights(kernel=BAD_KERNEL, bias=[np.inf, 0, 0, 0]),
            "uint8",
            [
                "weight 'dense/kernel' holds NaN or infinity, which cannot be quantised",
                "weight 'dense/bias' holds NaN or infinity, which cannot be quantised",
            ],
            id="no numbers",
        ),
        pytest.param(
            weights(kernel=KERNEL * 1e5),
            {"float16": ["*"]},
            [
                "weight 'dense/kernel' holds 1100000, beyond the 65504 of float16; "
                "uint16 can hold it"
            ],
            id="too large for float16",
        ),
        pytest.param(
            weights(),
            {"float16": ["*kernel"], "uint8": ["*"]},
            ["weight 'dense/kernel' matches float16 and uint8"],
            id="two patterns",
        ),
    ],
)
def test_a_refusal_names_every_weight_and_makes_no_folder(
    tmp_path: Path, out: Path, layers: Layers, quantization: Any, reasons: list[str]
) -> None:
    with pytest.raises(ConversionError) as error:
        convert_file(write(tmp_path / "m.h5", layers=layers), out, quantization=quantization)
    assert [str(reason) for reason in error.value.reasons] == reasons
    assert not out.exists()


def test_a_real_variance_that_float16_cannot_hold(out: Path) -> None:
    """The official converter writes infinity for it without a word."""
    path = ROOT / "sample_models" / "wine.h5"
    with pytest.raises(ConversionError) as error:
        convert_file(path, out, quantization="float16")
    assert str(error.value) == (
        "quantisation: weight 'norm/moving_variance' holds 91673.73, beyond the 65504 of "
        "float16; uint16 can hold it; leave it out by patterns"
    )
    found = convert_file(path, out, quantization={"float16": True, "uint16": ["norm/*"]})
    assert {w.dtype for w in report(found).weights if w.name.startswith("norm/")} == {"uint16"}
    assert np.isfinite(decoded(out)["norm/moving_variance"]).all()


def test_what_does_not_fit_may_be_left_out(tmp_path: Path, out: Path) -> None:
    path = write(tmp_path / "m.h5", layers=weights(kernel=BAD_KERNEL))
    convert_file(path, out, quantization={"float16": ["*bias"]})
    assert np.array_equal(decoded(out)["dense/kernel"], BAD_KERNEL, equal_nan=True)


def test_a_report_holds_sizes_and_every_error(tmp_path: Path, out: Path) -> None:
    config, layers = chain(40, 30)
    path = write(tmp_path / "m.h5", config, layers)
    found = convert_file(path, out, quantization={"uint8": ["d0/*"], "uint16": True})
    values = {name: array for entries in layers.values() for name, array in entries}
    errors = {
        name: float(np.abs(array.astype("f8") - values[name]).max())
        for name, array in decoded(out).items()
    }
    dtypes = {"d0/kernel": "uint8", "d0/bias": "uint8", "d1/kernel": "uint16", "d1/bias": "uint16"}
    counts = {name: values[name].size for name in dtypes}
    assert report(found) == Quantization(
        bytes_before=4 * sum(counts.values()),
        bytes_after=sum(counts[n] * (1 if dtypes[n] == "uint8" else 2) for n in dtypes),
        weights=tuple(QuantizedWeight(name, dtypes[name], errors[name]) for name in dtypes),
    )
    assert 0 < report(found).worst.error < 1 / 255
    assert report(found).worst.dtype == "uint8"
    assert found.nbytes == (out / "model.json").stat().st_size + report(found).bytes_after


TYPES = ["float16", "uint8", "uint16"]


@pytest.mark.parametrize("quantization", TYPES)
@pytest.mark.parametrize(
    ("layers", "options"),
    [
        pytest.param(typed(">f4"), {}, id="big endian"),
        pytest.param(typed("<f2"), {}, id="float16"),
        pytest.param(typed("<f8"), {}, id="float64"),
        pytest.param(weights(), {"chunks": True}, id="chunked"),
        pytest.param(weights(), {"compression": "gzip", "shuffle": True}, id="packed"),
    ],
)
def test_the_source_does_not_show(
    tmp_path: Path, quantization: str, layers: Layers, options: dict[str, Any]
) -> None:
    plain, other = tmp_path / "plain", tmp_path / "other"
    source = write(tmp_path / "m.h5", layers=layers, **options)
    first = convert_file(write(tmp_path / "p.h5"), plain, quantization=quantization)
    second = convert_file(source, other, quantization=quantization)
    assert report(first) == report(second)
    assert [(plain / n).read_bytes() for n in first.files] == [
        (other / n).read_bytes() for n in second.files
    ]


@pytest.mark.parametrize("quantization", TYPES)
@pytest.mark.parametrize("shard_bytes", [100_001, 10**9])
def test_weights_larger_than_the_buffer(
    tmp_path: Path, out: Path, quantization: str, shard_bytes: int
) -> None:
    """The extremes lie in the first and the last slice, and a shard ends inside a code."""
    units = BUFFER_BYTES // 4 + 7
    kernel = np.random.default_rng(0).standard_normal((3, units)).astype("f4")
    kernel[0, 0], kernel[2, -1] = -9, 11
    layers = {"d0": [("d0/kernel", kernel), ("d0/bias", kernel[1].copy())]}
    config = sequential(INPUT, dense("d0", units=units))
    found = convert_file(
        write(tmp_path / "m.h5", config, layers),
        out,
        quantization=quantization,
        weight_shard_size_bytes=shard_bytes,
    )
    values = decoded(out)
    errors = [float(np.abs(values[name] - array).max()) for name, array in layers["d0"]]
    assert [weight.error for weight in report(found).weights] == pytest.approx(errors, rel=1e-6)
    assert max(errors) < {"float16": 0.004, "uint8": 0.04, "uint16": 0.0002}[quantization]


@pytest.mark.parametrize(
    "case", ["keras2/groups2d", "keras3/bfloat16_weights", "keras3/int8_dense"]
)
def test_computed_weights(out: Path, case: str) -> None:
    path = next(found for found in CASES if found.id == case).path
    exact = out.with_name("exact")
    convert_file(path, exact)
    found = convert_file(path, out, quantization="uint16", weight_shard_size_bytes=37)
    values, expected = decoded(out), decoded(exact)
    assert {weight.name: weight.error for weight in report(found).weights} == {
        name: float(np.abs(values[name].astype("f8") - expected[name]).max())
        for name in (weight.name for weight in report(found).weights)
    }
    assert 0 < report(found).worst.error < 1e-4


def test_a_served_folder_holds_codes_in_shards_of_its_own(tmp_path: Path) -> None:
    config, layers = chain(40, 30)
    path = write(tmp_path / "m.h5", config, layers)
    options = Options(quantization={"uint8": True}, weight_shard_size_bytes=1300)
    found = stage(path, tmp_path / "served", "m", options)
    folder = convert_file(path, tmp_path / "out", quantization="uint8")
    assert found.report.quantization == folder.report.quantization
    # The kernel of the second layer has 1,200 codes and is not cut.
    assert [shard.nbytes for shard in found.shards] == [160, 1230]
    stored = b"".join((tmp_path / "served" / "_w" / s.name).read_bytes() for s in found.shards)
    assert stored == (tmp_path / "out" / folder.files[1]).read_bytes()
    assert (
        json.loads(found.model_json)["weightsManifest"][0]["weights"]
        == json.loads((tmp_path / "out" / "model.json").read_text())["weightsManifest"][0][
            "weights"
        ]
    )
    exact = stage(path, tmp_path / "served", "m", Options())
    assert exact.digest != found.digest
    assert not {s.name for s in exact.shards} & {s.name for s in found.shards}


def test_a_report_survives_the_record() -> None:
    weight = QuantizedWeight("d/kernel", "uint8", 0.25)
    found = Quantization(40, 13, (QuantizedWeight("d/bias", "float16", 0.0), weight))
    assert found.as_json() == {
        "bytes_before": 40,
        "bytes_after": 13,
        "tensor": "d/kernel",
        "largest_error": 0.25,
        "weights": [
            {"name": "d/bias", "dtype": "float16", "error": 0.0},
            {"name": "d/kernel", "dtype": "uint8", "error": 0.25},
        ],
    }
    assert Quantization.from_json(json.loads(json.dumps(found.as_json()))) == found
