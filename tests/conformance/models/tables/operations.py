"""Every function of keras.ops, with every form of arguments that Keras takes; Keras 3 only.

A form that Keras itself does not take is no model and is left out; what is refused is listed.
"""

# mypy: ignore-errors
from __future__ import annotations

import inspect
import operator

import keras
import numpy as np
from tables import operation_forms
from tables.grid import MAJOR, functional, spelled

A, B, C = (4, 6), (4, 6), (3, 4, 6)
SHAPES = {"2": (4, 6), "3": (2, 4, 6), "n": (None, 6), "1": (6,)}
PER_FEATURE = np.array([0.5, -1.0, 2.0, 1.5, -0.25, 3.0], np.float32)

ATTRIBUTES = {
    "axis": [None, -1, 1, 2, (1, 2), [1]],
    "keepdims": [True],
    "axes": [(0, 2, 1), 1],
    "approximate": [False, True],
    "shift": [1, -2],
    "repeats": [2],
    "newshape": [(-1, 24), (-1, 6, 4), (-1, 4, 2, 3)],
    "pad_width": [((0, 0), (1, 2), (0, 0)), ((0, 0), (0, 0), (2, 1)), 0],
    "indices_or_sections": [2, 3, (1, 3)],
    "threshold": [0.3],
    "negative_slope": [0.3],
    "alpha": [0.5],
    "decimals": [1],
    "k": [0, 1, 2],
    "n": [1, 2],
    "num_classes": [7],
    "shape": [(3, 4, 6)],
    "dtype": ["int32", "float32", "bool", "float16"],
    "axis1": [1],
    "axis2": [2],
    "source": [1],
    "destination": [2],
    "offset": [1],
    "exclusive": [True],
    "correction": [1],
    "initial": [0.0],
    "order": [1],
    "ord": [1, 2, "inf"],
    "x_min": [-1.0],
    "x_max": [1.0],
    "pool_size": [2],
    "padding": ["same"],
    "strides": [1],
    "output_size": [2],
    "reps": [(1, 2, 1)],
    "q": [0.5],
    "subscripts": [],
    "sparse": [],
    "sorted": [False],
    "indices": [1, [0, 2], [[0, 1], [2, 1]]],
    "size": [(6, 8)],
    "interpolation": ["nearest"],
    "data_format": ["channels_first"],
    "target_height": [3],
    "target_width": [5],
}
NEEDED = {
    "x_min": -1.0,
    "x_max": 1.0,
    "newshape": (-1, 24),
    "pad_width": ((0, 0), (1, 2), (0, 0)),
    "indices_or_sections": 2,
    "num_classes": 7,
    "pool_size": 2,
    "repeats": 2,
    "reps": (1, 2, 1),
    "shift": 1,
    "source": 1,
    "destination": 2,
    "axis1": 1,
    "axis2": 2,
    "q": 0.5,
    "dtype": "int32",
    "axis": -1,
    "k": 2,
    "indices": [0, 2],
    "output_size": 2,
    "shape": (3, 4, 6),
    "bins": [-1.0, 0.0, 1.0],
    "size": (6, 8),
    "values_size": 7,
    "fill_value": 2.0,
    "n": 2,
    "boundaries": [0.0],
    "crop_size": 2,
    "block_size": 2,
    "sequence_length": 8,
    "sequence_stride": 4,
    "fft_length": 8,
    "kernel_size": 2,
}


DOMAINS = {
    "square": lambda x: keras.ops.square(x),
    "tanh": lambda x: keras.ops.tanh(x),
    "square_and_one": lambda x: keras.ops.square(x) + 1.0,
}
"""What leads into the domains of roots, of inverse functions and of logarithms."""


def tried():
    """Yield a case for every function, form of operands and value of an attribute."""
    for prefix, module in (("", keras.ops), ("image.", getattr(keras.ops, "image", None))):
        for name in sorted(vars(module)):
            function = getattr(module, name)
            if name.startswith("_") or not inspect.isfunction(function) or name in SKIPPED:
                continue
            yield from forms(prefix + name, function)


