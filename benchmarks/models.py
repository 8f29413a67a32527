"""The models the benchmarks run on, made once by a real Keras and kept in benchmarks/.cache."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.measure import CACHE, ROOT

MAKE = """
import keras, sys
from keras import layers
kind, path = sys.argv[1:]
keras.utils.set_random_seed(1)
if kind == "mobilenet_v2":
    model = keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3))
elif kind == "convolutions_600":
    x = y = layers.Input((16, 16, 8))
    for index in range(100):
        z = layers.SeparableConv2D(8, 3, padding="same")(y)
        z = layers.ReLU()(layers.BatchNormalization()(z))
        z = layers.Dropout(0.1)(layers.Conv2D(8, 3, padding="same", activation="relu")(z))
        y = layers.Add()([y, z])
    model = keras.Model(x, y)
elif kind == "transformer_600":
    x = y = layers.Input((16, 8))
    for index in range(100):
        y = layers.Add()([y, layers.MultiHeadAttention(2, 4)(y, y)])
        z = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(y))
        y = layers.Add()([y, layers.Dense(8)(z)])
    model = keras.Model(x, y)
else:
    size = int(kind.removeprefix("dense_"))
    units, count = (2048, size // 16) if size >= 16 else (256, size * 4)
    x = layers.Input((64,))
    y = x
    for index in range(count):
        y = layers.Dense(units, name=f"dense_{index}")(y)
    model = keras.Model(x, y)
model.save(path, include_optimizer=False)
"""


def model(kind: str) -> Path:
    """Return a model file of Keras 2.15: `mobilenet_v2` (14 MB), `dense_<MB>` of any size.

    `convolutions_600` and `transformer_600` have 600 layers and next to no weights.
    """
    path = CACHE / f"{kind}.h5"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        subprocess.run([ROOT / "scripts" / "keras-env"], check=True)
        python = ROOT / ".keras2" / "bin" / "python"
        partial = path.with_suffix(".partial.h5")
        command: list[str | Path] = [python, "-c", MAKE, kind, partial]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        partial.replace(path)
    return path
