"""Masks, made in every way, through every layer that may see one, to what reads them."""

# mypy: ignore-errors
from __future__ import annotations

from keras import layers
from tables.grid import MAJOR, functional

IDS, X = ("int32", 5), (5, 4)
SOURCES = {
    "embedding": (IDS, lambda x: layers.Embedding(6, 4, mask_zero=True)(x)),
    "masking": (X, lambda x: layers.Masking(0.5)(x)),
    "any": (("int32", None), lambda x: layers.Embedding(6, 4, mask_zero=True)(x)),
}
THROUGH = {
    "nothing": lambda x: x,
    "Dense": lambda x: layers.Dense(4)(x),
    "Activation": lambda x: layers.Activation("relu")(x),
    "Dropout": lambda x: layers.Dropout(0.2)(x),
    "SpatialDropout1D": lambda x: layers.SpatialDropout1D(0.2)(x),
    "GaussianNoise": lambda x: layers.GaussianNoise(0.2)(x),
    "LayerNormalization": lambda x: layers.LayerNormalization()(x),
    "BatchNormalization": lambda x: layers.BatchNormalization()(x),
    "ReLU": lambda x: layers.ReLU()(x),
    "LeakyReLU": lambda x: layers.LeakyReLU()(x),
    "PReLU": lambda x: layers.PReLU()(x),
    "ELU": lambda x: layers.ELU()(x),
    "Softmax": lambda x: layers.Softmax()(x),
    "Conv1D": lambda x: layers.Conv1D(4, 1)(x),
    "Reshape": lambda x: layers.Reshape((-1, 4))(x),
    "Permute": lambda x: layers.Permute((2, 1))(layers.Permute((2, 1))(x)),
    "Flatten": lambda x: layers.RepeatVector(3)(layers.Flatten()(x)),
    "Rescaling": lambda x: layers.Rescaling(2.0)(x),
    "UpSampling1D": lambda x: layers.UpSampling1D(2)(x),
    "ZeroPadding1D": lambda x: layers.ZeroPadding1D(1)(x),
    "MaxPooling1D": lambda x: layers.MaxPooling1D(2)(x),
    "Add.self": lambda x: layers.Add()([x, layers.Dense(4)(x)]),
    "Add.unmasked": lambda x: layers.Add()([x, layers.Conv1D(4, 1)(x)]),
    "Multiply": lambda x: layers.Multiply()([x, layers.Dense(4)(x)]),
    "Average": lambda x: layers.Average()([x, layers.Dense(4)(x)]),
    "Maximum": lambda x: layers.Maximum()([x, layers.Dense(4)(x)]),
    "Concatenate.last": lambda x: layers.Concatenate()([x, layers.Dense(4)(x)]),
    "Concatenate.time": lambda x: layers.Concatenate(axis=1)([x, layers.Dense(4)(x)]),
    "Concatenate.unmasked": lambda x: layers.Concatenate()([x, layers.Conv1D(4, 1)(x)]),
    "TimeDistributed": lambda x: layers.TimeDistributed(layers.Dense(4))(x),
    "LSTM": lambda x: layers.LSTM(4, return_sequences=True)(x),
    "SimpleRNN": lambda x: layers.SimpleRNN(4, return_sequences=True)(x),
    "GRU": lambda x: layers.GRU(4, return_sequences=True, reset_after=False)(x),
    "GRU.reset_after": lambda x: layers.GRU(4, return_sequences=True)(x),
    "Bidirectional": lambda x: layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x),
    "Masking.again": lambda x: layers.Masking(1.0)(x),
    "MultiHeadAttention": lambda x: layers.MultiHeadAttention(2, 2)(x, x),
    "Attention": lambda x: layers.Attention()([x, x]),
    "Identity": lambda x: layers.Identity()(x),
    "operator": lambda x: x * 2.0 + 1.0,
    "EinsumDense": lambda x: layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")(x),
    "UnitNormalization": lambda x: layers.UnitNormalization()(x),
    "GroupNormalization": lambda x: layers.GroupNormalization(2)(x),
    "ActivityRegularization": lambda x: layers.ActivityRegularization()(x),
}
READERS = {
    "LSTM": lambda x: layers.LSTM(3)(x),
    "LSTM.seq": lambda x: layers.LSTM(3, return_sequences=True)(x),
    "GRU": lambda x: layers.GRU(3)(x),
    "SimpleRNN.back": lambda x: layers.SimpleRNN(3, go_backwards=True, return_sequences=True)(x),
    "Bidirectional": lambda x: layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x),
    "GlobalAveragePooling1D": lambda x: layers.GlobalAveragePooling1D()(x),
    "GlobalMaxPooling1D": lambda x: layers.GlobalMaxPooling1D()(x),
    "MultiHeadAttention": lambda x: layers.MultiHeadAttention(2, 3)(x, x),
    "Attention": lambda x: layers.Attention()([x, x]),
    "AdditiveAttention": lambda x: layers.AdditiveAttention()([x, x]),
    "Softmax": lambda x: layers.Softmax()(x),
    "TimeDistributed": lambda x: layers.TimeDistributed(layers.Dense(2))(x),
    "Dense": lambda x: layers.Dense(2)(x),
    "Flatten": lambda x: layers.Dense(2)(layers.Flatten()(x)),
    "RNN": lambda x: layers.RNN(layers.LSTMCell(3))(x),
    "Conv1D": lambda x: layers.Conv1D(2, 2)(x),
    "BatchNormalization": lambda x: layers.BatchNormalization()(x),
}
if MAJOR == 3:
    THROUGH["RMSNormalization"] = lambda x: layers.RMSNormalization()(x)
    READERS["GroupQueryAttention"] = lambda x: layers.GroupQueryAttention(2, 4, 2)(x, x)


def cases():
    """Yield every source through every layer to the readers."""
    for source, (given, start) in SOURCES.items():
        for through, middle in THROUGH.items():
            for reader, end in READERS.items():
                few = ("LSTM.seq", "GlobalAveragePooling1D", "MultiHeadAttention")
                if reader not in few and (
                    source != "embedding" or middle is not THROUGH["nothing"]
                ):
                    continue
                yield functional(
                    f"{source}.{through}.{reader}",
                    f"mask through {through.split('.')[0]}",
                    given,
                    lambda x, s=start, m=middle, e=end: e(m(s(x))),
                )
    for reader, end in READERS.items():
        yield functional(
            f"two.Add.{reader}",
            "two masks",
            [IDS, IDS],
            lambda a, b, e=end: e(layers.Add()([embedded(a), embedded(b)])),
        )
        yield functional(
            f"two.Concatenate.{reader}",
            "two masks",
            [IDS, IDS],
            lambda a, b, e=end: e(layers.Concatenate()([embedded(a), embedded(b)])),
        )
        yield functional(
            f"two.time.{reader}",
            "two masks",
            [IDS, IDS],
            lambda a, b, e=end: e(layers.Concatenate(axis=1)([embedded(a), embedded(b)])),
        )
        yield functional(
            f"stale.{reader}",
            "stale mask",
            [IDS, X],
            lambda a, b, e=end: [layers.LSTM(2)(embedded(a)), e(b)],
        )


def embedded(ids):
    """Return embedded ids, under a mask."""
    return layers.Embedding(6, 4, mask_zero=True)(ids)


TABLES = []
CASES = list(cases())
