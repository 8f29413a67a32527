"""Functions of TensorFlow in a model of Keras 2."""

# mypy: ignore-errors
# ruff: noqa: B008 - a default keeps what a loop goes on from
from __future__ import annotations

import numpy as np
from tables.grid import MAJOR, functional, spelled

A, C = (4, 6), (3, 4, 6)
PER_FEATURE = np.array([0.5, -1.0, 2.0, 1.5, -0.25, 3.0], np.float32)


def cases():
    """Yield functions by their names in TensorFlow, with the forms of arguments models use."""
    import tensorflow as tf

    def case(name, tag, given, call):
        return functional(f"tf.{name}.{tag}", f"tf.{name}", given, call)

    def named(path):
        found = tf
        for part in path.split("."):
            found = getattr(found, part)
        return found

    for module, names in ONE.items():
        for name in names:
            path = f"{module}.{name}".lstrip(".")
            for key, given in (
                ("2", A),
                ("1", (6,)),
                ("3", C),
                ("n", (None, 6)),
                ("int", ("int32", 4, 6)),
                ("bool", ("bool", 4, 6)),
            ):
                yield case(path, key, given, lambda x, f=named(path): f(x))
            for key, within in (("square", tf.square), ("tanh", tf.tanh)):  # into their domains
                yield case(path, f"of_{key}", A, lambda x, f=named(path), g=within: f(g(x)))
    for path in TWO:
        function = named(path)
        for key, given in (
            *(("same", [A, A]), ("row", [A, (1, 6)]), ("rank", [A, (6,)]), ("matrix", [A, (6, 3)])),
            *(("int", [("int32", 4, 6)] * 2), ("bool", [("bool", 4, 6)] * 2), ("rank4", [C, C])),
        ):
            yield case(path, key, given, lambda x, y, f=function: f(x, y))
        for key, constant in (
            ("two", 2.0),
            ("half", 0.5),
            ("minus", -1.5),
            ("array", PER_FEATURE),
            ("tensor", tf.constant(PER_FEATURE)),
        ):
            yield case(path, f"by.{key}", A, lambda x, f=function, c=constant: f(x, c))
            yield case(path, f"of.{key}", A, lambda x, f=function, c=constant: f(c, x))
        yield case(path, "itself", A, lambda x, f=function: f(x, x))
        yield case(path, "int.by.two", ("int32", 4, 6), lambda x, f=function: f(x, 2))
    for path in REDUCED:
        for axis in (None, -1, 1, 2, [1, 2]):
            for keepdims in (False, True):
                for key, given in (("f", A), ("3", C), ("int", ("int32", 4, 6)), ("n", (None, 6))):
                    yield case(
                        path,
                        f"axis-{spelled(axis)}.keep-{keepdims}.{key}",
                        given,
                        lambda x, f=named(path), a=axis, k=keepdims: f(x, axis=a, keepdims=k),
                    )
    for name, given, call in SHAPED(tf):
        yield case(name.split("/")[0], name.split("/")[-1], given, call)