SKIPPED = {
    *("map", "scan", "cond", "while_loop", "fori_loop", "vectorized_map", "switch", "vectorize"),
    *("associative_scan", "custom_gradient", "jvp", "convert_to_numpy", "is_tensor", "shape"),
    *("saved_model", "arange", "dtype", "eye", "identity", "linspace", "logspace", "geomspace"),
    *("empty", "full", "ones", "zeros", "tri", "bartlett", "blackman", "hamming", "hanning"),
    *("kaiser", "stack", "meshgrid"),
}


def forms(name, function):
    """Yield the cases of one function."""
    parameters = list(inspect.signature(function).parameters.values())
    required = [p.name for p in parameters if p.default is p.empty and p.kind != p.VAR_POSITIONAL]
    tensors = [p for p in required if p not in NEEDED]
    fixed = {p: NEEDED[p] for p in required if p in NEEDED}
    optional = [p.name for p in parameters if p.name in ATTRIBUTES]
    subject = f"ops.{name}"

    def case(tag, given, call):
        return functional(f"{subject}.{tag}", subject, given, call)

    if len(tensors) <= 1 or tensors[0] == "xs":
        many = bool(tensors) and tensors[0] in ("xs", "arrays")
        given = {k: ([s, s] if many else s) for k, s in SHAPES.items()}
        for key, shapes in given.items():
            yield case(
                f"plain.{key}", shapes, lambda *x, m=many: function([*x] if m else x[0], **fixed)
            )
            for attribute in optional:
                if key in "1n" or (key == "3" and attribute not in ("axis", "axes")):
                    continue
                for value in ATTRIBUTES[attribute]:
                    named = {**fixed, attribute: value}
                    yield case(
                        f"{attribute}-{spelled(value)}.{key}",
                        shapes,
                        lambda *x, m=many, n=named: function([*x] if m else x[0], **n),
                    )
                    if "keepdims" in optional and attribute == "axis":
                        yield case(
                            f"{attribute}-{spelled(value)}.keepdims.{key}",
                            shapes,
                            lambda x, n=named: function(x, **n, keepdims=True),
                        )
        if not many:
            for dtype in ("int32", "bool"):
                yield case(f"plain.{dtype}", (dtype, 4, 6), lambda x: function(x, **fixed))
            yield case("image", (6, 8, 3), lambda x: function(x, **fixed))
            for tag, within in DOMAINS.items():
                yield case(f"of_{tag}", A, lambda x, f=within: function(f(x), **fixed))
        return
    if len(tensors) > 3:
        return
    pairs = {
        "same": [A, B],
        "row": [A, (6,)],
        "ones": [A, (1, 6)],
        "column": [A, (4, 1)],
        "matrix": [A, (6, 3)],
        "stack": [C, A],
        "rank4": [C, (3, 6, 2)],
        "vectors": [(6,), (6,)],
        "int": [("int32", 4, 6)] * 2,
        "bool": [("bool", 4, 6)] * 2,
        "any": [(None, 6), (None, 6)],
        "mixed": [A, ("int32", 4, 6)],
    }
    if len(tensors) == 3:
        for key, shapes in pairs.items():
            first = (
                ("bool", *shapes[0])
                if name == "where" and not isinstance(shapes[0][0], str)
                else shapes[0]
            )
            yield case(key, [first, *shapes], lambda a, b, c: function(a, b, c, **fixed))
        yield case("scalars", ("bool", 4, 6), lambda a: function(a, 1.0, -2.0, **fixed))
        return
    for key, shapes in pairs.items():
        yield case(key, shapes, lambda a, b: function(a, b, **fixed))
        for attribute in optional:
            for value in ATTRIBUTES[attribute] if key == "same" else ():
                named = {**fixed, attribute: value}
                yield case(
                    f"{attribute}-{spelled(value)}.{key}",
                    shapes,
                    lambda a, b, n=named: function(a, b, **n),
                )
    yield case("itself", A, lambda a: function(a, a, **fixed))
    for key, constant in CONSTANTS.items():
        yield case(f"by.{key}", A, lambda a, c=constant: function(a, c, **fixed))
        yield case(f"of.{key}", A, lambda a, c=constant: function(c, a, **fixed))
    yield case("by.array.3", C, lambda a: function(a, PER_FEATURE, **fixed))
    yield case("by.three.int", ("int32", 4, 6), lambda a: function(a, 3, **fixed))


