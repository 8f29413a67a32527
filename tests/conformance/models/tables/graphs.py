"""Graphs: several inputs and outputs, repeated, shared and nested parts, names."""

# mypy: ignore-errors
from __future__ import annotations

from keras import Input, Model, Sequential, layers
from tables.grid import MAJOR, Case


def add(name, subject="graph"):
    """Register the decorated function as the builder of a model."""

    def register(build):
        CASES.append(Case(name, subject, build))
        return build

    return register


TABLES = []
CASES = []


@add("calls_out_of_order")
def calls_out_of_order():
    a, b, c = (Input((3,), name=n) for n in "abc")
    shared, other = layers.Dense(3, name="shared"), layers.Dense(3, name="other")
    return Model([a, b, c], [shared(other(shared(a))), shared(b), shared(c)])


@add("three_deep")
def three_deep():
    def inner(depth):
        x = Input((3,))
        y = layers.Dense(3, name=f"d{depth}")(x)
        return Model(x, inner(depth - 1)(y) if depth else y, name=f"m{depth}")

    x = Input((3,))
    return Model(x, inner(3)(x))


@add("mixed_nesting")
def mixed_nesting():
    x = Input((4, 3))
    branch = Sequential(
        [
            Input((4, 3)),
            layers.Conv1D(3, 2, padding="same"),
            Sequential([Input((4, 3)), layers.Dense(3)]),
        ]
    )
    y = Input((4, 3))
    two = Model(y, [branch(y), layers.Dense(2)(y)])
    one, other = two(x)
    again, _ = two(one)
    return Model(x, [other, again])


@add("sorted_names")
def sorted_names():
    a, b = Input((3,), name="zz"), Input((3,), name="aa")
    return Model({"x": a, "b": b}, {"second": layers.Dense(2)(a), "first": layers.Dense(2)(b)})


@add("ten_of_a_class")
def ten_of_a_class():
    x = y = Input((3,))
    for _ in range(12):
        y = layers.Dense(3)(y)
    return Model(x, y)


@add("shadowed_names")
def shadowed_names():
    x = Input((3,), name="constructor")
    y = layers.Dense(3, name="toString")(x)
    return Model(x, layers.Dense(3, name="kernel")(y), name="Model")


@add("odd_names")
def odd_names():
    x = Input((3,), name="_x" if MAJOR == 3 else "x_")
    y = layers.Dense(3, name="a b+c" if MAJOR == 3 else "a.b-c")(x)
    z = layers.Dense(3, name="ä" if MAJOR == 3 else "a_b")(y)
    return Model(x, layers.Dense(2, name="1")(z))


@add("residual_reuse")
def residual_reuse():
    x = Input((4, 4, 3))
    block = Model(x, layers.Add()([x, layers.Conv2D(3, 3, padding="same")(x)]))
    top = Input((4, 4, 3))
    return Model(top, block(block(block(top))))


@add("siamese")
def siamese():
    a, b, x = Input((4, 3)), Input((4, 3)), Input((4, 3))
    tower = Model(x, layers.LSTM(3)(x))
    return Model([a, b], layers.Dot(1, normalize=True)([tower(a), tower(b)]))


@add("unused_input")
def unused_input():
    a, b = Input((3,)), Input((2,))
    return Model([a, b], layers.Dense(2)(a))


@add("unused_branch")
def unused_branch():
    a = Input((3,))
    layers.Dense(4, name="dead")(a)
    return Model(a, layers.Dense(2)(a))


@add("input_is_output")
def input_is_output():
    a = Input((3,))
    return Model(a, a)


@add("several_in_out_nested")
def several_in_out_nested():
    a, b, x, y = Input((3,)), Input((2,)), Input((3,)), Input((2,))
    inner = Model([x, y], [layers.Dense(2)(x), layers.Concatenate()([x, y]), y])
    first, second, third = inner([a, b])
    return Model([b, a], [third, first, layers.Dense(2)(second)])


@add("frozen_nested")
def frozen_nested():
    x, top = Input((4,)), Input((4,))
    inner = Model(
        x, layers.BatchNormalization()(layers.Dense(4)(layers.Dense(4, trainable=False)(x)))
    )
    inner.trainable = False
    return Model(top, layers.Dense(2)(inner(top)))


@add("fixed_batch")
def fixed_batch():
    x = Input(batch_shape=(3, 4, 3))
    return Model(x, layers.LSTM(2)(x))


@add("fixed_batch_ops")
def fixed_batch_ops():
    x = Input(batch_shape=(3, 4, 3))
    return Model(x, layers.Flatten()(layers.Dense(2)(x * 2.0 - 1.0)))


for _dtype in (
    "float16",
    "float64",
    "bfloat16",
    "int32",
    "int64",
    "uint8",
    "int8",
    "int16",
    "uint16",
    "uint32",
    "bool",
):

    @add(f"input_{_dtype}", f"dtype {_dtype}")
    def of_dtype(dtype=_dtype):
        x = Input((4,), dtype=dtype)
        return Model(x, layers.Dense(2)(layers.Rescaling(0.5)(x)))


@add("autoencoder")
def autoencoder():
    x = Input((8, 8, 1))
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    y = layers.MaxPooling2D(2, padding="same")(y)
    y = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(y)
    return Model(x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y))


@add("unet")
def unet():
    x = Input((8, 8, 2))
    down = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    low = layers.Conv2D(4, 3, padding="same")(layers.MaxPooling2D(2)(down))
    up = layers.UpSampling2D(2, interpolation="bilinear")(low)
    return Model(x, layers.Conv2D(1, 1)(layers.Concatenate()([up, down])))


@add("transformer")
def transformer():
    ids = Input((6,), dtype="int32")
    x = layers.Embedding(6, 8)(ids)
    for _ in range(2):
        y = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
        x = layers.LayerNormalization()(layers.Add()([x, y]))
        y = layers.Dense(8)(layers.Dense(16, activation="gelu")(x))
        x = layers.LayerNormalization()(x + y)
    return Model(ids, layers.Dense(6, activation="softmax")(x))


@add("squeeze_excite")
def squeeze_excite():
    x = Input((6, 6, 4))
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = layers.Conv2D(4, 1, activation="hard_sigmoid")(layers.Conv2D(2, 1, activation="swish")(s))
    return Model(x, layers.Multiply()([x, s]))


@add("mixer")
def mixer():
    x = Input((4, 6))
    y = layers.Permute((2, 1))(layers.Dense(4, activation="gelu")(layers.Permute((2, 1))(x)))
    return Model(x, layers.GlobalAveragePooling1D()(x + y))


@add("captioner")
def captioner():
    image, words = Input((6, 6, 3)), Input((None,), dtype="int32")
    seen = layers.Dense(4)(layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image)))
    spoken = layers.Embedding(6, 4, mask_zero=True)(words)
    return Model(
        [image, words], layers.Dense(6)(layers.LSTM(4)(spoken, initial_state=[seen, seen]))
    )
