"""Recurrent layers; a call may pass the initial states after the sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.companion_activations import inner_activation
from tfjs_serve.layers_format.catalog.core import LEGACY_INPUT
from tfjs_serve.layers_format.catalog.shapes import conv_lengths, known, only_input, per_axis
from tfjs_serve.layers_format.catalog.spec import (
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    OutputShapes,
    Shape,
    ShapeError,
    Weights,
)


def _steps(states: int) -> OutputShapes:
    """Return the shape rule of a layer with so many states of `units` each."""

    def output_shapes(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        batch, time, _ = sequence = _sequence(shapes)
        known(sequence, 2, "number of features")
        if len(shapes) not in (1, 1 + states) or any(
            shape[1:] != (config["units"],) for shape in shapes[1:]
        ):
            given = ", ".join(map(str, shapes[1:]))
            raise ShapeError(f"needs {states} states of {config['units']} units, got {given}")
        state: Shape = (batch, config["units"])
        output = (batch, time, config["units"]) if config["return_sequences"] else state
        return (output, *((state,) * states if config["return_state"] else ()))

    return output_shapes


def _sequence(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of the sequence, which comes before any initial states."""
    return only_input(shapes[:1], 3)


def _gates(count: int) -> Weights:
    """Return the weight rule of a cell with so many gates."""

    def weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
        features = known(_sequence(shapes), 2, "number of features")
        units = config["units"]
        return _cell(config, (features, count * units), (units, count * units))

    return weights


def _conv_lstm(axes: int) -> OutputShapes:
    """Return the shape rule of a ConvLSTM over so many spatial axes, channels last."""

    def output_shapes(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        batch, time, *sides, _ = only_input(shapes, axes + 3)
        known(shapes[0], axes + 2, "number of channels")
        lengths = conv_lengths(
            sides,
            per_axis(config, "kernel_size", axes),
            config["padding"],
            per_axis(config, "strides", axes),
            per_axis(config, "dilation_rate", axes),
        )
        state: Shape = (batch, *lengths, config["filters"])
        output = (batch, time, *state[1:]) if config["return_sequences"] else state
        return (output, *((state, state) if config["return_state"] else ()))

    return output_shapes


def _conv_lstm_weights(axes: int) -> Weights:
    """Return its weight rule."""

    def weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
        channels = known(only_input(shapes, axes + 3), axes + 2, "number of channels")
        window, filters = per_axis(config, "kernel_size", axes), config["filters"]
        return _cell(config, (*window, channels, 4 * filters), (*window, filters, 4 * filters))

    return weights


def _cell(
    config: Config, kernel: tuple[int, ...], recurrent_kernel: tuple[int, ...]
) -> tuple[ExpectedWeight, ...]:
    made = (
        ExpectedWeight("kernel", kernel),
        ExpectedWeight("recurrent_kernel", recurrent_kernel),
    )
    return (*made, ExpectedWeight("bias", kernel[-1:])) if config["use_bias"] else made


_COMMON: Mapping[str, Field] = {
    # As null, SimpleRNN of tfjs would take tanh where Keras takes linear: a name is needed.
    "activation": inner_activation("tanh"),
    "use_bias": fields.flag(True),
    **fields.weight("kernel", "glorot_uniform"),
    **fields.weight("recurrent", "orthogonal"),
    **fields.weight("bias", "zeros"),
    **fields.ACTIVITY,
    "dropout": fields.rate(0.0),
    "recurrent_dropout": fields.rate(0.0),
    "return_sequences": fields.flag(False),
    "return_state": fields.flag(False),
    "go_backwards": fields.flag(False),
    "stateful": fields.flag(False),
    # tfjs always loops, always multiplies in one piece, and has the batch axis first.
    "unroll": fields.anything(),
    "implementation": fields.anything(),
    "use_cudnn": fields.anything(),
    "time_major": fields.only(False),
    # No accepted layer makes a mask.
    "zero_output_for_mask": fields.anything(),
    "seed": fields.anything(),
    **LEGACY_INPUT,
}

GATED: Mapping[str, Field] = {
    **_COMMON,
    # Keras went from hard_sigmoid to sigmoid and back: a file without it is ambiguous.
    "recurrent_activation": inner_activation(),
}

_LSTM: Mapping[str, Field] = {**GATED, "unit_forget_bias": fields.flag(True)}


def conv_lstm(
    axes: int, *, source: str, go_backwards: Field, needs_companion: bool = False
) -> LayerSpec:
    """Return what is known of a ConvLSTM over so many spatial axes."""
    return LayerSpec(
        source=source,
        fields={
            "filters": fields.positive(),
            "kernel_size": fields.window(axes),
            "strides": fields.window(axes, (1,) * axes),
            "padding": fields.padding(),
            # It convolves with NCHW, which the wasm backend has not.
            "data_format": fields.only("channels_last", is_read=True),
            "dilation_rate": fields.window(axes, (1,) * axes),
            **_LSTM,
            "stateful": fields.only(False, is_read=True),
            "go_backwards": go_backwards,
        },
        output_shapes=_conv_lstm(axes),
        weights=_conv_lstm_weights(axes),
        bound_from=2,
        needs_companion=needs_companion,
    )


LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "SimpleRNN": LayerSpec(
            source="layers/recurrent.ts",
            fields={"units": fields.positive(), **_COMMON},
            output_shapes=_steps(1),
            weights=_gates(1),
            inputs=(1, 2),
        ),
        "GRU": LayerSpec(
            source="layers/recurrent.ts",
            fields={
                "units": fields.positive(),
                **GATED,
                # Keras before 2.3 did not write it, and knew nothing else.
                "reset_after": fields.only(False, is_read=True),
            },
            output_shapes=_steps(1),
            weights=_gates(3),
            inputs=(1, 2),
        ),
        "LSTM": LayerSpec(
            source="layers/recurrent.ts",
            fields={"units": fields.positive(), **_LSTM},
            output_shapes=_steps(2),
            weights=_gates(4),
            inputs=(1, 3),
        ),
        "ConvLSTM2D": conv_lstm(
            2,
            source="layers/convolutional_recurrent.ts",
            # The webgl backend cannot reverse a tensor of rank 5.
            go_backwards=fields.only(False, is_read=True),
        ),
    }
)