CONSTANTS = {
    **{"two": 2.0, "half": 0.5, "zero": 0.0, "minus": -1.5, "three": 3, "array": PER_FEATURE},
    **{"matrix": np.outer(PER_FEATURE, PER_FEATURE[:3])},
}
SLICES = {
    "int": np.s_[:, 1],
    "negative": np.s_[:, -1],
    "slice": np.s_[:, 1:3],
    "step": np.s_[:, ::2],
    "reverse": np.s_[:, ::-1],
    "ellipsis": np.s_[..., 0],
    "ellipsis_slice": np.s_[..., 1:4],
    "newaxis": np.s_[:, None],
    "newaxis_last": np.s_[..., None],
    "both": np.s_[:, 1:3, 2:5],
    "negative_stop": np.s_[:, :-1],
    "two": np.s_[:, 0, 1:],
    "all": np.s_[:],
    "step_last": np.s_[..., 1:6:2],
    "reverse_part": np.s_[:, 3:0:-1],
}
OPERATORS = {
    name: getattr(operator, name)
    for name in (
        *("add", "sub", "mul", "truediv", "pow", "mod", "floordiv", "matmul"),
        *("eq", "ne", "lt", "le", "gt", "ge", "and_", "or_", "xor"),
    )
}


def by_operator():
    """Yield the operators of Python on tensors, and slices."""
    for name, function in OPERATORS.items():
        for key, constant in (
            ("two", 2.0),
            ("minus", -1.5),
            ("three", 3),
            ("half", 0.5),
            ("true", True),
        ):
            yield functional(
                f"operator.{name}.by.{key}",
                f"operator.{name}",
                A,
                lambda a, f=function, c=constant: f(a, c),
            )
            yield functional(
                f"operator.{name}.of.{key}",
                f"operator.{name}",
                A,
                lambda a, f=function, c=constant: f(c, a),
            )
        for key, given in {
            "same": [A, B],
            "row": [A, (1, 6)],
            "rank": [A, (6,)],
            "matrix": [A, (6, 3)],
            "bool": [("bool", 4, 6)] * 2,
            "int": [("int32", 4, 6)] * 2,
        }.items():
            yield functional(
                f"operator.{name}.{key}",
                f"operator.{name}",
                given,
                lambda a, b, f=function: f(a, b),
            )
        yield functional(
            f"operator.{name}.itself", f"operator.{name}", A, lambda a, f=function: f(a, a)
        )
    for name, function in (
        ("neg", operator.neg),
        ("abs", operator.abs),
        ("invert", operator.invert),
    ):
        for key, given in (("float", A), ("int", ("int32", 4, 6)), ("bool", ("bool", 4, 6))):
            yield functional(
                f"operator.{name}.{key}", f"operator.{name}", given, lambda a, f=function: f(a)
            )
    for name, index in SLICES.items():
        for key, given in {"2": A, "3": C, "n": (None, 6)}.items():
            yield functional(
                f"operator.getitem.{name}.{key}", "operator.getitem", given, lambda a, i=index: a[i]
            )


def equations():
    """Yield einsum in the forms that models use."""
    for equation, given in {
        "bij,bjk->bik": [(4, 6), (6, 3)],
        "bij,bkj->bik": [(4, 6), (3, 6)],
        "bij,bij->b": [A, A],
        "bij,bij->bi": [A, A],
        "bqhd,bkhd->bhqk": [(4, 2, 3), (5, 2, 3)],
        "bhqk,bkhd->bqhd": [(2, 4, 5), (5, 2, 3)],
        "bij->bji": [A],
        "bij->b": [A],
        "bi,bj->bij": [(4,), (5,)],
        "...i,...i->...": [A, A],
    }.items():
        yield functional(
            f"ops.einsum.{spelled(equation)}",
            "ops.einsum",
            given,
            lambda *x, e=equation: keras.ops.einsum(e, *x),
        )


TABLES = []
CASES = [*by_operator()]
if MAJOR == 3:
    CASES += [*tried(), *operation_forms.cases(), *equations()]