ONE = {
    "math": (
        *(
            "abs",
            "acos",
            "asin",
            "atan",
            "ceil",
            "cos",
            "cosh",
            "cumsum",
            "cumprod",
            "digamma",
            "erf",
        ),
        *(
            "exp",
            "expm1",
            "floor",
            "is_finite",
            "is_nan",
            "l2_normalize",
            "log",
            "log1p",
            "log_sigmoid",
        ),
        *(
            "log_softmax",
            "logical_not",
            "negative",
            "reciprocal",
            "reciprocal_no_nan",
            "rint",
            "round",
        ),
        *(
            "rsqrt",
            "sigmoid",
            "sign",
            "sin",
            "sinh",
            "softmax",
            "softplus",
            "softsign",
            "sqrt",
            "square",
        ),
        *("tan", "tanh", "argmax", "argmin"),
    ),
    "nn": (
        "relu",
        "relu6",
        "elu",
        "selu",
        "silu",
        "swish",
        "gelu",
        "leaky_relu",
        "crelu",
        "l2_normalize",
    ),
    "": (
        "identity",
        "ones_like",
        "zeros_like",
        "stop_gradient",
        "shape",
        "size",
        "rank",
        "sort",
        "argsort",
    ),
    "keras.backend": (
        "abs",
        "exp",
        "log",
        "sqrt",
        "square",
        "sigmoid",
        "hard_sigmoid",
        "tanh",
        "softmax",
        "relu",
        "elu",
        "softplus",
        "softsign",
        "sum",
        "mean",
        "max",
        "min",
        "flatten",
        "batch_flatten",
        "l2_normalize",
    ),
}
TWO = (
    *("math.add", "math.subtract", "math.multiply", "math.divide", "math.truediv", "math.pow"),
    *("math.maximum", "math.minimum", "math.squared_difference", "math.floordiv", "math.floormod"),
    *("math.divide_no_nan", "math.equal", "math.not_equal", "math.greater", "math.greater_equal"),
    *("math.less", "math.less_equal", "math.logical_and", "math.logical_or", "math.atan2"),
    *("linalg.matmul", "math.multiply_no_nan"),
)
REDUCED = (
    *(
        "math.reduce_sum",
        "math.reduce_mean",
        "math.reduce_max",
        "math.reduce_min",
        "math.reduce_prod",
    ),
    *(
        "math.reduce_std",
        "math.reduce_variance",
        "math.reduce_logsumexp",
        "math.reduce_any",
        "norm",
    ),
)


