"""Recurrent layers and their cells, with every option, in the wrappers that take them."""

# mypy: ignore-errors
from __future__ import annotations

from keras import layers
from tables.grid import MAJOR, Table, functional, spelled

SEQUENCE = (5, 3)
RNN = {
    "return_sequences": [True],
    "go_backwards": [True],
    "use_bias": [False],
    "unroll": [True],
    "dropout": [0.3],
    "recurrent_dropout": [0.3],
    "stateful": [],
    "recurrent_initializer": ["glorot_uniform"],
    "kernel_regularizer": ["l2"],
    "recurrent_regularizer": ["l1"],
    "recurrent_constraint": ["max_norm"],
    "units": [1, 4],
}
PAIRS = ("return_sequences", "go_backwards", "use_bias", "unroll")
KINDS = {
    "SimpleRNN": [{}],
    "LSTM": [{}, {"unit_forget_bias": False}],
    "GRU": [{}, {"reset_after": False}],
}


def made(kind, **arguments):
    """Return a recurrent layer of two units."""
    return getattr(layers, kind)(2, **arguments)


def bidirectional(kind, arguments, wrapper):
    """Return a function of a sequence."""
    return lambda x: layers.Bidirectional(made(kind, **arguments), **wrapper)(x)


def options():
    """Yield names and arguments of the recurrent kinds in both forms of GRU."""
    for kind, variants in KINDS.items():
        for variant in variants:
            yield kind, variant


def wrapped():
    """Yield every kind in Bidirectional, TimeDistributed, RNN(cell) and stacked cells."""
    for kind, variant in options():
        tag = ".".join([kind, *map(str, variant)])
        for merge in ("sum", "mul", "concat", "ave", None):
            for sequences in (False, True):
                for masked in (False, True):
                    name = f"Bidirectional.{tag}.{merge}.{'seq' if sequences else 'last'}"

                    def function(x, kind=kind, variant=variant, m=merge, s=sequences, k=masked):
                        x = layers.Masking()(x) if k else x
                        inner = made(kind, return_sequences=s, **variant)
                        return layers.Bidirectional(inner, merge_mode=m)(x)

                    yield functional(
                        name + (".masked" if masked else ""), "Bidirectional", SEQUENCE, function
                    )
        for name, function in {
            "state": lambda x, k=kind, v=variant: made(k, return_state=True, **v)(x),
            "state.seq": lambda x, k=kind, v=variant: made(
                k, return_state=True, return_sequences=True, **v
            )(x),
            "masked": lambda x, k=kind, v=variant: made(k, **v)(layers.Masking()(x)),
            "masked.seq": lambda x, k=kind, v=variant: made(k, return_sequences=True, **v)(
                layers.Masking()(x)
            ),
            "masked.backwards": lambda x, k=kind, v=variant: made(
                k, return_sequences=True, go_backwards=True, **v
            )(layers.Masking()(x)),
            "masked.state": lambda x, k=kind, v=variant: made(k, return_state=True, **v)(
                layers.Masking()(x)
            ),
            "masked.zero_output": lambda x, k=kind, v=variant: made(
                k, return_sequences=True, zero_output_for_mask=True, **v
            )(layers.Masking()(x)),
            "stacked.layers": lambda x, k=kind, v=variant: made(k, **v)(
                made(k, return_sequences=True, **v)(x)
            ),
            "stacked.masked": lambda x, k=kind, v=variant: made(k, **v)(
                made(k, return_sequences=True, **v)(layers.Masking()(x))
            ),
            "decoder": lambda x, k=kind, v=variant: decoder(x, k, v),
        }.items():
            yield functional(f"{tag}.{name}", kind, SEQUENCE, function)
            yield functional(f"{tag}.{name}.long", kind, (None, 3), function)
        for count in (1, 2, 3):
            cell = f"{kind}Cell"
            for sequences in (False, True):

                def stacked(x, cell=cell, variant=variant, n=count, s=sequences):
                    cells = [getattr(layers, cell)(2 + i, **variant) for i in range(n)]
                    return layers.RNN(cells if n > 1 else cells[0], return_sequences=s)(x)

                tail = "seq" if sequences else "last"
                yield functional(f"RNN.{tag}.{count}.{tail}", cell, SEQUENCE, stacked)

        def explicit(x, cell=cell, variant=variant):
            cells = [getattr(layers, cell)(2, **variant) for _ in range(2)]
            return layers.RNN(layers.StackedRNNCells(cells), go_backwards=True)(x)

        yield functional(f"StackedRNNCells.{tag}", "StackedRNNCells", SEQUENCE, explicit)
        yield functional(
            f"TimeDistributed.{tag}",
            "TimeDistributed",
            (2, 4, 3),
            lambda x, k=kind, v=variant: layers.TimeDistributed(made(k, **v))(x),
        )
        yield functional(
            f"Bidirectional.backward_layer.{tag}",
            "Bidirectional",
            SEQUENCE,
            lambda x, k=kind, v=variant: layers.Bidirectional(
                made(k, **v), backward_layer=made(k, go_backwards=True, **v)
            )(x),
        )
        yield functional(
            f"Bidirectional.state.{tag}",
            "Bidirectional",
            SEQUENCE,
            lambda x, k=kind, v=variant: layers.Bidirectional(made(k, return_state=True, **v))(x),
        )
        for dropped in ("dropout", "recurrent_dropout"):
            yield functional(
                f"Bidirectional.{dropped}.{tag}",
                "Bidirectional",
                SEQUENCE,
                lambda x, k=kind, v=variant, d=dropped: layers.Bidirectional(
                    made(k, **{d: 0.2}, **v)
                )(x),
            )


def decoder(x, kind, variant):
    """Return a decoder that starts with an encoder's states."""
    _, *states = made(kind, return_state=True, **variant)(x)
    return made(kind, return_sequences=True, **variant)(x, initial_state=states)


CONV = {
    "padding": ["same"],
    "strides": [2],
    "return_sequences": [True],
    "go_backwards": [True],
    "use_bias": [False],
    "data_format": [],
    "dilation_rate": [2],
    "recurrent_activation": ["sigmoid", "hard_sigmoid"],
    "kernel_size": [1, 3],
}
TABLES = [
    *(
        Table(kind, shape, {"units": 2, **variant}, RNN, PAIRS, tag=spelled([*variant]))
        for kind, variant in options()
        for shape in (SEQUENCE, (1, 3))
    ),
    *(
        Table(
            kind,
            (None, 3),
            {"units": 2, **variant},
            {k: RNN[k] for k in PAIRS[:3]},
            PAIRS[:3],
            tag=spelled([*variant]),
        )
        for kind, variant in options()
    ),
    Table("GRU", (24, 2), {"units": 2}, {"return_sequences": [True]}),
    Table("GRU", (25, 2), {"units": 2}, {"return_sequences": [True]}),
    *(
        Table(
            f"ConvLSTM{rank}D",
            (3, *((5,) * rank), 2),
            {"filters": 2, "kernel_size": 2},
            CONV,
            pairs=("padding", "return_sequences", "go_backwards", "kernel_size"),
        )
        for rank in (1, 2, 3)
    ),
]
CASES = list(wrapped())
if MAJOR == 2:
    CASES.append(
        functional(
            "CuDNN.LSTM",
            "LSTM",
            (None, 3),
            lambda x: __import__("tensorflow").compat.v1.keras.layers.CuDNNLSTM(2)(x),
        )
    )
