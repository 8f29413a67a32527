"""Every layer class in every context: Sequential, nested, shared, wrapped, of another dtype."""

# mypy: ignore-errors
# ruff: noqa: B008 - a default keeps what a loop goes on from
from __future__ import annotations

import keras
from keras import Input, Model, Sequential, layers
from tables import attention, convolution, core, pooling, recurrent, regularization
from tables.grid import MAJOR, Case, inputs_of


def sequential(make, given):
    """Return the layer in a Sequential model."""
    return Sequential([inputs_of(given)[0], make()])


def sequential_plain(make, given):
    """Return the layer in a Sequential model that knows its shape from the layer alone."""
    if MAJOR == 3:
        model = Sequential([make()])
        shape = given[1:] if given and isinstance(given[0], str) else given
        model.build((None, *shape))
        return model
    shape = given[1:] if given and isinstance(given[0], str) else given
    first = make()
    config = {**first.get_config(), "batch_input_shape": (None, *shape)}
    return Sequential([type(first).from_config(config)])


def nested(make, given):
    """Return the layer in a model in a model."""
    (x,), (outer,) = inputs_of(given), inputs_of(given)
    return Model(outer, Model(x, make()(x))(outer))


def nested_sequential(make, given):
    """Return the layer in a Sequential in a Sequential."""
    return Sequential([inputs_of(given)[0], Sequential([inputs_of(given)[0], make()])])


def shared(make, given):
    """Return one layer on two inputs."""
    a, b = inputs_of([given, given])
    layer = make()
    return Model([a, b], [layer(a), layer(b)])


def shared_model(make, given):
    """Return one model on two inputs, one after the other."""
    (x,), (a, b) = inputs_of(given), inputs_of([given, given])
    inner = Model(x, make()(x))
    return Model([a, b], [inner(b), inner(a)])


def twins(make, given):
    """Return two models that hold layers of one name."""
    inners = []
    for _ in range(2):
        (x,) = inputs_of(given)
        layer = make()
        layer._name = "same"
        inners.append(Model(x, layer(x)))
    (outer,) = inputs_of(given)
    return Model(outer, [inner(outer) for inner in inners])


def distributed(make, given):
    """Return the layer in TimeDistributed."""
    dtype, shape = (
        (given[0], given[1:]) if given and isinstance(given[0], str) else ("float32", given)
    )
    x = Input((3, *shape), dtype=dtype)
    return Model(x, layers.TimeDistributed(make())(x))


def twice_distributed(make, given):
    """Return the layer in a TimeDistributed model."""
    dtype, shape = (
        (given[0], given[1:]) if given and isinstance(given[0], str) else ("float32", given)
    )
    (inner,) = inputs_of(given)
    x = Input((3, *shape), dtype=dtype)
    return Model(x, layers.TimeDistributed(Model(inner, make()(inner)))(x))


def twice(make, given):
    """Return one layer's output as two outputs of the model."""
    (x,) = inputs_of(given)
    y = make()(x)
    return Model(x, [y, y])


def beside_input(make, given):
    """Return the layer beside the input as it is."""
    (x,) = inputs_of(given)
    return Model(x, [x, make()(x)])


def spectral(make, given):
    """Return the layer in SpectralNormalization."""
    (x,) = inputs_of(given)
    return Model(x, layers.SpectralNormalization(make())(x))


def policy(name):
    """Return a context of a dtype policy; its twin computes in the floats that browsers have."""

    def build(make, given):
        set_policy = (
            keras.mixed_precision.set_global_policy if MAJOR == 2 else keras.config.set_dtype_policy
        )
        set_policy(name)
        try:
            model = nested(make, given)
        finally:
            set_policy("float32")
        return model, nested(make, given)

    return build


CONTEXTS = {
    **{"sequential": sequential, "sequential_plain": sequential_plain, "nested": nested},
    **{"nested_sequential": nested_sequential, "shared": shared, "shared_model": shared_model},
    **{"twins": twins, "TimeDistributed": distributed, "TimeDistributed.model": twice_distributed},
    **{"twice": twice, "beside_input": beside_input, "SpectralNormalization": spectral},
}
POLICIES = ("float16", "mixed_bfloat16")


def cases():
    """Yield the plain form of each class, once, in every context."""
    done = set()
    for module in (core, convolution, pooling, regularization, recurrent, attention):
        for table in module.TABLES:
            if (
                table.kind in done
                or isinstance(table.given, list)
                or not hasattr(layers, table.kind)
            ):
                continue
            if table.given and table.given[0] == "string":
                continue
            done.add(table.kind)

            def make(table=table):
                return getattr(layers, table.kind)(**table.base)

            for name, context in CONTEXTS.items():
                yield Case(
                    f"{name}.{table.kind}",
                    f"context {name.split('.')[0]}",
                    lambda c=context, m=make, g=table.given: c(m, g),
                    # A Sequential model without an InputLayer feeds indices as floats.
                    table.draws_whole_numbers or "Embedding" in table.kind,
                )
            for name in POLICIES:
                yield Case(
                    f"{name}.{table.kind}",
                    f"dtype {name}",
                    lambda c=policy(name), m=make, g=table.given: c(m, g),
                    table.draws_whole_numbers,
                )


TABLES = []
CASES = list(cases())