def SHAPED(tf):
    """Return functions with attributes of their own."""
    return [
        *(
            (f"concat/{axis}", [A, A], lambda x, y, a=axis: tf.concat([x, y], a))
            for axis in (1, 2, -1)
        ),
        *(
            (f"stack/{axis}", [A, A], lambda x, y, a=axis: tf.stack([x, y], a))
            for axis in (1, 2, 3, -1)
        ),
        *((f"unstack/{axis}", A, lambda x, a=axis: tf.unstack(x, axis=a)) for axis in (1, 2, -1)),
        *(
            (f"split/{n}_{axis}", A, lambda x, n=n, a=axis: tf.split(x, n, a))
            for n in (2, [1, 3])
            for axis in (1,)
        ),
        *(
            (f"split/{spelled(n)}_last", A, lambda x, n=n: tf.split(x, n, -1))
            for n in (2, 3, [1, 2, 3])
        ),
        *(
            (f"reshape/{spelled(s)}", A, lambda x, s=s: tf.reshape(x, s))
            for s in ([-1, 24], [-1, 6, 4], [-1, 2, 2, 6], [-1, 6])
        ),
        *(
            (f"transpose/{spelled(p)}", C, lambda x, p=p: tf.transpose(x, p))
            for p in ([0, 2, 1, 3], [0, 3, 1, 2], [1, 0, 2, 3])
        ),
        *((f"expand_dims/{a}", A, lambda x, a=a: tf.expand_dims(x, a)) for a in (1, 2, 3, -1)),
        *((f"squeeze/{a}", (4, 1, 6), lambda x, a=a: tf.squeeze(x, a)) for a in (2, -2)),
        *(
            (f"clip_by_value/{lo}_{hi}", A, lambda x, a=lo, b=hi: tf.clip_by_value(x, a, b))
            for lo, hi in ((0.0, 1.0), (-1.0, 0.5))
        ),
        *(
            (f"pad/{m}_{v}", A, lambda x, m=m, v=v: tf.pad(x, [[0, 0], [1, 2], [0, 1]], m, v))
            for m in ("CONSTANT", "REFLECT", "SYMMETRIC")
            for v in (0, 2.0)
        ),
        *(
            (f"cast/{d}", A, lambda x, d=d: tf.cast(x, d))
            for d in ("float32", "int32", "bool", "float16")
        ),
        *(
            (f"cast/of_int_{d}", ("int32", 4, 6), lambda x, d=d: tf.cast(x, d))
            for d in ("float32", "bool")
        ),
        *(
            (f"tile/{spelled(n)}", A, lambda x, n=n: tf.tile(x, n))
            for n in ([1, 2, 1], [1, 1, 3], [2, 1, 1])
        ),
        *(
            (f"reverse/{spelled(a)}", A, lambda x, a=a: tf.reverse(x, a))
            for a in ([1], [2], [1, 2])
        ),
        *((f"gather/{a}", A, lambda x, a=a: tf.gather(x, [0, 2], axis=a)) for a in (1, 2)),
        *((f"one_hot/{n}", ("int32", 4), lambda x, n=n: tf.one_hot(x, n)) for n in (7,)),
        *((f"roll/{s}", A, lambda x, s=s: tf.roll(x, s, 1)) for s in (1, -1)),
        *((f"repeat/{a}", A, lambda x, a=a: tf.repeat(x, 2, axis=a)) for a in (1, 2)),
        *((f"nn.softmax/{a}", A, lambda x, a=a: tf.nn.softmax(x, axis=a)) for a in (1, 2, -1, -2)),
        *((f"nn.log_softmax/{a}", A, lambda x, a=a: tf.nn.log_softmax(x, axis=a)) for a in (1, -1)),
        *(
            (f"nn.leaky_relu/{a}", A, lambda x, a=a: tf.nn.leaky_relu(x, alpha=a))
            for a in (0.0, 0.1, 0.5)
        ),
        *((f"nn.gelu/{a}", A, lambda x, a=a: tf.nn.gelu(x, approximate=a)) for a in (True, False)),
        *(
            (f"linalg.matmul/{k}", [A, A], lambda x, y, k=k: tf.linalg.matmul(x, y, **{k: True}))
            for k in ("transpose_a", "transpose_b")
        ),
        *((f"nn.bias_add/{n}", A, lambda x: tf.nn.bias_add(x, PER_FEATURE)) for n in (1,)),
        *(
            (
                f"nn.{k}_pool2d/{p}",
                (4, 6, 2),
                lambda x, k=k, p=p: getattr(tf.nn, f"{k}_pool2d")(x, 2, 2, p),
            )
            for k in ("max", "avg")
            for p in ("SAME", "VALID")
        ),
        *(
            (f"image.resize/{m}", (4, 6, 2), lambda x, m=m: tf.image.resize(x, (6, 5), m))
            for m in ("bilinear", "nearest", "bicubic", "area")
        ),
        *((f"where/{n}", [("bool", 4, 6), A, A], lambda c, x, y: tf.where(c, x, y)) for n in (1,)),
        *(
            (f"einsum/{spelled(e)}", [A, (6, 3)], lambda x, y, e=e: tf.einsum(e, x, y))
            for e in ("bij,bjk->bik",)
        ),
        *(
            (
                f"keras.backend.{n}/shape",
                A,
                lambda x, n=n: getattr(tf.keras.backend, n)(x, axis=-1, keepdims=True),
            )
            for n in ("sum", "mean", "max", "min", "var", "std")
        ),
        *(
            (
                f"keras.backend.permute_dimensions/{n}",
                A,
                lambda x: tf.keras.backend.permute_dimensions(x, (0, 2, 1)),
            )
            for n in (1,)
        ),
        *(
            (
                f"keras.backend.{n}/two",
                [A, A],
                lambda x, y, n=n: getattr(tf.keras.backend, n)([x, y]),
            )
            for n in ("concatenate", "stack")
        ),
        *(
            (
                f"keras.backend.batch_dot/{n}",
                [A, (6, 3)],
                lambda x, y: tf.keras.backend.batch_dot(x, y),
            )
            for n in (1,)
        ),
        *(
            (f"keras.activations.{n}/f", A, lambda x, n=n: getattr(tf.keras.activations, n)(x))
            for n in (
                "elu",
                "exponential",
                "gelu",
                "hard_sigmoid",
                "linear",
                "mish",
                "relu",
                "selu",
                "sigmoid",
                "softmax",
                "softplus",
                "softsign",
                "swish",
                "tanh",
            )
        ),
    ]


TABLES = []
CASES = list(cases()) if MAJOR == 2 else []
