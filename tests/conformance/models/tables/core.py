"""Dense and its kin, shapes, merges, activation layers."""

# mypy: ignore-errors
from __future__ import annotations

from keras import constraints, initializers, regularizers
from tables.grid import MAJOR, Table, spelled

VECTOR, LINE, IMAGE, VOLUME = (5,), (4, 5), (3, 4, 5), (2, 3, 4, 5)
RANKS = (VECTOR, LINE, IMAGE, VOLUME)
INITIALIZERS = [
    *("zeros", "ones", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform"),
    *("lecun_normal", "lecun_uniform", "orthogonal", "random_normal", "random_uniform"),
    *("truncated_normal", "variance_scaling"),
    lambda: initializers.Constant(0.3),
    lambda: initializers.VarianceScaling(2.0, "fan_avg", "untruncated_normal"),
    lambda: initializers.HeNormal(seed=3),
]
ALPHA = "negative_slope" if MAJOR == 3 else "alpha"
MERGED = {
    1: [(5,), (5,)],
    2: [(4, 5), (4, 5)],
    3: [(3, 4, 5), (3, 4, 5), (3, 4, 5)],
    4: [(2, 3, 4, 5), (2, 3, 4, 5)],
    5: [(4, 5), (5,)],
    6: [(4, 5), (1, 5)],
    7: [(4, 1), (4, 5), (1, 5)],
    8: [(None, 5), (None, 5)],
    9: [(3, 4, 5), (5,)],
    10: [(3, 4, 5), (1, 1, 5)],
}

TABLES = [
    Table(
        "Dense",
        VECTOR,
        {"units": 3},
        {
            "use_bias": [False],
            "activation": ["relu", "softmax", "tanh"],
            "kernel_initializer": INITIALIZERS,
            "bias_initializer": ["ones", "random_normal"],
            "kernel_regularizer": [
                *("l1", "l2", "l1_l2"),
                lambda: regularizers.L1(0.1),
                lambda: regularizers.L2(0.1),
                lambda: regularizers.L1L2(0.1, 0.2),
                lambda: regularizers.OrthogonalRegularizer(),
            ],
            "activity_regularizer": ["l1", "l2"],
            "kernel_constraint": [
                *("max_norm", "non_neg", "unit_norm"),
                lambda: constraints.MinMaxNorm(0.1, 0.2),
                lambda: constraints.MaxNorm(0.5),
            ],
            "bias_constraint": ["non_neg"],
            "trainable": [False],
            "dtype": ["float16", "mixed_float16", "float64", "mixed_bfloat16", "bfloat16"],
        },
    ),
    *(
        Table("Dense", shape, {"units": 3}, {"activation": ["softmax"]})
        for shape in (*RANKS[1:], (None, 5), (None, None, 5))
    ),
    Table(
        "EinsumDense",
        LINE,
        {"equation": "abc,cd->abd", "output_shape": (None, 3)},
        {
            "bias_axes": ["d", "b", "bd"],
            "activation": ["relu", "softmax", "gelu"],
        },
    ),
    *(
        Table(
            "EinsumDense",
            shape,
            {"equation": equation, "output_shape": output, "bias_axes": bias},
            {},
        )
        for shape, equation, output, bias in (
            (VECTOR, "ab,bc->ac", 3, "c"),
            (VECTOR, "ab,bcd->acd", (2, 3), "cd"),
            (VECTOR, "...x,xy->...y", (3,), "y"),
            (LINE, "...x,xy->...y", (3,), "y"),
            (LINE, "abc,cde->abde", (None, 2, 3), "de"),
            (LINE, "abc,bcd->ad", (3,), "d"),
            (LINE, "abc,bd->acd", (5, 3), "d"),
            (LINE, "abc,bd->adc", (3, 5), "d"),
            (IMAGE, "abcd,cde->abe", (None, 3), "e"),
            (IMAGE, "abcd,de->abce", (None, None, 3), "e"),
            (IMAGE, "abcd,cde->abce", (3, 4, 2), "e"),
            (IMAGE, "abcd,bde->abce", (3, 4, 2), "e"),
        )
    ),
    *(
        Table("Flatten", shape, {}, {"data_format": ["channels_first"]})
        for shape in ((), *RANKS, (None, 5))
    ),
    *(
        Table("Reshape", shape, {"target_shape": target}, {})
        for shape, target in (
            (VECTOR, (5, 1)),
            (VECTOR, (-1,)),
            (LINE, (20,)),
            (LINE, (2, -1)),
            (IMAGE, (5, 12)),
            (IMAGE, (-1, 2, 2)),
            ((None, 4), (-1, 2)),
            ((1,), ()),
            ((None, 4), (-1, 2, 2)),
        )
    ),
    *(
        Table("Permute", shape, {"dims": dims}, {})
        for shape, dims in (
            (LINE, (2, 1)),
            (IMAGE, (3, 1, 2)),
            (IMAGE, (2, 1, 3)),
            (VOLUME, (4, 2, 1, 3)),
            ((None, 5), (2, 1)),
            (VECTOR, (1,)),
        )
    ),
    Table("RepeatVector", VECTOR, {"n": 3}, {"n": [1, 7]}),
    *(
        Table(kind, given, {}, {})
        for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
        for given in MERGED.values()
    ),
    *(
        Table(kind, [(4, 5)], {}, {})
        for kind in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    ),
    *(Table("Add", [("int32", 4), ("int32", 4)], {}, {}) for _ in (1,)),
    Table("Concatenate", [(4, 5), (4, 5)], {}, {"axis": [1, 2, -1, -2]}),
    Table("Concatenate", [(4, 5), (4, 2)], {}, {}),
    Table("Concatenate", [(3, 5), (4, 5), (1, 5)], {"axis": 1}, {}),
    Table("Concatenate", [(5,), (2,), (3,)], {}, {"axis": [1]}),
    Table("Concatenate", [IMAGE, IMAGE], {}, {"axis": [1, 2, 3, -3]}),
    Table("Concatenate", [VOLUME, VOLUME], {}, {"axis": [1, 2, 3, 4]}),
    Table("Concatenate", [(None, 5), (None, 5)], {"axis": 1}, {}),
    *(
        Table("Dot", [a, b], {"axes": axes}, {"normalize": [True]}, tag=spelled(axes))
        for a, b, axes in (
            ((5,), (5,), 1),
            ((5,), (5,), -1),
            ((4, 5), (4, 5), 2),
            ((4, 5), (4, 5), 1),
            ((4, 5), (5, 3), (2, 1)),
            ((4, 5), (3, 5), (2, 2)),
            ((4, 5), (5,), (2, 1)),
            ((5,), (4, 5), (1, 2)),
            ((4, 5), (4, 3), -2),
            ((2, 4, 5), (2, 5, 3), (3, 2)),
            ((None, 5), (None, 5), 2),
            ((3, 4, 5), (5,), (3, 1)),
        )
    ),
    *(Table("Activation", shape, {"activation": "softmax"}, {}) for shape in RANKS),
    Table(
        "ReLU",
        LINE,
        {},
        {
            "max_value": [1.0, 6.0],
            "negative_slope": [0.1, 0.5, 1.0],
            "threshold": [0.5, 1.0, -0.5],
        },
        pairs=("max_value", "negative_slope", "threshold"),
    ),
    Table("LeakyReLU", LINE, {}, {ALPHA: [0.0, 0.1, 0.5, 1.0]}),
    Table("ELU", LINE, {}, {"alpha": [0.0, 0.5, 1.0, 2.0]}),
    Table(
        "PReLU",
        LINE,
        {},
        {
            "shared_axes": [[1], [2], [1, 2]],
            "alpha_initializer": ["ones"],
            "alpha_regularizer": ["l2"],
            "alpha_constraint": ["non_neg"],
        },
    ),
    Table("PReLU", IMAGE, {}, {"shared_axes": [[1, 2], [1], [2, 3], [1, 2, 3]]}),
    Table("PReLU", VECTOR, {}, {}),
    Table("ThresholdedReLU", LINE, {}, {"theta": [0.0, 0.5, 2.0]}),
    *(
        Table(
            "Softmax",
            shape,
            {},
            {
                "axis": [
                    -1,
                    1,
                    *([-2, 2] if len(shape) > 1 else []),
                    *([[1, 2], [2, 3], [1, 3], [-1, -2]] if len(shape) == 3 else []),
                ]
            },
        )
        for shape in (VECTOR, LINE, IMAGE)
    ),
    Table("Softmax", (None, 5), {}, {"axis": [1]}),
    *(Table("Identity", shape, {}, {}) for shape in (VECTOR, IMAGE)),
    Table(
        "Embedding",
        ("int32", 4),
        {"input_dim": 6, "output_dim": 3},
        {
            "embeddings_initializer": ["zeros", "ones"],
            "embeddings_regularizer": ["l2"],
            "embeddings_constraint": ["unit_norm"],
            "mask_zero": [True],
            "input_length": [4] if MAJOR == 2 else [],
        },
    ),
    Table("Embedding", ("int32", None), {"input_dim": 6, "output_dim": 3}, {"mask_zero": [True]}),
    Table("Embedding", ("int32",), {"input_dim": 6, "output_dim": 3}, {}),
    Table("Embedding", ("int32", 2, 3), {"input_dim": 6, "output_dim": 3}, {}),
    Table("Embedding", ("int64", 4), {"input_dim": 6, "output_dim": 3}, {}),
    Table("Embedding", ("uint8", 4), {"input_dim": 6, "output_dim": 3}, {}),
    Table("Embedding", (4,), {"input_dim": 6, "output_dim": 3}, {}, draws_whole_numbers=True),
    Table(
        "ReversibleEmbedding",
        ("int32", 4),
        {"input_dim": 6, "output_dim": 3},
        {
            "tie_weights": [False],
            "mask_zero": [True],
            "reverse_dtype": ["float32"],
            "logit_soft_cap": [2.0],
        },
    ),
    *(
        Table("Masking", shape, {}, {"mask_value": [1.0, -0.5]})
        for shape in (LINE, (None, 2), IMAGE)
    ),
    *(Table("Input", given, {}, {}) for given in ()),
]
