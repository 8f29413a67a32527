"""Normalizations, regularization and preprocessing."""

# mypy: ignore-errors
from __future__ import annotations

from tables.grid import MAJOR, Table

VECTOR, LINE, IMAGE, VOLUME = (4,), (5, 4), (3, 5, 4), (2, 3, 5, 4)
RANKS = (VECTOR, LINE, IMAGE, VOLUME)
RANDOM = {
    **{"RandomFlip": {}, "RandomRotation": {"factor": 0.2}, "RandomZoom": {"height_factor": 0.2}},
    **{"RandomTranslation": {"height_factor": 0.1, "width_factor": 0.2}},
    **{"RandomContrast": {"factor": 0.2}, "RandomBrightness": {"factor": 0.2}},
    **{"RandomCrop": {"height": 3, "width": 3}, "RandomHeight": {"factor": 0.2}},
    **{"RandomWidth": {"factor": 0.2}, "AugMix": {}, "RandAugment": {}, "MixUp": {}, "CutMix": {}},
    **{"RandomColorDegeneration": {"factor": 0.2}, "RandomColorJitter": {"hue_factor": 0.2}},
    **{"RandomElasticTransform": {}, "RandomErasing": {}, "RandomGaussianBlur": {}},
    **{"RandomGrayscale": {}, "RandomHue": {"factor": 0.2}, "RandomInvert": {}},
    **{"RandomPerspective": {}, "RandomPosterization": {"factor": 4}},
    **{"RandomSaturation": {"factor": 0.2}, "RandomSharpness": {"factor": 0.2}},
    **{"RandomShear": {"x_factor": 0.2}, "AutoContrast": {}, "Equalization": {}},
    **{"Solarization": {}, "ContrastLimitedAdaptiveHistogramEqualization": {}},
}
TABLES = [
    *(
        Table(
            "BatchNormalization",
            shape,
            {},
            {
                "axis": [1, *([2] if len(shape) > 1 else []), -1],
                "scale": [False],
                "center": [False],
                "epsilon": [0.1],
                "momentum": [0.5],
                "trainable": [False],
                "gamma_regularizer": ["l2"],
                "beta_constraint": ["non_neg"],
            },
            pairs=("axis", "scale", "center"),
        )
        for shape in RANKS
    ),
    Table("BatchNormalization", (None, 4), {}, {}),
    Table("BatchNormalization", (None, None, 4), {}, {}),
    Table(
        "BatchNormalization", LINE, {"renorm": True} if MAJOR == 2 else {"synchronized": True}, {}
    ),
    *(
        Table(
            "LayerNormalization",
            shape,
            {},
            {
                "axis": [
                    -1,
                    1,
                    *([[1, 2], [2], [-1, -2]] if len(shape) > 1 else []),
                    *([[1, 2, 3], [2, 3], [1, 3]] if len(shape) > 2 else []),
                ],
                "scale": [False],
                "center": [False],
                "epsilon": [0.1],
                **({"rms_scaling": [True]} if MAJOR == 3 else {}),
            },
            pairs=("axis", "scale", "center"),
        )
        for shape in RANKS
    ),
    Table("LayerNormalization", (None, 4), {}, {}),
    *(
        Table(
            "GroupNormalization",
            shape,
            {"groups": 2},
            {
                "groups": [1, 4, -1],
                "axis": [1, 2],
                "scale": [False],
                "center": [False],
                "epsilon": [0.1],
            },
            pairs=("groups", "scale", "center"),
        )
        for shape in ((4,), (6, 4), (6, 2, 4), (2, 2, 6, 4))
    ),
    *(
        Table(
            "RMSNormalization",
            shape,
            {},
            {"axis": [1, *([[1, 2]] if len(shape) > 1 else [])], "epsilon": [0.1]},
        )
        for shape in RANKS
    ),
    *(
        Table("UnitNormalization", shape, {}, {"axis": [1, *([[1, 2]] if len(shape) > 1 else [])]})
        for shape in RANKS
    ),
    *(
        Table(
            "Normalization",
            shape,
            {"mean": 1.5, "variance": 2.0},
            {"invert": [True], "axis": [None, 1]},
        )
        for shape in RANKS
    ),
    *(
        Table(
            "Normalization",
            shape,
            {"mean": [1.0, 2.0, 3.0, -4.0], "variance": [2.0, 3.0, 0.1, 1.0]},
            {"invert": [True]},
            tag="each",
        )
        for shape in RANKS
    ),
    *(
        Table("Rescaling", shape, {"scale": 0.5}, {"offset": [1.0], "scale": [0.1, -2.0, 1 / 255]})
        for shape in RANKS
    ),
    Table("Rescaling", IMAGE, {"scale": [0.1, 0.2, 0.3, 0.4], "offset": [1.0, 2.0, 3.0, 4.0]}, {}),
    Table("Rescaling", ("uint8", 3, 4, 3), {"scale": 1 / 255}, {}),
    *(
        Table(kind, shape, {"rate": 0.4}, {"seed": [3]})
        for kind in ("Dropout", "GaussianDropout", "AlphaDropout")
        for shape in (VECTOR, IMAGE)
    ),
    Table("Dropout", LINE, {"rate": 0.4}, {"noise_shape": [(None, 1, 4)]}),
    Table("AlphaDropout", LINE, {"rate": 0.4}, {"noise_shape": [(None, 1, 4)]}),
    Table("GaussianNoise", LINE, {"stddev": 0.4}, {"seed": [3]}),
    Table("ActivityRegularization", LINE, {"l1": 0.1, "l2": 0.2}, {}),
    *(
        Table(
            f"SpatialDropout{rank}D",
            RANKS[rank],
            {"rate": 0.3},
            {"data_format": ["channels_first"] if rank > 1 else []},
        )
        for rank in (1, 2, 3)
    ),
    *(
        Table(kind, (4, 5, 3), base, {"data_format": ["channels_first"], "seed": [3]})
        for kind, base in RANDOM.items()
    ),
    Table(
        "CategoryEncoding",
        ("int32", 4),
        {"num_tokens": 7},
        {"output_mode": ["multi_hot", "count", {"output_mode": "one_hot"}]},
    ),
    Table(
        "CategoryEncoding",
        ("int32", 1),
        {"num_tokens": 7},
        {"output_mode": ["one_hot", "multi_hot", "count"]},
    ),
    Table(
        "CategoryEncoding",
        ("int32", None),
        {"num_tokens": 7},
        {"output_mode": ["multi_hot", "count"]},
    ),
    Table(
        "CategoryEncoding",
        (4,),
        {"num_tokens": 7},
        {"output_mode": ["multi_hot", "count"]},
        draws_whole_numbers=True,
    ),
    Table(
        "Discretization",
        (4,),
        {"bin_boundaries": [-1.0, 0.0, 0.5]},
        {"output_mode": ["one_hot", "multi_hot", "count"]},
    ),
    Table(
        "IntegerLookup",
        ("int64", 4),
        {"vocabulary": [3, 1, 5]},
        {"output_mode": ["multi_hot", "count"], "num_oov_indices": [0, 2], "mask_token": [0]},
    ),
    Table("StringLookup", ("string", 4), {"vocabulary": ["a", "b"]}, {}),
    Table(
        "TextVectorization",
        ("string", 1),
        {"vocabulary": ["a", "b"], "output_sequence_length": 3},
        {},
    ),
    Table("Hashing", ("int64", 4), {"num_bins": 5}, {"output_mode": ["one_hot"]}),
    Table("HashedCrossing", [("int64", 1), ("int64", 1)], {"num_bins": 5}, {}),
    Table(
        "MelSpectrogram",
        (600,),
        {"sequence_stride": 64, "fft_length": 128, "num_mel_bins": 8, "sampling_rate": 8000},
        {},
    ),
    Table(
        "STFTSpectrogram",
        (64, 1),
        {"frame_length": 8, "frame_step": 4},
        {"mode": ["magnitude", "psd", "angle"]},
    ),
    Table("MaxNumBoundingBoxes", (3, 4), {"max_number": 4}, {}),
]
