"""Which values of which fields are taken; first those that tfjs would compute otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.layers_format.catalog import CATALOG

ZEROS = {"class_name": "Zeros", "config": {}}
MAX_NORM = {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}}
L2 = {"class_name": "L2", "config": {"l2": 0.1}}
LSTM = {"name": "q", "units": 3, "activation": "tanh", "recurrent_activation": "sigmoid"}
NAN, INFINITY = float("nan"), float("inf")


def wrapped(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


DENIED: list[tuple[str, str, Any]] = [
    ("InputLayer", "batch_input_shape", []),
    ("InputLayer", "batch_input_shape", [None, 0]),
    ("InputLayer", "dtype", "int64"),
    ("InputLayer", "dtype", {"class_name": "DTypePolicy", "config": {"name": "float32"}}),
    ("InputLayer", "sparse", True),
    ("InputLayer", "ragged", True),
    ("InputLayer", "optional", True),
    ("Dense", "units", 0),
    ("Dense", "units", True),
    ("Dense", "units", 2.5),
    ("Dense", "units", "3"),
    ("RepeatVector", "n", 2**53),
    ("RepeatVector", "n", 10**400),
    ("Rescaling", "offset", 10**400),
    ("LeakyReLU", "alpha", -(10**400)),
    ("Dense", "kernel_initializer", wrapped("Orthogonal", gain=10**400)),
    ("Dense", "activation", None),
    ("Dense", "activation", "silu"),
    ("Dense", "activation", "exponential"),
    ("Dense", "activation", "leaky_relu"),
    ("Dense", "activation", {"class_name": "function", "config": "relu"}),
    ("Dense", "use_bias", None),
    ("Dense", "use_bias", 1),
    ("Dense", "kernel_initializer", "constant"),
    ("Dense", "kernel_initializer", "lecun_normal"),
    ("Dense", "kernel_initializer", "my_initializer"),
    ("Dense", "kernel_initializer", None),
    ("Dense", "kernel_initializer", wrapped("LecunNormal")),
    ("Dense", "kernel_initializer", {"class_name": "Zeros"}),
    ("Dense", "kernel_initializer", wrapped("Constant")),
    ("Dense", "kernel_initializer", wrapped("Constant", value=[1, 2])),
    ("Dense", "kernel_initializer", wrapped("Orthogonal", gain="1")),
    ("Dense", "kernel_initializer", wrapped("GlorotUniform", seed={"class_name": "SeedGenerator"})),
    ("Dense", "kernel_initializer", wrapped("VarianceScaling", mode="fan")),
    ("Dense", "kernel_initializer", wrapped("VarianceScaling", distribution="untruncated_normal")),
    ("Dense", "kernel_regularizer", L2),
    ("Dense", "kernel_regularizer", wrapped("L1L2", l1=0.1)),
    ("Dense", "kernel_regularizer", wrapped("L1L2", l1=0.1, l2=NAN)),
    ("Dense", "kernel_constraint", MAX_NORM),
    ("Dense", "bias_constraint", "non_neg"),
    ("Dense", "activity_regularizer", L2),
    ("Dense", "lora_rank", 4),
    ("Dense", "quantization_config", {"class_name": "Int8QuantizationConfig"}),
    ("Embedding", "mask_zero", True),
    ("Conv1D", "padding", "causal"),
    ("Conv1D", "data_format", "channels_first"),
    ("Conv1D", "kernel_size", [3, 3]),
    ("Conv2D", "kernel_size", [3]),
    ("Conv2D", "kernel_size", [3, 0]),
    ("Conv2D", "groups", 2),
    ("Conv2D", "data_format", None),
    ("Conv3D", "groups", 3),
    ("Conv2DTranspose", "output_padding", [1, 1]),
    ("Conv2DTranspose", "dilation_rate", [2, 2]),
    ("Conv2DTranspose", "groups", 2),
    ("Conv3DTranspose", "output_padding", 0),
    ("Conv3DTranspose", "dilation_rate", [1, 1, 2]),
    ("DepthwiseConv2D", "dilation_rate", [2, 1]),
    ("DepthwiseConv2D", "dilation_rate", 2),
    ("SeparableConv2D", "data_format", "channels_first"),
    ("Reshape", "target_shape", [-1, -1]),
    ("Reshape", "target_shape", [2, None]),
    ("Reshape", "target_shape", [0]),
    ("Permute", "dims", [2, 3]),
    ("Permute", "dims", [1, 1]),
    ("Permute", "dims", []),
    ("RepeatVector", "n", 0),
    ("Rescaling", "scale", [[1], [2, 3]]),
    ("Rescaling", "scale", INFINITY),
    ("Rescaling", "offset", None),
    ("Dropout", "rate", 1.5),
    ("Dropout", "rate", NAN),
    ("MaxPooling1D", "data_format", "channels_first"),
    ("AveragePooling1D", "data_format", "channels_first"),
    ("AveragePooling2D", "padding", "full"),
    ("GlobalAveragePooling1D", "data_format", "channels_first"),
    ("GlobalAveragePooling1D", "keepdims", True),
    ("GlobalMaxPooling2D", "keepdims", True),
    ("ZeroPadding2D", "padding", [[1, 1], [1]]),
    ("ZeroPadding2D", "padding", -1),
    ("Cropping2D", "data_format", None),
    ("UpSampling2D", "size", 2),
    ("UpSampling2D", "interpolation", "bilinear"),
    ("BatchNormalization", "axis", [1, 3]),
    ("BatchNormalization", "axis", [-1]),
    ("BatchNormalization", "renorm", True),
    ("BatchNormalization", "virtual_batch_size", 8),
    ("BatchNormalization", "mode", 1),
    ("BatchNormalization", "gamma_constraint", MAX_NORM),
    ("LayerNormalization", "axis", []),
    ("LayerNormalization", "rms_scaling", True),
    ("ReLU", "negative_slope", 0.1),
    ("ReLU", "threshold", 0.5),
    ("ReLU", "max_value", -1),
    ("LeakyReLU", "alpha", -0.1),
    ("LeakyReLU", "alpha", {"class_name": "__numpy__", "config": {"value": 0.3}}),
    ("ELU", "alpha", 0.5),
    ("PReLU", "shared_axes", [0]),
    ("PReLU", "shared_axes", [-1]),
    ("Softmax", "axis", [1, 2]),
    ("Softmax", "axis", None),
    ("Concatenate", "axis", -2),
    ("Concatenate", "axis", 0),
    ("Dot", "axes", 0),
    ("Dot", "axes", [-1, 1]),
    ("Dot", "axes", [2, -1]),
    ("Dot", "axes", [1]),
    ("ConvLSTM2D", "stateful", True),
    ("LSTM", "time_major", True),
    ("LSTM", "activation", None),
    ("GRU", "reset_after", True),
    ("SimpleRNN", "activation", None),
    ("ConvLSTM2D", "data_format", "channels_first"),
    ("ConvLSTM2D", "go_backwards", True),
    ("Bidirectional", "layer", wrapped("ConvLSTM2D", name="q", filters=1, kernel_size=1)),
    ("Bidirectional", "layer", wrapped("LSTM", units=3)),
    ("Bidirectional", "layer", wrapped("GRU", name="q", units=3, reset_after=True)),
    ("Bidirectional", "layer", wrapped("LSTM", **LSTM, dtype="float32")),
    ("Bidirectional", "merge_mode", "max"),
    ("Bidirectional", "backward_layer", wrapped("LSTM", **LSTM)),
    ("TimeDistributed", "layer", wrapped("LSTM", **LSTM)),
    ("TimeDistributed", "layer", wrapped("Conv3DTranspose", name="q", filters=1, kernel_size=1)),
    ("TimeDistributed", "layer", wrapped("Conv2D", name="q", groups=2)),
    ("TimeDistributed", "layer", wrapped("Sequential", name="q", layers=[])),
    ("TimeDistributed", "layer", wrapped("Dense", name=None, units=3)),
]

TAKEN: list[tuple[str, str, Any]] = [
    ("InputLayer", "batch_input_shape", [None, 28, 28, 1]),
    ("InputLayer", "dtype", "int32"),
    ("Dense", "units", 3),
    ("Dense", "activation", "swish"),
    ("Dense", "activation", "hard_sigmoid"),
    ("Dense", "kernel_initializer", "glorot_uniform"),
    ("Dense", "kernel_initializer", ZEROS),
    ("Dense", "kernel_initializer", wrapped("LeCunNormal", seed=None)),
    ("Dense", "kernel_initializer", wrapped("Constant", value=0.5)),
    (
        "Dense",
        "kernel_initializer",
        wrapped(
            "VarianceScaling", scale=2.0, mode="fan_in", distribution="truncated_normal", seed=1
        ),
    ),
    ("Dense", "kernel_regularizer", wrapped("L1L2", l1=0.0, l2=0.1)),
    ("Dense", "kernel_constraint", None),
    ("Conv1D", "kernel_size", [3]),
    ("Conv1D", "kernel_size", 3),
    ("Conv2D", "data_format", "channels_first"),
    ("Conv2D", "dilation_rate", (2, 1)),
    ("Conv2DTranspose", "dilation_rate", [1, 1]),
    ("SeparableConv2D", "kernel_constraint", MAX_NORM),
    ("Reshape", "target_shape", []),
    ("Reshape", "target_shape", [3, -1]),
    ("Rescaling", "scale", [[0.5, 1], [2, 3]]),
    ("Dropout", "seed", {"class_name": "SeedGenerator", "config": {}}),
    ("Dropout", "noise_shape", [None, 1, 3]),
    ("MaxPooling2D", "strides", None),
    ("ZeroPadding2D", "padding", [1, 2]),
    ("Cropping2D", "cropping", [[0, 1], [2, 3]]),
    ("BatchNormalization", "axis", [3]),
    ("BatchNormalization", "renorm_clipping", {"rmax": 3}),
    ("LayerNormalization", "axis", [1, -1]),
    ("ReLU", "negative_slope", 0),
    ("ReLU", "threshold", 0.0),
    ("ReLU", "max_value", 6.0),
    ("ELU", "alpha", 1),
    ("PReLU", "shared_axes", [1, 2]),
    ("Concatenate", "axis", -1),
    ("Dot", "axes", -1),
    ("Dot", "axes", [2, 1]),
    ("LSTM", "unroll", True),
    ("LSTM", "implementation", 1),
    ("GRU", "reset_after", False),
    ("Bidirectional", "layer", wrapped("LSTM", **LSTM, trainable=True)),
    ("Bidirectional", "merge_mode", None),
    ("TimeDistributed", "layer", wrapped("Dense", name="q", units=3)),
]

# What get_config() of Keras 2.15.0 writes, and what 3.15.1 writes beyond it; the fields that all
# layers share aside.
WRITTEN = {
    "InputLayer": ("sparse ragged", "optional"),
    "Dense": (
        "units activation use_bias kernel_initializer bias_initializer kernel_regularizer"
        " bias_regularizer activity_regularizer kernel_constraint bias_constraint",
        "quantization_config",
    ),
    "Conv1D": (
        "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
        " kernel_initializer bias_initializer kernel_regularizer bias_regularizer"
        " activity_regularizer kernel_constraint bias_constraint",
        "",
    ),
    "Conv2D": (
        "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
        " kernel_initializer bias_initializer kernel_regularizer bias_regularizer"
        " activity_regularizer kernel_constraint bias_constraint",
        "",
    ),
    "Conv3D": (
        "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
        " kernel_initializer bias_initializer kernel_regularizer bias_regularizer"
        " activity_regularizer kernel_constraint bias_constraint",
        "",
    ),
    "Conv2DTranspose": (
        "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
        " kernel_initializer bias_initializer kernel_regularizer bias_regularizer"
        " activity_regularizer kernel_constraint bias_constraint output_padding",
        "",
    ),
    "Conv3DTranspose": (
        "filters kernel_size strides padding data_format groups activation use_bias"
        " kernel_initializer bias_initializer kernel_regularizer bias_regularizer"
        " activity_regularizer kernel_constraint bias_constraint output_padding",
        "dilation_rate",
    ),
    "DepthwiseConv2D": (
        "kernel_size strides padding data_format dilation_rate groups activation use_bias"
        " bias_initializer bias_regularizer activity_regularizer bias_constraint depth_multiplier"
        " depthwise_initializer depthwise_regularizer depthwise_constraint",
        "",
    ),
    "SeparableConv2D": (
        "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
        " kernel_initializer bias_initializer kernel_regularizer bias_regularizer"
        " activity_regularizer kernel_constraint bias_constraint depth_multiplier"
        " depthwise_initializer pointwise_initializer depthwise_regularizer pointwise_regularizer"
        " depthwise_constraint pointwise_constraint",
        "",
    ),
    "Embedding": (
        "input_dim output_dim embeddings_initializer embeddings_regularizer activity_regularizer"
        " embeddings_constraint mask_zero input_length",
        "quantization_config",
    ),
    "Flatten": ("data_format", ""),
    "Reshape": ("target_shape", ""),
    "Permute": ("dims", ""),
    "RepeatVector": ("n", ""),
    "Activation": ("activation", ""),
    "Masking": ("mask_value", "is_stopped"),
    "Dropout": ("rate noise_shape seed", ""),
    "SpatialDropout1D": ("rate noise_shape seed", ""),
    "GaussianNoise": ("stddev seed", ""),
    "GaussianDropout": ("rate seed", ""),
    "AlphaDropout": ("rate seed", "noise_shape"),
    "MaxPooling1D": ("strides pool_size padding data_format", ""),
    "MaxPooling2D": ("pool_size padding strides data_format", ""),
    "AveragePooling1D": ("strides pool_size padding data_format", ""),
    "AveragePooling2D": ("pool_size padding strides data_format", ""),
    "AveragePooling3D": ("pool_size padding strides data_format", ""),
    "GlobalAveragePooling1D": ("data_format keepdims", ""),
    "GlobalAveragePooling2D": ("data_format keepdims", ""),
    "GlobalMaxPooling1D": ("data_format keepdims", ""),
    "GlobalMaxPooling2D": ("data_format keepdims", ""),
    "ZeroPadding2D": ("padding data_format", ""),
    "Cropping2D": ("cropping data_format", ""),
    "UpSampling2D": ("size data_format interpolation", ""),
    "Rescaling": ("scale offset", ""),
    "BatchNormalization": (
        "axis momentum epsilon center scale beta_initializer gamma_initializer"
        " moving_mean_initializer moving_variance_initializer beta_regularizer gamma_regularizer"
        " beta_constraint gamma_constraint",
        "synchronized renorm renorm_clipping renorm_momentum",
    ),
    "LayerNormalization": (
        "axis epsilon center scale beta_initializer gamma_initializer beta_regularizer"
        " gamma_regularizer beta_constraint gamma_constraint",
        "rms_scaling",
    ),
    "ReLU": ("max_value negative_slope threshold", ""),
    "LeakyReLU": ("alpha", ""),
    "ELU": ("alpha", ""),
    "PReLU": ("alpha_initializer alpha_regularizer alpha_constraint shared_axes", ""),
    "ThresholdedReLU": ("theta", ""),
    "Softmax": ("axis", ""),
    "Concatenate": ("axis", ""),
    "Dot": ("axes normalize", ""),
    "SimpleRNN": (
        "return_sequences return_state go_backwards stateful unroll time_major units activation"
        " use_bias kernel_initializer recurrent_initializer bias_initializer kernel_regularizer"
        " recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint"
        " recurrent_constraint bias_constraint dropout recurrent_dropout",
        "zero_output_for_mask",
    ),
    "GRU": (
        "return_sequences return_state go_backwards stateful unroll time_major units activation"
        " recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer"
        " kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer"
        " kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout"
        " implementation reset_after",
        "zero_output_for_mask seed",
    ),
    "LSTM": (
        "return_sequences return_state go_backwards stateful unroll time_major units activation"
        " recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer"
        " unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer"
        " activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout"
        " recurrent_dropout implementation",
        "zero_output_for_mask seed",
    ),
    "ConvLSTM2D": (
        "return_sequences return_state go_backwards stateful unroll time_major filters kernel_size"
        " strides padding data_format dilation_rate activation recurrent_activation use_bias"
        " kernel_initializer recurrent_initializer bias_initializer unit_forget_bias"
        " kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer"
        " kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout",
        "zero_output_for_mask seed",
    ),
    "Bidirectional": ("layer merge_mode", "backward_layer"),
    "TimeDistributed": ("layer", ""),
}

UNREAD = [
    ("Conv2D", "groups"),
    ("Conv2DTranspose", "dilation_rate"),
    ("DepthwiseConv2D", "dilation_rate"),
    ("SeparableConv2D", "kernel_initializer"),
    ("SeparableConv2D", "kernel_regularizer"),
    ("SeparableConv2D", "kernel_constraint"),
    ("Embedding", "input_length"),
    ("GlobalAveragePooling2D", "keepdims"),
    ("MaxPooling1D", "data_format"),
    ("ReLU", "threshold"),
    ("LSTM", "unroll"),
    ("LSTM", "time_major"),
    ("ConvLSTM2D", "unroll"),
    ("Bidirectional", "backward_layer"),
    ("Dense", "activity_regularizer"),
]


@pytest.mark.parametrize(("class_name", "field", "value"), DENIED)
def test_a_value_that_tfjs_computes_otherwise_is_denied(
    class_name: str, field: str, value: Any
) -> None:
    assert not CATALOG[class_name].fields[field].accepts(value)


@pytest.mark.parametrize(("class_name", "field", "value"), TAKEN)
def test_a_value_that_tfjs_computes_alike_is_taken(class_name: str, field: str, value: Any) -> None:
    assert CATALOG[class_name].fields[field].accepts(value)


@pytest.mark.parametrize("class_name", WRITTEN)
def test_every_field_that_keras_writes_is_known(class_name: str) -> None:
    in_both, in_keras_3 = WRITTEN[class_name]
    assert {*in_both.split(), *in_keras_3.split()} <= CATALOG[class_name].fields.keys()


@pytest.mark.parametrize(("class_name", "field"), UNREAD)
def test_a_field_that_tfjs_ignores_is_left_out(class_name: str, field: str) -> None:
    assert not CATALOG[class_name].fields[field].is_read


@pytest.mark.parametrize(
    ("class_name", "field", "words"),
    [
        ("Conv2D", "groups", "1"),
        ("GlobalMaxPooling2D", "keepdims", "false"),
        ("Conv2DTranspose", "output_padding", "null"),
        ("Conv2D", "padding", "valid or same"),
        ("UpSampling2D", "interpolation", "nearest"),
        ("Bidirectional", "merge_mode", "concat or sum or mul or ave or null"),
        ("DepthwiseConv2D", "dilation_rate", "1 on every axis"),
        ("Conv2D", "kernel_size", "a whole number above 0, or a list of 2"),
        ("ReLU", "max_value", "null or a number not below 0"),
    ],
)
def test_the_accepted_values_are_told_in_words(class_name: str, field: str, words: str) -> None:
    assert CATALOG[class_name].fields[field].expected == words
