"""Configs of Keras 1 in the spelling of Keras 2."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends.keras1 import modern
from tfjs_serve.front_ends.keras1_fields import modern_fields


def entry(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}}


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("Flatten", {}),
        ("Activation", {"activation": "relu"}),
        ("Masking", {"mask_value": 0.0}),
        ("LeakyReLU", {"alpha": 0.3}),
        ("Embedding", {"input_dim": 5, "output_dim": 3, "input_length": None}),
        ("ZeroPadding2D", {"padding": [1, 2]}),
        ("MaxoutDense", {"output_dim": 3, "init": "uniform", "bias": True}),
        ("Lambda", {"output_shape": [3], "arguments": {}}),
    ],
)
def test_what_both_write_alike_stays(class_name: str, config: dict[str, Any]) -> None:
    assert modern_fields(class_name, config) == config


@pytest.mark.parametrize(
    ("class_name", "old", "new"),
    [
        ("Dropout", {"p": 0.5}, {"rate": 0.5}),
        ("GaussianNoise", {"sigma": 0.5}, {"stddev": 0.5}),
        (
            "Dense",
            {"output_dim": 3, "init": "zero", "bias": False, "input_dim": 4, "b_constraint": None},
            {"units": 3, "kernel_initializer": "zeros", "use_bias": False, "bias_constraint": None},
        ),
        (
            "Dense",
            {
                "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.1},
                "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
            },
            {
                "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}},
                "kernel_constraint": {
                    "class_name": "MaxNorm",
                    "config": {"max_value": 2, "axis": 0},
                },
            },
        ),
        (
            "Embedding",
            {"init": "uniform", "dropout": 0.1, "W_regularizer": None},
            {
                "embeddings_initializer": {
                    "class_name": "RandomUniform",
                    "config": {"minval": -0.05, "maxval": 0.05},
                },
                "embeddings_regularizer": None,
            },
        ),
        (
            "Convolution2D",
            {
                "nb_filter": 2,
                "nb_row": 3,
                "nb_col": 1,
                "border_mode": "same",
                "subsample": [2, 1],
                "dim_ordering": "th",
            },
            {
                "filters": 2,
                "kernel_size": [3, 1],
                "padding": "same",
                "strides": [2, 1],
                "data_format": "channels_first",
            },
        ),
        (
            "Convolution3D",
            {"kernel_dim1": 3, "kernel_dim2": 1, "kernel_dim3": 2, "dim_ordering": "tf"},
            {"kernel_size": [3, 1, 2], "data_format": "channels_last"},
        ),
        (
            "AtrousConvolution1D",
            {"filter_length": 3, "subsample_length": 1, "atrous_rate": 2, "input_length": 4},
            {"kernel_size": [3], "strides": [1], "dilation_rate": [2]},
        ),
        ("MaxPooling1D", {"pool_length": 2, "stride": 1}, {"pool_size": [2], "strides": [1]}),
        ("UpSampling1D", {"length": 2}, {"size": 2}),
        ("PReLU", {"init": "zero"}, {"alpha_initializer": "zeros"}),
        (
            "LSTM",
            {
                "inner_init": "orthogonal",
                "inner_activation": "hard_sigmoid",
                "forget_bias_init": "one",
                "dropout_W": 0.1,
                "dropout_U": 0.2,
                "consume_less": "gpu",
                "U_regularizer": None,
            },
            {
                "recurrent_initializer": "orthogonal",
                "recurrent_activation": "hard_sigmoid",
                "unit_forget_bias": True,
                "dropout": 0.1,
                "recurrent_dropout": 0.2,
                "implementation": 2,
                "recurrent_regularizer": None,
            },
        ),
        ("BatchNormalization", {"mode": 0}, {"scale": True, "center": True}),
        ("BatchNormalization", {"mode": 1}, {"mode": 1}),
        (
            "ZeroPadding2D",
            {"padding": {"top_pad": 1, "left_pad": 2}},
            {"padding": [[1, 0], [2, 0]]},
        ),
        ("ZeroPadding2D", {"padding": [1, 2, 3, 4]}, {"padding": [[1, 2], [3, 4]]}),
        ("ZeroPadding1D", {"padding": {"right_pad": 2}}, {"padding": [0, 2]}),
        ("InputLayer", {"input_dtype": "int32"}, {"dtype": "int32"}),
        ("InputLayer", {"input_dtype": None}, {"dtype": "float32"}),
        ("Embedding", {"input_dtype": "int32"}, {}),
        ("Dense", {"input_dtype": "float32"}, {}),
        ("Dense", {"input_dtype": "float16"}, {"dtype": "float16"}),
    ],
)
def test_fields_have_the_names_and_values_of_keras2(
    class_name: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert modern_fields(class_name, old) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Convolution1D", "Conv1D"),
        ("AtrousConvolution2D", "Conv2D"),
        ("Deconvolution2D", "Conv2DTranspose"),
        ("SeparableConvolution2D", "SeparableConv2D"),
        ("TimeDistributedDense", "Dense"),
        ("SReLU", "SReLU"),
    ],
)
def test_classes_have_the_names_of_keras2(old: str, new: str) -> None:
    assert modern(entry(old, "a")) == entry(new, "a")


@pytest.mark.parametrize(
    ("mode", "class_name", "fields"),
    [
        ("sum", "Add", {}),
        ("max", "Maximum", {}),
        ("concat", "Concatenate", {"axis": 2}),
        ("dot", "Dot", {"axes": [1, 2], "normalize": False}),
    ],
)
def test_merges_become_classes(mode: str, class_name: str, fields: dict[str, Any]) -> None:
    old = entry("Merge", "m", mode=mode, mode_type="raw", concat_axis=2, dot_axes=[1, 2])
    assert modern(old) == entry(class_name, "m", **fields)


@pytest.mark.parametrize(("mode", "kind"), [("cos", "raw"), ("sum", "lambda"), ("f", "function")])
def test_merges_without_a_counterpart_stay(mode: str, kind: str) -> None:
    old = entry("Merge", "m", mode=mode, mode_type=kind)
    assert modern(old) == old


def test_wrapped_and_nested_layers_change_too() -> None:
    dense, new = entry("Dense", "d", output_dim=2), entry("Dense", "d", units=2)
    chain = {"class_name": "Sequential", "config": [entry("TimeDistributed", "t", layer=dense)]}
    model = {"class_name": "Model", "config": {"name": "m", "layers": [{**chain, "name": "s"}]}}
    assert modern(model)["config"]["layers"] == [
        {
            "class_name": "Sequential",
            "name": "s",
            "config": [entry("TimeDistributed", "t", layer=new)],
        }
    ]


def test_a_sequential_model_that_starts_with_a_merge_is_laid_out_flat() -> None:
    def chain(*layers: Any) -> dict[str, Any]:
        return {"class_name": "Sequential", "config": list(layers)}

    a = entry("Dense", "a", batch_input_shape=[None, 3])
    b = entry("InputLayer", "b", batch_input_shape=[None, 4], input_dtype="float32")
    merge = entry("Merge", "m", mode="concat", mode_type="raw", layers=[chain(a), chain(b)])
    found = modern(chain(merge, entry("Flatten", "f")))
    assert found["class_name"] == "Model"
    config = found["config"]
    assert [(x["class_name"], x["name"], x["inbound_nodes"]) for x in config["layers"]] == [
        ("InputLayer", "a_input", []),
        ("InputLayer", "b", []),
        ("Dense", "a", [[["a_input", 0, 0]]]),
        ("Concatenate", "m", [[["a", 0, 0], ["b", 0, 0]]]),
        ("Flatten", "f", [[["m", 0, 0]]]),
    ]
    assert config["input_layers"] == [["a_input", 0, 0], ["b", 0, 0]]
    assert config["output_layers"] == [["f", 0, 0]]
    shapes = [layer["config"]["batch_input_shape"] for layer in config["layers"][:2]]
    assert shapes == [[None, 3], [None, 4]]


MERGE = {"mode": "sum", "mode_type": "raw"}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"class_name": "Sequential", "config": ["Dense"]}, id="no object"),
        pytest.param(
            {
                "class_name": "Sequential",
                "config": [{"class_name": "Merge", "config": {**MERGE, "layers": ["Dense"]}}],
            },
            id="no object in a branch",
        ),
        pytest.param(
            {
                "class_name": "Sequential",
                "config": [
                    {
                        "class_name": "Merge",
                        "config": {**MERGE, "layers": [{"class_name": "Dense", "config": {}}]},
                    }
                ],
            },
            id="no name in a branch",
        ),
    ],
)
def test_what_is_no_layer_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ConversionError, match=r"instead of an object|has no name"):
        modern(broken)


@pytest.mark.parametrize("value", [None, 3, [], {"name": []}, ["th"]])
def test_values_of_another_kind_stay(value: object) -> None:
    for field, name in (("dim_ordering", "data_format"), ("W_constraint", "kernel_constraint")):
        assert modern_fields("Convolution2D", {field: value}) == {name: value}
