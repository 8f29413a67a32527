"""What comes out of every layer and which variables it makes; first what it cannot take.

The rows are what Keras 2.15.0 and 3.15.1 compute for the same config, but for those marked as
tfjs's own. None is an unknown length; the batch axis comes first.
"""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.layers_format.catalog import CATALOG, ExpectedWeight, Shape, ShapeError

N = None
FIRST: dict[str, Any] = {"data_format": "channels_first"}
SAME: dict[str, Any] = {"padding": "same"}
RNN: dict[str, Any] = {"units": 3, "recurrent_activation": "sigmoid"}
CONV_LSTM: dict[str, Any] = {
    "filters": 3,
    "kernel_size": [2, 2],
    "recurrent_activation": "sigmoid",
}


def final(class_name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return a config as tfjs reads it: with every default, without what it ignores."""
    fields = CATALOG[class_name].fields
    defaults = {name: field.default for name, field in fields.items() if field.is_read}
    return {"name": "x", **defaults, **given}


def layer(class_name: str, **given: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {**final(class_name, given), "name": "q"}}


def weights(*described: str) -> tuple[ExpectedWeight, ...]:
    """Return weights from words such as `kernel 3 4` and `moving_mean 4 frozen`."""
    made = []
    for words in map(str.split, described):
        name, *lengths = [word for word in words if word != "frozen"]
        made.append(ExpectedWeight(name, tuple(map(int, lengths)), "frozen" not in words))
    return tuple(made)


REFUSED: list[tuple[str, dict[str, Any], list[Shape], str]] = [
    ("InputLayer", {"batch_input_shape": [N]}, [], "cannot feed an input of rank 1, got (None,)"),
    (
        *("InputLayer", {"batch_input_shape": [N, 2, 2, 2, 2, 2, 2]}, []),
        "cannot feed an input of more than 6 axes, got (None, 2, 2, 2, 2, 2, 2)",
    ),
    ("Dense", {"units": 3}, [(N,)], "needs input of rank 2 or 3 or 4 or 5 with the batch axis"),
    ("Dense", {"units": 3}, [(N, 1, 1, 1, 1, 1)], "needs input of rank 2 or 3 or 4 or 5"),
    ("Dense", {"units": 3}, [(N, N)], "needs a known last axis, got (None, None)"),
    ("Dense", {"units": 3}, [(N, 2), (N, 2)], "takes one input, got 2"),
    ("Flatten", {}, [(N, 4)], "needs input of rank 3 or more with the batch axis, got (None, 4)"),
    ("Flatten", {}, [(N, N, 4)], "needs a known length of every axis, got (None, 4)"),
    ("Reshape", {"target_shape": [5]}, [(N, 2, 3)], "cannot reshape (2, 3) to (5,)"),
    ("Reshape", {"target_shape": [4, -1]}, [(N, 6)], "cannot reshape (6,) to (4, -1)"),
    ("Permute", {"dims": [2, 1]}, [(N, 3, 4, 5)], "needs input of rank 3 with the batch axis"),
    ("RepeatVector", {"n": 2}, [(N, 3, 4)], "needs input of rank 2 with the batch axis"),
    ("Rescaling", {"scale": [1, 2]}, [(N, 3)], "cannot apply scale of shape (2,) to (None, 3)"),
    ("Rescaling", {"scale": 1, "offset": [[[1]]]}, [(N, 3)], "cannot apply offset of shape"),
    ("SpatialDropout1D", {"rate": 0.5}, [(N, 3)], "needs input of rank 3 with the batch axis"),
    ("Conv1D", {"filters": 1, "kernel_size": 3}, [(N, 8, 8, 3)], "needs input of rank 3"),
    ("Conv2D", {"filters": 1, "kernel_size": 3}, [(N, 8, 8, N)], "needs a known number of chan"),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 3},
        [(N, 2, 8, 3)],
        "cannot slide a window of 3 over an axis of 2",
    ),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 3, "strides": 2, "dilation_rate": [1, 2]},
        [(N, 8, 8, 3)],
        "cannot have strides (2, 2) with dilation (1, 2)",
    ),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 2, "strides": 3, **SAME},
        [(N, 9, 10, 3)],
        "cannot pad an axis of 9 as 'same' for a window of 2 with stride 3",
    ),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": [1, 3], "strides": 2, **SAME},
        [(N, N, 8, 3)],
        "cannot pad an axis of None as 'same' for a window of 1 with stride 2",
    ),
    (
        "DepthwiseConv2D",
        {"kernel_size": 2, "strides": 3, **SAME},
        [(N, 9, 9, 3)],
        "cannot pad an axis of 9 as 'same'",
    ),
    (
        "Conv3D",
        {"filters": 1, "kernel_size": 1, "strides": 2, **SAME},
        [(N, 4, 4, 4, 3)],
        "cannot pad an axis of 4 as 'same' for a window of 1 with stride 2",
    ),
    (
        "Conv3DTranspose",
        {"filters": 1, "kernel_size": 1, "strides": 2, **SAME},
        [(N, 4, 4, 4, 3)],
        "cannot pad an axis of 2 as 'same' for a window of 1 with stride 2",
    ),
    (
        "AveragePooling3D",
        {"pool_size": 2, "strides": 3, **SAME},
        [(N, 6, 6, 6, 3)],
        "cannot pad an axis of 6 as 'same'",
    ),
    ("Conv2DTranspose", {"filters": 1, "kernel_size": 3}, [(N, 8, 3)], "needs input of rank 4"),
    ("MaxPooling2D", {"pool_size": 4}, [(N, 3, 3, 1)], "cannot slide a window of 4 over an axis"),
    ("GlobalMaxPooling1D", {}, [(N, 3, 3, 1)], "needs input of rank 3 with the batch axis"),
    ("Cropping2D", {"cropping": 1}, [(N, N, 8, 3)], "needs a known height and width"),
    ("Cropping2D", {"cropping": 4}, [(N, 8, 9, 3)], "cannot crop (4, 4) off an axis of 8"),
    ("BatchNormalization", {"axis": 1}, [(N, 8, 8, 3)], "needs the last axis, got axis 1 of input"),
    ("BatchNormalization", {"axis": 3}, [(N, 3)], "needs the last axis, got axis 3 of input"),
    ("BatchNormalization", {"axis": -3}, [(N, 3)], "needs the last axis, got axis -3 of input"),
    ("BatchNormalization", {}, [(N, 2, 2, 2, 3)], "needs input of rank 2 or 3 or 4"),
    ("BatchNormalization", {}, [(N, N)], "needs a known number of channels"),
    ("LayerNormalization", {}, [(N, 2, 2, 2, 3)], "needs input of rank 2 or 3 or 4"),
    ("LayerNormalization", {"axis": 0}, [(N, 3)], "cannot normalize axes (0,) of input (None, 3)"),
    ("LayerNormalization", {"axis": [1, -1]}, [(N, 3)], "cannot normalize axes (1, -1) of input"),
    ("LayerNormalization", {"axis": 3}, [(N, 3)], "cannot normalize axes (3,) of input"),
    ("LayerNormalization", {"axis": [1, 2]}, [(N, N, 3)], "needs a known length of every normal"),
    ("PReLU", {}, [(N, N, 3)], "needs a known length of every axis that is not shared"),
    ("PReLU", {"shared_axes": [2]}, [(N, 4, 3)], "needs the first axes to be shared, got [2] of"),
    ("PReLU", {"shared_axes": [1, 3]}, [(N, 4, 3, 2)], "needs the first axes to be shared"),
    ("PReLU", {"shared_axes": [1, 2, 3]}, [(N, 4, 3)], "needs the first axes to be shared"),
    ("Softmax", {"axis": 1}, [(N, 4, 3)], "needs the last axis, got axis 1 of input (None, 4, 3)"),
    ("Softmax", {"axis": -2}, [(N, 4, 3)], "needs the last axis, got axis -2 of input"),
    ("Softmax", {}, [(N,)], "needs the last axis, got axis -1 of input (None,)"),
    ("Add", {}, [(N, 3)], "takes two or more inputs, got 1"),
    ("Add", {}, [(N, 3), (N, 4)], "cannot merge shapes (3,) and (4,), batch axes aside"),
    ("Maximum", {}, [(2, 3), (4, 3)], "cannot merge batches of sizes [2, 4]"),
    ("Concatenate", {}, [(N, 3)], "takes two or more inputs, got 1"),
    ("Concatenate", {"axis": 2}, [(N, 3), (N, 3)], "cannot join axis 2 of input (None, 3)"),
    (
        "Concatenate",
        {"axis": 1},
        [(N, 2, 3), (N, 2, 4)],
        "needs inputs that differ in axis 1 alone, got (None, 2, 3), (None, 2, 4)",
    ),
    ("Concatenate", {}, [(N, N, 3), (N, 2, 3)], "needs inputs that differ in axis 2 alone"),
    ("Concatenate", {}, [(2, 3), (N, 3)], "needs inputs that differ in axis 1 alone"),
    ("Concatenate", {"axis": 1}, [(N, 3), (N, 3, 1)], "needs inputs that differ in axis 1 alone"),
    ("Dot", {"axes": 1}, [(N, 3)], "takes two inputs, got 1"),
    ("Dot", {"axes": 1}, [(N, 2, 2, 2), (N, 2)], "needs inputs of rank 2 or 3"),
    ("Dot", {"axes": [1, 2]}, [(N, 3, 4), (N, 3, 4)], "cannot multiply (None, 3, 4) and (None, 3"),
    ("Dot", {"axes": 1}, [(N, N, 4), (N, 3, 4)], "cannot multiply (None, None, 4) and"),
    ("Dot", {"axes": -2}, [(N, 4), (N, 4)], "cannot multiply along axis 0 of input (None, 4)"),
    ("Dot", {"axes": 2}, [(N, 4), (N, 4)], "cannot multiply along axis 2 of input (None, 4)"),
    ("LSTM", RNN, [(N, 3)], "needs input of rank 3 with the batch axis, got (None, 3)"),
    ("LSTM", RNN, [(N, 3, N)], "needs a known number of features"),
    ("LSTM", RNN, [(N, 4, 2), (N, 3)], "needs 2 states of 3 units, got (None, 3)"),
    ("LSTM", RNN, [(N, 4, 2), (N, 3), (N, 2)], "needs 2 states of 3 units, got (None, 3), (No"),
    ("ConvLSTM2D", CONV_LSTM, [(N, 8, 8, 2)], "needs input of rank 5 with the batch axis"),
    ("Bidirectional", {"layer": layer("LSTM", **RNN)}, [(N, 3)], "needs input of rank 3"),
    ("TimeDistributed", {"layer": layer("Dense", units=3)}, [(N, 3)], "needs input of rank 3 or m"),
    ("TimeDistributed", {"layer": layer("Flatten")}, [(N, 3, 4)], "needs input of rank 3 or more"),
]

SHAPES: list[tuple[str, dict[str, Any], list[Shape], tuple[Shape, ...]]] = [
    ("InputLayer", {"batch_input_shape": [N, 28, 28, 1]}, [], ((N, 28, 28, 1),)),
    ("Dense", {"units": 4}, [(N, 3)], ((N, 4),)),
    ("Dense", {"units": 4}, [(2, N, 5, 3)], ((2, N, 5, 4),)),
    ("Embedding", {"input_dim": 9, "output_dim": 4}, [(N, N)], ((N, N, 4),)),
    ("Activation", {"activation": "relu"}, [(N, 3)], ((N, 3),)),
    ("Masking", {"mask_value": 0.5}, [(N, N, 3)], ((N, N, 3),)),
    ("Flatten", {}, [(N, 2, 3, 4)], ((N, 24),)),
    ("Flatten", FIRST, [(N, 2, 3)], ((N, 6),)),
    ("Reshape", {"target_shape": [6]}, [(N, 2, 3)], ((N, 6),)),
    ("Reshape", {"target_shape": [2, -1]}, [(7, 2, 6)], ((7, 2, 6),)),
    ("Reshape", {"target_shape": [-1, 3]}, [(N, N, 2)], ((N, N, 3),)),
    ("Permute", {"dims": [3, 1, 2]}, [(N, 4, N, 6)], ((N, 6, 4, N),)),
    ("RepeatVector", {"n": 5}, [(N, 3)], ((N, 5, 3),)),
    ("Rescaling", {"scale": 0.5}, [(N, N, 3)], ((N, N, 3),)),
    ("Rescaling", {"scale": [0.5, 1, 2], "offset": [[1], [2]]}, [(N, 2, 3)], ((N, 2, 3),)),
    ("Dropout", {"rate": 0.5}, [(N, 2, 3)], ((N, 2, 3),)),
    ("SpatialDropout1D", {"rate": 0.5}, [(N, N, 3)], ((N, N, 3),)),
    ("GaussianNoise", {"stddev": 0.5}, [(N, 3)], ((N, 3),)),
    ("GaussianDropout", {"rate": 0.5}, [(N, 3)], ((N, 3),)),
    ("AlphaDropout", {"rate": 0.5}, [(N, 3)], ((N, 3),)),
    ("Conv1D", {"filters": 4, "kernel_size": 3}, [(N, N, 2)], ((N, N, 4),)),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "strides": 2}, [(N, 10, 2)], ((N, 4, 4),)),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "dilation_rate": 3}, [(N, 10, 2)], ((N, 4, 4),)),
    ("Conv2D", {"filters": 4, "kernel_size": [3, 2]}, [(N, 9, 8, 2)], ((N, 7, 7, 4),)),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "strides": 2, **SAME},
        [(N, 9, 8, 2)],
        ((N, 5, 4, 4),),
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 1, "strides": 2, **SAME},
        [(N, 8, N, 2)],
        ((N, 4, N, 4),),
    ),
    ("Conv2D", {"filters": 4, "kernel_size": 3, **FIRST}, [(N, 2, 9, N)], ((N, 4, 7, N),)),
    (
        "Conv3D",
        {"filters": 4, "kernel_size": [1, 2, 3], "strides": [1, 2, 3], **SAME},
        [(N, 5, 6, 7, 2)],
        ((N, 5, 3, 3, 4),),
    ),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3}, [(N, 4, N, 2)], ((N, 6, N, 4),)),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 2, "strides": 3},
        [(N, 4, 3, 2)],
        ((N, 12, 9, 4),),
    ),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": [5, 3], "strides": 2},
        [(N, 4, 3, 2)],
        ((N, 11, 7, 4),),
    ),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 5, "strides": 2, **SAME, **FIRST},
        [(N, 2, 4, 3)],
        ((N, 4, 8, 6),),
    ),
    (
        "Conv3DTranspose",
        {"filters": 4, "kernel_size": [2, 3, 1], "strides": [2, 1, 3]},
        [(N, 2, 3, 4, 2)],
        ((N, 4, 5, 12, 4),),
    ),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, "depth_multiplier": 2},
        [(N, 9, 8, 3)],
        ((N, 4, 3, 6),),
    ),
    ("DepthwiseConv2D", {"kernel_size": 3, **SAME, **FIRST}, [(N, 3, N, 8)], ((N, 3, N, 8),)),
    (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "depth_multiplier": 2},
        [(N, 9, 8, 3)],
        ((N, 5, 4, 4),),
    ),
    ("MaxPooling1D", {}, [(N, 9, 3)], ((N, 4, 3),)),
    ("MaxPooling1D", {"strides": 1, **SAME}, [(N, 9, 3)], ((N, 9, 3),)),
    ("MaxPooling2D", {"pool_size": [2, 3], **SAME}, [(N, 9, 8, 3)], ((N, 5, 3, 3),)),
    ("MaxPooling2D", {"pool_size": 1, "strides": 3, **SAME}, [(N, 9, 8, 3)], ((N, 3, 3, 3),)),
    ("AveragePooling1D", {"pool_size": 3}, [(N, N, 3)], ((N, N, 3),)),
    ("AveragePooling2D", {"pool_size": 3, **FIRST}, [(N, 3, 9, 8)], ((N, 3, 3, 2),)),
    ("AveragePooling3D", {"pool_size": 2, **SAME}, [(N, 5, 4, 3, 2)], ((N, 3, 2, 2, 2),)),
    ("GlobalAveragePooling1D", {}, [(N, N, 3)], ((N, 3),)),
    ("GlobalMaxPooling1D", {}, [(N, 5, 3)], ((N, 3),)),
    ("GlobalAveragePooling2D", {}, [(N, N, N, 3)], ((N, 3),)),
    ("GlobalMaxPooling2D", FIRST, [(N, 3, 5, 4)], ((N, 3),)),
    ("ZeroPadding2D", {"padding": 2}, [(N, N, 4, 3)], ((N, N, 8, 3),)),
    ("ZeroPadding2D", {"padding": [1, 2]}, [(N, 4, 4, 3)], ((N, 6, 8, 3),)),
    ("ZeroPadding2D", {"padding": [[0, 1], [2, 3]], **FIRST}, [(N, 3, 4, 4)], ((N, 3, 5, 9),)),
    ("Cropping2D", {"cropping": [[0, 1], [2, 3]]}, [(N, 8, 8, 3)], ((N, 7, 3, 3),)),
    ("Cropping2D", {"cropping": 1, **FIRST}, [(N, 3, 8, 8)], ((N, 3, 6, 6),)),
    ("UpSampling2D", {"size": [2, 3]}, [(N, 4, 5, 3)], ((N, 8, 15, 3),)),
    ("UpSampling2D", {"size": [2, 3], **FIRST}, [(N, 3, 4, 5)], ((N, 3, 8, 15),)),
    ("BatchNormalization", {}, [(N, N, N, 3)], ((N, N, N, 3),)),
    ("BatchNormalization", {"axis": [3]}, [(N, 4, 4, 3)], ((N, 4, 4, 3),)),
    ("LayerNormalization", {"axis": [1, 2]}, [(N, 4, 3)], ((N, 4, 3),)),
    ("ReLU", {"max_value": 6}, [(N, 3)], ((N, 3),)),
    ("LeakyReLU", {}, [(N, 3)], ((N, 3),)),
    ("ELU", {}, [(N, 3)], ((N, 3),)),
    ("PReLU", {"shared_axes": [1, 2]}, [(N, N, N, 3)], ((N, N, N, 3),)),
    ("ThresholdedReLU", {}, [(N, 3)], ((N, 3),)),
    ("Softmax", {"axis": 2}, [(N, 4, 3)], ((N, 4, 3),)),
    ("Add", {}, [(N, 3), (N, 3), (N, 3)], ((N, 3),)),
    ("Multiply", {}, [(N, 4, 4, 3), (N, 1, 1, 3)], ((N, 4, 4, 3),)),
    ("Average", {}, [(N, 3), (N, 5, 3)], ((N, 5, 3),)),
    ("Maximum", {}, [(N, 4, 1), (N, 1, 5)], ((N, 4, 5),)),
    ("Minimum", {}, [(2, 3), (N, 3)], ((2, 3),)),
    ("Concatenate", {}, [(N, 2, 3), (N, 2, 4)], ((N, 2, 7),)),
    ("Concatenate", {"axis": 1}, [(N, 2, 3), (N, N, 3)], ((N, N, 3),)),
    ("Dot", {"axes": 1}, [(N, 4), (N, 4)], ((N, 1),)),
    ("Dot", {"axes": -1}, [(N, 3, 4), (N, 5, 4)], ((N, 3, 5),)),
    ("Dot", {"axes": [2, 1]}, [(N, 3, 4), (N, 4)], ((N, 3),)),
    ("Dot", {"axes": [1, 2], "normalize": True}, [(N, 4), (N, 3, 4)], ((N, 3),)),
    ("SimpleRNN", {"units": 3}, [(N, 5, 2)], ((N, 3),)),
    ("SimpleRNN", {"units": 3, "return_state": True}, [(N, 5, 2)], ((N, 3), (N, 3))),
    ("GRU", {**RNN, "return_sequences": True}, [(N, N, 2)], ((N, N, 3),)),
    ("LSTM", {**RNN, "return_state": True}, [(N, 5, 2)], ((N, 3), (N, 3), (N, 3))),
    ("LSTM", RNN, [(N, 4, 2), (N, 3), (N, 3)], ((N, 3),)),
    (
        "LSTM",
        {**RNN, "return_state": True, "return_sequences": True},
        [(4, 5, 2)],
        ((4, 5, 3), (4, 3), (4, 3)),
    ),
    ("ConvLSTM2D", CONV_LSTM, [(N, 5, 8, 7, 2)], ((N, 7, 6, 3),)),
    (
        "ConvLSTM2D",
        {**CONV_LSTM, "return_sequences": True, "return_state": True, "strides": 2, **SAME},
        [(N, N, 8, 7, 2)],
        ((N, N, 4, 4, 3), (N, 4, 4, 3), (N, 4, 4, 3)),
    ),
    ("Bidirectional", {"layer": layer("GRU", **RNN)}, [(N, 5, 2)], ((N, 6),)),
    (
        "Bidirectional",
        {"layer": layer("LSTM", **RNN, return_sequences=True, return_state=True)},
        [(N, 5, 2)],
        ((N, 5, 6), (N, 3), (N, 3), (N, 3), (N, 3)),
    ),
    (
        "Bidirectional",
        {"layer": layer("SimpleRNN", units=3), "merge_mode": "sum"},
        [(N, 5, 2)],
        ((N, 3),),
    ),
    (
        "Bidirectional",
        {"layer": layer("SimpleRNN", units=3), "merge_mode": N},
        [(N, 5, 2)],
        ((N, 3), (N, 3)),
    ),
    ("TimeDistributed", {"layer": layer("Dense", units=3)}, [(N, N, 2)], ((N, N, 3),)),
    (
        "TimeDistributed",
        {"layer": layer("Conv2D", filters=4, kernel_size=3)},
        [(N, 5, 8, 8, 2)],
        ((N, 5, 6, 6, 4),),
    ),
    ("TimeDistributed", {"layer": layer("GlobalMaxPooling2D")}, [(N, 5, 8, 8, 2)], ((N, 5, 2),)),
]

WEIGHTS: list[tuple[str, dict[str, Any], Shape, tuple[ExpectedWeight, ...]]] = [
    ("Activation", {"activation": "relu"}, (N, 3), ()),
    ("Dense", {"units": 4}, (N, 3), weights("kernel 3 4", "bias 4")),
    ("Dense", {"units": 4, "use_bias": False}, (N, N, 3), weights("kernel 3 4")),
    ("Embedding", {"input_dim": 9, "output_dim": 4}, (N, N), weights("embeddings 9 4")),
    ("Conv1D", {"filters": 4, "kernel_size": 3}, (N, N, 2), weights("kernel 3 2 4", "bias 4")),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": [3, 5], **FIRST},
        (N, 2, 9, 9),
        weights("kernel 3 5 2 4", "bias 4"),
    ),
    (
        "Conv3D",
        {"filters": 4, "kernel_size": 3, "use_bias": False},
        (N, 9, 9, 9, 2),
        weights("kernel 3 3 3 2 4"),
    ),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 3},
        (N, 9, 9, 2),
        weights("kernel 3 3 4 2", "bias 4"),
    ),
    (
        "Conv3DTranspose",
        {"filters": 4, "kernel_size": [1, 2, 3]},
        (N, 9, 9, 9, 2),
        weights("kernel 1 2 3 4 2", "bias 4"),
    ),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "depth_multiplier": 2},
        (N, 9, 9, 5),
        weights("depthwise_kernel 3 3 5 2", "bias 10"),
    ),
    (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 3, "depth_multiplier": 2},
        (N, 9, 9, 5),
        weights("depthwise_kernel 3 3 5 2", "pointwise_kernel 1 1 10 4", "bias 4"),
    ),
    (
        "BatchNormalization",
        {},
        (N, 9, 9, 3),
        weights("gamma 3", "beta 3", "moving_mean 3 frozen", "moving_variance 3 frozen"),
    ),
    (
        "BatchNormalization",
        {"scale": False, "axis": [1]},
        (N, 3),
        weights("beta 3", "moving_mean 3 frozen", "moving_variance 3 frozen"),
    ),
    ("LayerNormalization", {}, (N, 5, 3), weights("gamma 3", "beta 3")),
    ("LayerNormalization", {"axis": [1, 2]}, (N, 5, 3), weights("gamma 5 3", "beta 5 3")),
    ("LayerNormalization", {"center": False, "axis": [-2]}, (N, 5, 3), weights("gamma 5")),
    ("PReLU", {}, (N, 5, 3), weights("alpha 5 3")),
    ("PReLU", {"shared_axes": [1, 2]}, (N, N, N, 3), weights("alpha 1 1 3")),
    (
        "SimpleRNN",
        {"units": 3},
        (N, 5, 2),
        weights("kernel 2 3", "recurrent_kernel 3 3", "bias 3"),
    ),
    ("GRU", RNN, (N, 5, 2), weights("kernel 2 9", "recurrent_kernel 3 9", "bias 9")),
    ("LSTM", RNN, (N, 5, 2), weights("kernel 2 12", "recurrent_kernel 3 12", "bias 12")),
    (
        "LSTM",
        {**RNN, "use_bias": False},
        (N, 5, 2),
        weights("kernel 2 12", "recurrent_kernel 3 12"),
    ),
    (
        "ConvLSTM2D",
        CONV_LSTM,
        (N, 5, 8, 8, 2),
        weights("kernel 2 2 2 12", "recurrent_kernel 2 2 3 12", "bias 12"),
    ),
    (
        "Bidirectional",
        {"layer": layer("GRU", **RNN)},
        (N, 5, 2),
        weights(
            *("forward_q/kernel 2 9", "forward_q/recurrent_kernel 3 9", "forward_q/bias 9"),
            *("backward_q/kernel 2 9", "backward_q/recurrent_kernel 3 9", "backward_q/bias 9"),
        ),
    ),
    (
        "TimeDistributed",
        {"layer": layer("BatchNormalization", center=False)},
        (N, 5, 8, 3),
        weights("gamma 3", "moving_mean 3 frozen", "moving_variance 3 frozen"),
    ),
]


@pytest.mark.parametrize(("class_name", "given", "shapes", "why"), REFUSED)
def test_input_that_tfjs_cannot_take_is_refused(
    class_name: str, given: dict[str, Any], shapes: list[Shape], why: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        CATALOG[class_name].output_shapes(final(class_name, given), shapes)
    assert str(caught.value).startswith(why)


@pytest.mark.parametrize(("class_name", "given", "shapes", "expected"), SHAPES)
def test_output_shapes(
    class_name: str, given: dict[str, Any], shapes: list[Shape], expected: tuple[Shape, ...]
) -> None:
    spec = CATALOG[class_name]
    assert spec.inputs[0] <= len(shapes) <= spec.inputs[1]
    assert spec.output_shapes(final(class_name, given), shapes) == expected


@pytest.mark.parametrize(("target", "expected"), [([-1], (N, N)), ([3, -1], (N, 3, N))])
def test_tfjs_leaves_a_reshaped_axis_unknown_while_the_batch_size_is(
    target: list[int], expected: Shape
) -> None:
    config = final("Reshape", {"target_shape": target})
    assert CATALOG["Reshape"].output_shapes(config, [(N, 2, 3)]) == (expected,)


def test_every_class_has_a_row_of_shapes() -> None:
    own = {name for name, spec in CATALOG.items() if not spec.needs_companion}
    assert {row[0] for row in SHAPES} == own  # the others are in test_catalog_companion.py


@pytest.mark.parametrize(("class_name", "given", "shape", "expected"), WEIGHTS)
def test_weights(
    class_name: str, given: dict[str, Any], shape: Shape, expected: tuple[ExpectedWeight, ...]
) -> None:
    assert CATALOG[class_name].weights(final(class_name, given), [shape]) == expected


def test_every_class_without_a_row_makes_no_weights() -> None:
    named = {row[0] for row in WEIGHTS}
    inert = {row[0]: row for row in SHAPES if row[0] not in named}
    for class_name, given, shapes, _ in inert.values():
        assert CATALOG[class_name].weights(final(class_name, given), shapes) == ()
