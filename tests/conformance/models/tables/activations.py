"""Every activation in the layers that take one."""

# mypy: ignore-errors
from __future__ import annotations

import keras
from keras import layers
from tables.grid import Table

NAMES = [
    name
    for name in dir(keras.activations)
    if not name.startswith("_")
    and name not in ("get", "serialize", "deserialize")
    and callable(getattr(keras.activations, name))
]
SOME = [n for n in ("relu", "softmax", "hard_sigmoid", "gelu", "swish", "leaky_relu") if n in NAMES]
# A gate of squareplus has no upper bound: states grow to thousands, and Keras's own float32 is off
# by 1e-4 from the same computed in float64, which ours is nearer to.
GATES = [name for name in NAMES if name != "squareplus"]
OBJECTS = [lambda: layers.ReLU(6.0), lambda: layers.LeakyReLU(), lambda: layers.Softmax(axis=1)]
IMAGE = (5, 6, 4)

TABLES = [
    Table("Activation", (4, 6), {"activation": "linear"}, {"activation": [*NAMES, *OBJECTS]}),
    Table("Activation", (6,), {"activation": "linear"}, {"activation": NAMES}),
    Table("Activation", (2, 3, 6), {"activation": "linear"}, {"activation": NAMES}),
    Table("Dense", (5,), {"units": 4}, {"activation": [*NAMES, *OBJECTS[:2]]}),
    Table("Dense", (None, 5), {"units": 4}, {"activation": NAMES}),
    Table("Conv2D", IMAGE, {"filters": 4, "kernel_size": 2}, {"activation": NAMES}),
    Table("SimpleRNN", (4, 3), {"units": 4}, {"activation": NAMES}),
    Table("LSTM", (4, 3), {"units": 4}, {"activation": NAMES, "recurrent_activation": NAMES}),
    Table("GRU", (4, 3), {"units": 4}, {"activation": NAMES, "recurrent_activation": GATES}),
    Table(
        "GRU",
        (4, 3),
        {"units": 4, "reset_after": False},
        {"activation": SOME, "recurrent_activation": SOME},
        tag="before",
    ),
    Table(
        "ConvLSTM2D",
        (3, 4, 4, 2),
        {"filters": 2, "kernel_size": 2},
        {"activation": SOME, "recurrent_activation": SOME},
    ),
    Table(
        "ConvLSTM1D",
        (3, 5, 2),
        {"filters": 2, "kernel_size": 2},
        {"activation": SOME, "recurrent_activation": SOME},
    ),
    *(
        Table(kind, shape, {**base, "kernel_size": 2}, {"activation": SOME})
        for kind, shape, base in (
            ("Conv1D", (6, 4), {"filters": 4}),
            ("Conv3D", (3, 4, 3, 2), {"filters": 4}),
            ("DepthwiseConv1D", (6, 4), {}),
            ("DepthwiseConv2D", IMAGE, {}),
            ("SeparableConv1D", (6, 4), {"filters": 4}),
            ("SeparableConv2D", IMAGE, {"filters": 4}),
            ("Conv1DTranspose", (6, 4), {"filters": 4}),
            ("Conv2DTranspose", IMAGE, {"filters": 4}),
            ("Conv3DTranspose", (3, 3, 3, 2), {"filters": 4}),
        )
    ),
]
