"""Convolutions and their transposes."""

# mypy: ignore-errors
from __future__ import annotations

from tables.grid import Table

LAST_FIRST = ["channels_last", "channels_first"]
INITIALIZERS = ["zeros", "ones", "he_normal", "lecun_uniform", "orthogonal", "random_normal"]
COMMON = {
    "use_bias": [False],
    "activation": ["relu", "softmax", "hard_sigmoid", "gelu"],
    "kernel_initializer": INITIALIZERS,
    "kernel_regularizer": ["l1", "l2", "l1_l2"],
    "bias_regularizer": ["l2"],
    "activity_regularizer": ["l2"],
    "kernel_constraint": ["max_norm", "non_neg", "unit_norm"],
    "trainable": [False],
}
SEPARABLE = {
    "use_bias": [False],
    "depth_multiplier": [2, 3],
    "activation": ["relu", "hard_sigmoid", "gelu"],
    "depthwise_regularizer": ["l2"],
    "depthwise_initializer": ["he_uniform"],
    "depthwise_constraint": ["max_norm"],
}
POINTWISE = {"pointwise_regularizer": ["l1"], "pointwise_initializer": ["ones"]}

LINE, IMAGE, VOLUME = (9, 4), (7, 6, 4), (5, 6, 5, 2)
NEVER = {"strides_dilation": [{"strides": 1, "dilation_rate": 2}]}

TABLES = [
    Table(
        "Conv1D",
        LINE,
        {"filters": 4, "kernel_size": 3},
        {
            "padding": ["same", "causal"],
            "strides": [2, 3],
            "dilation_rate": [2, 3],
            "groups": [2, 4],
            "data_format": ["channels_first"],
            "kernel_size": [1, 2, 4],
            "filters": [1, 8],
            **COMMON,
        },
        pairs=("padding", "strides", "dilation_rate", "groups", "data_format", "kernel_size"),
    ),
    Table(
        "Conv1D",
        (None, 4),
        {"filters": 3, "kernel_size": 3},
        {"padding": ["same", "causal"], "strides": [2], "dilation_rate": [2]},
        pairs=("padding", "strides", "dilation_rate"),
    ),
    Table(
        "Conv2D",
        IMAGE,
        {"filters": 4, "kernel_size": 3},
        {
            "padding": ["same"],
            "strides": [2, (1, 2), (3, 2)],
            "dilation_rate": [2, (2, 1)],
            "groups": [2, 4],
            "data_format": ["channels_first"],
            "kernel_size": [1, 2, (3, 2), (1, 5)],
            "filters": [1, 8],
            **COMMON,
        },
        pairs=("padding", "strides", "dilation_rate", "groups", "data_format", "kernel_size"),
    ),
    Table(
        "Conv2D",
        (None, None, 3),
        {"filters": 4, "kernel_size": 3},
        {"padding": ["same"], "strides": [2], "dilation_rate": [2], "groups": [3]},
        pairs=("padding", "strides", "dilation_rate"),
    ),
    Table(
        "Conv3D",
        VOLUME,
        {"filters": 2, "kernel_size": 2},
        {
            "padding": ["same"],
            "strides": [2, (1, 2, 1)],
            "dilation_rate": [2, (1, 2, 1)],
            "groups": [2],
            "data_format": ["channels_first"],
            "kernel_size": [1, 3, (1, 2, 3)],
            **COMMON,
        },
        pairs=("padding", "strides", "dilation_rate", "groups", "data_format"),
    ),
    Table(
        "DepthwiseConv1D",
        LINE,
        {"kernel_size": 3},
        {
            "padding": ["same", "causal"],
            "strides": [2],
            "dilation_rate": [2],
            "data_format": ["channels_first"],
            "kernel_size": [1, 2],
            **SEPARABLE,
        },
        pairs=("padding", "strides", "dilation_rate", "data_format", "depth_multiplier"),
    ),
    Table(
        "DepthwiseConv2D",
        IMAGE,
        {"kernel_size": 3},
        {
            "padding": ["same"],
            "strides": [2, 3],
            "dilation_rate": [2, (1, 2)],
            "data_format": ["channels_first"],
            "kernel_size": [1, 2, (3, 2)],
            **SEPARABLE,
        },
        pairs=("padding", "strides", "dilation_rate", "data_format", "depth_multiplier"),
    ),
    Table(
        "SeparableConv1D",
        LINE,
        {"filters": 3, "kernel_size": 3},
        {
            "padding": ["same", "causal"],
            "strides": [2],
            "dilation_rate": [2],
            "data_format": ["channels_first"],
            "kernel_size": [1, 2],
            **SEPARABLE,
            **POINTWISE,
        },
        pairs=("padding", "strides", "dilation_rate", "data_format", "depth_multiplier"),
    ),
    Table(
        "SeparableConv2D",
        IMAGE,
        {"filters": 3, "kernel_size": 3},
        {
            "padding": ["same"],
            "strides": [2],
            "dilation_rate": [2],
            "data_format": ["channels_first"],
            "kernel_size": [1, 2, (3, 2)],
            **SEPARABLE,
            **POINTWISE,
        },
        pairs=("padding", "strides", "dilation_rate", "data_format", "depth_multiplier"),
    ),
    *(
        Table(
            f"Conv{rank}DTranspose",
            shape,
            {"filters": 3, "kernel_size": 3},
            {
                "padding": ["same"],
                "strides": [2, 3],
                "dilation_rate": [2],
                "output_padding": [0, {"output_padding": 1, "strides": 2}],
                "data_format": ["channels_first"],
                "kernel_size": [1, 2, 4],
                **COMMON,
            },
            pairs=("padding", "strides", "kernel_size", "data_format", "output_padding"),
        )
        for rank, shape in ((1, (5, 4)), (2, (4, 5, 3)), (3, (3, 4, 3, 2)))
    ),
    Table(
        "Conv2DTranspose",
        (None, None, 3),
        {"filters": 3, "kernel_size": 3},
        {"padding": ["same"], "strides": [2]},
        pairs=("padding", "strides"),
    ),
    *(
        Table(
            f"LocallyConnected{rank}D",
            shape,
            {"filters": 3, "kernel_size": 2},
            {
                "strides": [2],
                "implementation": [2, 3],
                "use_bias": [False],
                "data_format": ["channels_first"],
                "activation": ["relu"],
            },
        )
        for rank, shape in ((1, (5, 4)), (2, (4, 5, 2)))
    ),
]
