"""Pooling, padding, cropping and resizing."""

# mypy: ignore-errors
from __future__ import annotations

from tables.grid import Table

SHAPES = {1: (9, 3), 2: (7, 6, 3), 3: (5, 6, 5, 2)}
TABLES = [
    *(
        Table(
            f"{kind}Pooling{rank}D",
            shape,
            {"pool_size": 2},
            {
                "pool_size": [1, 3, {"pool_size": (3, 2, 1)[:rank] if rank > 1 else 4}],
                "strides": [1, 2, 3],
                "padding": ["same"],
                "data_format": ["channels_first"],
            },
            pairs=("pool_size", "strides", "padding", "data_format"),
        )
        for kind in ("Max", "Average")
        for rank, shape in SHAPES.items()
    ),
    *(
        Table(
            f"{kind}Pooling{rank}D",
            (None,) * rank + (3,),
            {"pool_size": 2},
            {"padding": ["same"], "strides": [1, 3]},
            pairs=("padding", "strides"),
        )
        for kind in ("Max", "Average")
        for rank in SHAPES
    ),
    *(
        Table(
            f"Global{kind}Pooling{rank}D",
            shape,
            {},
            {"keepdims": [True], "data_format": ["channels_first"]},
            pairs=("keepdims", "data_format"),
        )
        for kind in ("Max", "Average")
        for rank in SHAPES
        for shape in (SHAPES[rank], (None,) * rank + (3,))
    ),
    *(
        Table(
            f"Adaptive{kind}Pooling{rank}D",
            SHAPES[rank],
            {"output_size": 3},
            {
                "output_size": [1, 2, 4, {"output_size": (3, 2, 4)[:rank] if rank > 1 else 5}],
                "data_format": ["channels_first"],
            },
            pairs=("output_size", "data_format"),
        )
        for kind in ("Max", "Average")
        for rank in SHAPES
    ),
    *(
        Table(
            f"{kind}{rank}D",
            SHAPES[rank],
            {},
            {
                field: [1, 2, *([((1, 2),) * rank] if rank > 1 else [(1, 2), (0, 3)])],
                "data_format": ["channels_first"] if rank > 1 else [],
            },
            pairs=(field, "data_format"),
        )
        for kind, field in (("ZeroPadding", "padding"), ("Cropping", "cropping"))
        for rank in SHAPES
    ),
    Table("ZeroPadding2D", (4, 5, 2), {}, {"padding": [(2, 1), ((1, 0), (0, 2))]}),
    Table("Cropping2D", (6, 5, 2), {}, {"cropping": [(2, 1), ((1, 0), (0, 2))]}),
    Table("Cropping3D", (6, 5, 6, 2), {}, {"cropping": [(2, 1, 1), ((1, 0), (0, 2), (1, 1))]}),
    Table("ZeroPadding1D", (None, 2), {}, {"padding": [3]}),
    Table("Cropping1D", (None, 2), {}, {"cropping": [1]}),
    Table("ZeroPadding2D", (None, None, 2), {}, {}),
    Table("Cropping2D", (None, None, 2), {"cropping": 1}, {}),
    Table("ZeroPadding3D", (None, None, None, 2), {}, {}),
    Table("UpSampling1D", (5, 3), {}, {"size": [1, 2, 3]}),
    Table("UpSampling1D", (None, 3), {}, {}),
    Table(
        "UpSampling2D",
        (4, 5, 3),
        {},
        {
            "size": [3, (2, 3), (1, 2)],
            "interpolation": ["bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian"],
            "data_format": ["channels_first"],
        },
        pairs=("size", "interpolation", "data_format"),
    ),
    Table("UpSampling2D", (None, None, 3), {}, {"interpolation": ["bilinear"]}),
    Table(
        "UpSampling3D",
        (2, 3, 4, 2),
        {},
        {"size": [1, 3, (1, 2, 3)], "data_format": ["channels_first"]},
    ),
    Table(
        "Resizing",
        (6, 5, 3),
        {"height": 4, "width": 7},
        {
            "height": [3, 6, 12],
            "width": [5, 10],
            "interpolation": ["nearest", "bicubic", "lanczos3", "lanczos5", "area"],
            "crop_to_aspect_ratio": [True],
            "pad_to_aspect_ratio": [True],
            "antialias": [True],
            "data_format": ["channels_first"],
        },
        pairs=("height", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio"),
    ),
    Table(
        "CenterCrop",
        (6, 7, 3),
        {"height": 4, "width": 5},
        {"height": [3, 6, 8], "width": [4, 7, 9]},
    ),
]
