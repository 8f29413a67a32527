"""The functions of TensorFlow that Keras 2 records, with the operations of Keras 3 they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

PREFIXES = (
    "compat.v1.math.",
    "compat.v1.nn.",
    "compat.v1.",
    "math.",
    "__operators__.",
    "nn.",
    "linalg.",
)
"""Modules that hold the same functions under the same names."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of TensorFlow.

    operation: the class of keras.ops that computes the same.
    operands: names of the arguments that may be tensors, in order; the first one is positional.
    attributes: name of an argument -> name and default of the attribute it becomes.
    fixed: arguments that must have this value, or be left out or None.
    """

    operation: str
    operands: tuple[str, ...]
    attributes: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)


def _binary(operation: str) -> Function:
    return Function(operation, ("x", "y"))


def _reduction(operation: str) -> Function:
    attributes = {"axis": ("axis", None), "keepdims": ("keepdims", False)}
    return Function(operation, ("input_tensor",), attributes)


_AXIS = {"axis": ("axis", -1)}
_NOT_TRANSPOSED = dict.fromkeys(
    ("adjoint_a", "adjoint_b", "a_is_sparse", "b_is_sparse", "grad_a", "grad_b"), False
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        **{
            name: _binary(operation)
            for name, operation in {
                **{"add": "Add", "subtract": "Subtract", "sub": "Subtract"},
                **{"multiply": "Multiply", "mul": "Multiply"},
                **{"truediv": "TrueDivide", "divide": "TrueDivide", "pow": "Power"},
                **{"maximum": "Maximum", "minimum": "Minimum"},
                **{"not_equal": "NotEqual", "ne": "NotEqual", "equal": "Equal", "eq": "Equal"},
                **{"greater": "Greater", "gt": "Greater", "less": "Less", "lt": "Less"},
                **{"greater_equal": "GreaterEqual", "ge": "GreaterEqual"},
                **{"less_equal": "LessEqual", "le": "LessEqual"},
                **{"logical_and": "LogicalAnd", "logical_or": "LogicalOr"},
                **{"squared_difference": "SquaredDifference", "logical_xor": "LogicalXor"},
                **{"floordiv": "FloorDivide", "floor_div": "FloorDivide", "floormod": "Mod"},
                **{"mod": "Mod", "divide_no_nan": "DivideNoNan"},
                "multiply_no_nan": "MultiplyNoNan",
            }.items()
        },
        **{
            name: Function(operation, ("x",))
            for name, operation in {
                **{"negative": "Negative", "neg": "Negative", "abs": "Absolute"},
                **{"square": "Square", "exp": "Exp", "reciprocal": "Reciprocal"},
                **{"sigmoid": "Sigmoid", "tanh": "Tanh", "log_sigmoid": "LogSigmoid"},
                **{"softplus": "Softplus", "logical_not": "LogicalNot"},
                "keras.backend.batch_flatten": "BatchFlatten",
                **{"acos": "Arccos", "acosh": "Arccosh", "asin": "Arcsin", "asinh": "Arcsinh"},
                **{"atan": "Arctan", "atanh": "Arctanh", "ceil": "Ceil", "cos": "Cos"},
                **{"cosh": "Cosh", "erf": "Erf", "expm1": "Expm1", "floor": "Floor"},
                **{"log": "Log", "log1p": "Log1p", "round": "Round", "rsqrt": "Rsqrt"},
                **{"is_nan": "Isnan", "is_inf": "Isinf", "is_finite": "Isfinite", "rint": "Round"},
                "reciprocal_no_nan": "ReciprocalNoNan",
                **{"sign": "Sign", "sin": "Sin", "sinh": "Sinh", "sqrt": "Sqrt", "tan": "Tan"},
            }.items()
        },
        **{
            name: Function(operation, ("features",))
            for name, operation in {
                **{"relu": "Relu", "relu6": "Relu6", "elu": "Elu", "selu": "Selu"},
                **{"softsign": "Softsign"},
            }.items()
        },
        "silu": Function("Silu", ("features",), fixed={"beta": 1.0}),
        "swish": Function("Silu", ("features",), fixed={"beta": 1.0}),
        "gelu": Function("Gelu", ("features",), {"approximate": ("approximate", False)}),
        "leaky_relu": Function("LeakyRelu", ("features",), {"alpha": ("negative_slope", 0.2)}),
        "softmax": Function("Softmax", ("logits",), _AXIS, {"dim": None}),
        "log_softmax": Function("LogSoftmax", ("logits",), _AXIS, {"dim": None}),
        **{
            f"reduce_{name}": _reduction(name.title())
            for name in ("mean", "sum", "max", "min", "any", "all", "prod", "logsumexp")
        },
        "reduce_variance": _reduction("Var"),
        "reduce_std": _reduction("Std"),
        **{
            name: Function(operation, ("input",), {"axis": ("axis", 0)}, {"output_type": "int64"})
            for name, operation in {"argmax": "Argmax", "argmin": "Argmin"}.items()
        },
        "atan2": Function("Arctan2", ("y", "x")),
        "cumsum": Function(
            "Cumsum",
            ("x",),
            {
                "axis": ("axis", 0),
                "exclusive": ("exclusive", False),
                "reverse": ("reverse", False),
            },
        ),
        "cumprod": Function(
            "Cumprod",
            ("x",),
            {
                "axis": ("axis", 0),
                "exclusive": ("exclusive", False),
                "reverse": ("reverse", False),
            },
        ),
        **{
            name: Function(
                operation,
                ("values",),
                {
                    "axis": ("axis", -1),
                    "direction": ("direction", "ASCENDING"),
                    "stable": ("stable", False),
                },
            )
            for name, operation in {"sort": "Sort", "argsort": "Argsort"}.items()
        },
        # Keras and TensorFlow sort whether they are asked to or not.
        "top_k": Function(
            "TopK",
            ("input",),
            {"k": ("k", 1), "sorted": ("sorted", True)},
            {"index_type": "int32"},
        ),
        "one_hot": Function(
            "OneHot",
            ("indices",),
            {
                "depth": ("num_classes", None),
                "axis": ("axis", -1),
                "dtype": ("dtype", None),
                "on_value": ("on_value", None),
                "off_value": ("off_value", None),
            },
        ),
        "shape": Function("Shape", ("input",), {"out_type": ("out_type", None)}),
        "size": Function("Size", ("input",), {"out_type": ("out_type", None)}),
        "rank": Function("Rank", ("input",)),
        # Keras 2 loses the operands when it writes a file.
        "einsum": Function("Einsum", ("equation", "inputs")),
        "crelu": Function("Crelu", ("features",), _AXIS),
        "slice": Function("Slice", ("input_",), {"begin": ("begin", None), "size": ("size", None)}),
        "norm": Function(
            "Norm",
            ("tensor",),
            {
                "ord": ("ord", "euclidean"),
                "axis": ("axis", None),
                "keepdims": ("keepdims", False),
            },
        ),
        # Without an axis it normalizes over everything, the batch too.
        "l2_normalize": Function(
            "Normalize", ("x",), {"axis": ("axis", None)}, {"epsilon": 1e-12, "dim": None}
        ),
        "roll": Function("Roll", ("input",), {"shift": ("shift", None), "axis": ("axis", None)}),
        "gather": Function(
            "Take",
            ("params", "indices"),
            {"axis": ("axis", 0), "batch_dims": ("batch_dims", 0)},
            {"validate_indices": None},
        ),
        **{
            name: Function(
                operation,
                ("input",),
                {"block_size": ("block_size", None), "data_format": ("data_format", "NHWC")},
            )
            for name, operation in {
                **{"depth_to_space": "DepthToSpace", "space_to_depth": "SpaceToDepth"},
            }.items()
        },
        **{
            f"{kind}_pool{rank}": Function(
                operation,
                ("input",),
                {
                    "ksize": ("pool_size", None),
                    "strides": ("strides", None),
                    "padding": ("padding", "VALID"),
                    "data_format": ("data_format", None),
                },
            )
            for kind, operation in {"avg": "AveragePool", "max": "MaxPool"}.items()
            for rank in ("1d", "2d", "3d")
        },
        **{
            name: Function(
                operation,
                ("input", kernel),
                {
                    strides: ("strides", 1),
                    "padding": ("padding", "VALID"),
                    "data_format": ("data_format", None),
                    "dilations": ("dilation_rate", 1),
                },
                {"use_cudnn_on_gpu": True},
            )
            for name, operation, kernel, strides in (
                ("conv1d", "Conv", "filters", "stride"),
                ("conv2d", "Conv", "filter", "strides"),
                ("depthwise_conv2d", "DepthwiseConv", "filter", "strides"),
            )
        },
        "image.resize": Function(
            "Resize",
            ("images",),
            {
                "size": ("size", None),
                "method": ("interpolation", "bilinear"),
                "antialias": ("antialias", False),
            },
            {"preserve_aspect_ratio": False},
        ),
        "reshape": Function("Reshape", ("tensor",), {"shape": ("newshape", None)}),
        "transpose": Function(
            "Transpose", ("a",), {"perm": ("axes", None)}, fixed={"conjugate": False}
        ),
        "expand_dims": Function("ExpandDims", ("input",), {"axis": ("axis", None)}, {"dim": None}),
        "squeeze": Function("Squeeze", ("input",), {"axis": ("axis", None)}),
        "concat": Function("Concatenate", ("values",), {"axis": ("axis", None)}),
        "stack": Function("Stack", ("values",), {"axis": ("axis", 0)}),
        "split": Function(
            "Split",
            ("value",),
            {"num_or_size_splits": ("sizes", None), "axis": ("axis", 0)},
            {"num": None},
        ),
        "unstack": Function("Unstack", ("value",), {"axis": ("axis", 0)}, {"num": None}),
        "pad": Function(
            "Pad",
            ("tensor",),
            {
                "paddings": ("pad_width", None),
                "mode": ("mode", "CONSTANT"),
                "constant_values": ("constant_values", 0),
            },
        ),
        "reverse": Function("Flip", ("tensor",), {"axis": ("axis", None)}),
        # Of images, whose last axes are height, width and channels.
        "image.flip_left_right": Function("Flip", ("image",), {"axis": ("axis", -2)}),
        "image.flip_up_down": Function("Flip", ("image",), {"axis": ("axis", -3)}),
        "count_nonzero": Function(
            "CountNonzero",
            ("input",),
            {
                "axis": ("axis", None),
                "keepdims": ("keepdims", False),
                "dtype": ("dtype", "int64"),
            },
        ),
        "tile": Function("Tile", ("input",), {"multiples": ("repeats", None)}),
        "repeat": Function(
            "Repeat", ("input",), {"repeats": ("repeats", None), "axis": ("axis", None)}
        ),
        "cast": Function("Cast", ("x",), {"dtype": ("dtype", None)}),
        "matmul": Function(
            "Matmul",
            ("a", "b"),
            {"transpose_a": ("transpose_a", False), "transpose_b": ("transpose_b", False)},
            _NOT_TRANSPOSED,
        ),
        "tensordot": Function("Tensordot", ("a", "b"), {"axes": ("axes", None)}),
        "identity": Function("Identity", ("input",)),
        "stop_gradient": Function("StopGradient", ("input",)),
        "zeros_like": Function("ZerosLike", ("input",), fixed={"dtype": None}),
        "ones_like": Function("OnesLike", ("input",), fixed={"dtype": None}),
        "clip_by_value": Function(
            "Clip", ("t",), {"clip_value_min": ("x_min", None), "clip_value_max": ("x_max", None)}
        ),
        "add_n": Function("AddN", ("inputs",)),
        "scalar_mul": Function("Multiply", ("scalar", "x")),
        "bias_add": Function("Add", ("value", "bias"), fixed={"data_format": "NHWC"}),
        "where": Function("Where", ("condition", "x", "y")),
        "getitem": Function("GetItem", ("tensor", "slice_spec")),
    }
)
"""Function name, without its module -> what it computes."""


def function_called(name: Any) -> Function | None:
    """Return what is known of a function by its full name; None for any other."""
    found = str(name)
    prefix = next((prefix for prefix in PREFIXES if found.startswith(prefix)), "")
    return FUNCTIONS.get(found.removeprefix(prefix))
