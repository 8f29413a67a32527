"""The catalog as a whole: what every entry must be, and which classes there are."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from tfjs_serve.layers_format.catalog import CATALOG, REQUIRED, TABLES, Field

CLASSES = {
    *("InputLayer", "Dense", "Embedding", "Activation", "Flatten", "Reshape", "Permute"),
    *("RepeatVector", "Rescaling", "Masking"),
    *("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose"),
    *("DepthwiseConv2D", "SeparableConv2D"),
    *("MaxPooling1D", "MaxPooling2D"),
    *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("ZeroPadding2D", "Cropping2D", "UpSampling2D"),
    *("BatchNormalization", "LayerNormalization"),
    *("ReLU", "LeakyReLU", "ELU", "PReLU", "ThresholdedReLU", "Softmax"),
    *("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
    *("SimpleRNN", "GRU", "LSTM", "ConvLSTM2D", "Bidirectional", "TimeDistributed"),
}
COMPANION_CLASSES = {
    *("TfjsServeConvLSTM3D", "TfjsServeGRU", "TfjsServeLookup"),
    *("TfjsServeOperation", "TfjsServeResize"),
}

FIELDS = [(name, field) for name, spec in CATALOG.items() for field in spec.fields]


def test_no_class_stands_in_two_tables() -> None:
    assert sum(map(len, TABLES)) == len(CATALOG)


def test_the_classes_are_those_that_compute_as_keras_does() -> None:
    assert set(CATALOG) == CLASSES | COMPANION_CLASSES


def test_a_page_registers_the_others_under_names_that_tfjs_leaves_alone() -> None:
    found = {name for name, spec in CATALOG.items() if spec.needs_companion}
    assert found == COMPANION_CLASSES
    assert not [name for name in found if "_" in name or not name.startswith("TfjsServe")]


@pytest.mark.parametrize("table", [CATALOG, *TABLES], ids=lambda table: next(iter(table)))
def test_tables_cannot_be_written_to(table: object) -> None:
    assert isinstance(table, MappingProxyType)


@pytest.mark.parametrize(("class_name", "field"), FIELDS)
def test_a_default_is_an_accepted_value(class_name: str, field: str) -> None:
    found: Field = CATALOG[class_name].fields[field]
    assert found.default is REQUIRED or found.accepts(found.default)


@pytest.mark.parametrize(("class_name", "field"), FIELDS)
def test_a_field_that_is_left_out_is_not_required(class_name: str, field: str) -> None:
    found: Field = CATALOG[class_name].fields[field]
    assert found.is_read or found.default is not REQUIRED


@pytest.mark.parametrize("class_name", sorted(CATALOG))
def test_an_entry_names_its_source_and_a_sound_number_of_inputs(class_name: str) -> None:
    spec = CATALOG[class_name]
    assert spec.source.endswith("layers.js" if spec.needs_companion else ".ts")
    assert spec.inputs[0] <= spec.inputs[1]


def test_only_conv_3d_transpose_has_a_warning() -> None:
    assert {name: spec.warning for name, spec in CATALOG.items() if spec.warning} == {
        "Conv3DTranspose": "the wasm backend of TensorFlow.js computes Conv3DTranspose wrongly;"
        " use the cpu or webgl backend"
    }
