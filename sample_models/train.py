"""Trains the sample models of the Keras it is told, on data that ships inside packages.

    scripts/keras-env
    .keras2/bin/python sample_models/train.py keras2
    .keras3/bin/python sample_models/train.py keras3 [NAME ...]

Beside each model it writes its labels and `<name>.samples.json`: real test inputs, Keras's own
predictions for them, and what was measured on the whole test set. Seeds are fixed.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")
warnings.filterwarnings("ignore")

from pydoc_data import topics as pydoc_topics

import keras
import numpy as np
import tensorflow as tf
from keras import Input, Model, Sequential, layers
from sklearn import datasets
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

HERE = Path(__file__).parent
SAMPLES = 12
WINDOW = 24  # characters that the text model sees

MODELS: dict[str, list[Callable[[], None]]] = {"keras2": [], "keras3": []}


def under(*generations: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a model for the Kerases that it is trained under."""

    def register(train: Callable[[], None]) -> Callable[[], None]:
        for generation in generations:
            MODELS[generation].append(train)
        return train

    return register


def main() -> None:
    """Train the models of one Keras, all or those named on the command line."""
    generation, *names = sys.argv[1:] or [""]
    if generation != f"keras{keras.__version__[0]}":
        sys.exit(f"this is Keras {keras.__version__}; the first argument must say so")
    tf.config.experimental.enable_op_determinism()
    for train in MODELS[generation]:
        if not names or train.__name__ in names:
            keras.backend.clear_session()
            keras.utils.set_random_seed(7)
            train()


@under("keras2", "keras3")
def digits() -> None:
    """Train the same convolutional network under either Keras, for the digits."""
    x_train, x_test, y_train, y_test = digit_images()
    model = Sequential(
        [
            Input((8, 8, 1), name="image"),
            layers.Rescaling(1 / 255, name="to_unit_range"),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_1"),
            layers.Conv2D(24, 3, activation="relu", name="conv_2"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(32, activation="relu", name="hidden"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, epochs=60, batch_size=32, verbose=0)
    name = f"digits_keras{keras.__version__[0]}"
    write(name, model, one_of_each(x_test, y_test), accuracy(model, x_test, y_test))
    write_labels(name, [str(digit) for digit in range(10)])


@under("keras2")
def parity() -> None:
    """Train a head on a frozen, nested base that has learned the digits."""
    x_train, x_test, y_train, y_test = digit_images()
    image = Input((8, 8, 1), name="base_image")
    top = layers.Rescaling(1 / 255, name="to_unit_range")(image)
    top = layers.SeparableConv2D(16, 3, padding="same", name="separable", use_bias=False)(top)
    top = layers.BatchNormalization(name="norm_1")(top)
    top = layers.LeakyReLU(0.125, name="leaky")(top)
    top = layers.Conv2D(24, 3, strides=2, padding="same", name="conv", use_bias=False)(top)
    top = layers.BatchNormalization(name="norm_2")(top)
    top = layers.ReLU(6.0, name="relu")(top)
    base = Model(image, layers.Flatten(name="flatten")(top), name="base")
    learner = Sequential([base, layers.Dense(10, activation="softmax", name="digit")])
    learner.compile("adam", "sparse_categorical_crossentropy")
    learner.fit(x_train, y_train, epochs=25, batch_size=32, verbose=0)

    base.trainable = False
    image = Input((8, 8, 1), name="image")
    features = base(image)
    hidden = layers.Dense(24, activation="elu", name="hidden")(features)
    model = Model(image, layers.Dense(2, activation="softmax", name="parity")(hidden))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x_train, y_train % 2, epochs=25, batch_size=32, verbose=0)
    write(
        "digits_parity",
        model,
        one_of_each(x_test, y_test),
        accuracy(model, x_test, y_test % 2),
    )
    write_labels("digits_parity", ["even", "odd"])


@under("keras2")
def wine() -> None:
    """Train a classifier of table rows that starts with batch normalization."""
    data = datasets.load_wine()
    x_train, x_test, y_train, y_test = split(data.data, data.target)
    model = Sequential(
        [
            Input((13,), name="analysis"),
            layers.BatchNormalization(momentum=0.9, name="norm"),
            layers.Dense(16, activation="tanh", kernel_regularizer="l2", name="hidden"),
            layers.Dense(3, activation="softmax", name="cultivar"),
        ],
        name="wine",
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, epochs=80, batch_size=16, verbose=0)
    write("wine", model, x_test[:SAMPLES], accuracy(model, x_test, y_test))
    write_labels("wine", list(data.target_names))


@under("keras3")
def diabetes() -> None:
    """Train a regressor in plain units, which the model scales by itself."""
    data = datasets.load_diabetes(scaled=False)
    x_train, x_test, y_train, y_test = split(data.data, data.target)
    mean, deviation = x_train.mean(0), x_train.std(0)
    middle, spread = float(y_train.mean()), float(y_train.std())
    model = Sequential(
        [
            Input((10,), name="patient"),
            layers.Rescaling(list(1 / deviation), offset=list(-mean / deviation), name="scale"),
            layers.Dense(16, activation="softplus", kernel_regularizer="l2", name="hidden"),
            layers.GaussianNoise(0.3, name="noise"),
            layers.Dense(1, kernel_regularizer="l2", name="score"),
            layers.Rescaling(spread, offset=middle, name="progression"),
        ],
        name="diabetes",
    )
    model.compile(keras.optimizers.Adam(0.003), "mse")
    model.fit(x_train, y_train, epochs=120, batch_size=32, verbose=0)
    measured = {"R2": round(float(r2_score(y_test, model.predict(x_test, verbose=0)[:, 0])), 3)}
    write("diabetes", model, x_test[:SAMPLES], measured)


@under("keras2")
def iris() -> None:
    """Train a functional model with two inputs and a skip connection."""
    data = datasets.load_iris()
    x_train, x_test, y_train, y_test = split(data.data, data.target)
    sepal, petal = Input((2,), name="sepal"), Input((2,), name="petal")
    both = layers.Concatenate(name="both")(
        [
            layers.Dense(8, activation="relu", name="sepal_hidden")(sepal),
            layers.Dense(8, activation="relu", name="petal_hidden")(petal),
        ]
    )
    mixed = layers.Dense(16, activation="relu", name="mixed")(both)
    joined = layers.Add(name="skip")([both, mixed])
    model = Model([sepal, petal], layers.Dense(3, activation="softmax", name="species")(joined))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit([x_train[:, :2], x_train[:, 2:]], y_train, epochs=80, batch_size=16, verbose=0)
    parts = [x_test[:, :2], x_test[:, 2:]]
    write("iris", model, [part[:SAMPLES] for part in parts], accuracy(model, parts, y_test))
    write_labels("iris", list(data.target_names))


@under("keras3")
def topics() -> None:
    """Train a model of the next character on the help texts of Python."""
    text = "\n".join(pydoc_topics.topics[key] for key in sorted(pydoc_topics.topics)).lower()
    text = " ".join(text.split())
    characters = [" ", *"abcdefghijklmnopqrstuvwxyz", *".,:;()'\"_-*=`"]
    ids = np.array([characters.index(c) for c in text if c in characters], dtype=np.int32)
    windows = np.lib.stride_tricks.sliding_window_view(ids, WINDOW + 1)
    edge = len(windows) * 9 // 10
    train = np.random.default_rng(0).permutation(edge)[:120_000]
    test = np.arange(edge + WINDOW, len(windows), 11)
    model = Sequential(
        [
            Input((WINDOW,), dtype="int32", name="characters"),
            layers.Embedding(len(characters), 16, name="embedding"),
            layers.LSTM(96, name="lstm"),
            layers.Dense(len(characters), activation="softmax", name="next_character"),
        ],
        name="topics",
    )
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    x, y = windows[:, :WINDOW], windows[:, WINDOW]
    model.fit(x[train], y[train], epochs=8, batch_size=256, verbose=0)
    chosen = x[test[:: len(test) // SAMPLES][:SAMPLES]]
    write("topics", model, chosen, accuracy(model, x[test], y[test]))
    path = HERE / "topics.labels.json"
    path.write_text(json.dumps(characters, ensure_ascii=False) + "\n", encoding="utf-8")


@under("keras3")
def refused_lambda() -> None:
    """Train a model that holds Python code, which no browser can run."""
    data = datasets.load_iris()
    x_train, x_test, y_train, y_test = split(data.data, data.target)
    # Compiled from text: the byte code in the file then names no folder.
    function = eval(compile("lambda x: x / 8.0", "lambda.py", "eval"))
    model = Sequential(
        [
            Input((4,), name="flower"),
            layers.Lambda(function, name="scale"),
            layers.Dense(8, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="species"),
        ],
        name="refused_lambda",
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, epochs=80, batch_size=16, verbose=0)
    write("refused_lambda", model, x_test[:SAMPLES], accuracy(model, x_test, y_test))
    write_labels("refused_lambda", list(data.target_names))


def digit_images():
    """Return the handwritten digits as 8x8 grey images from 0 to 255, split."""
    data = datasets.load_digits()
    images = np.round(data.images * (255 / 16))[..., np.newaxis]
    return split(images, data.target)


def split(x, y):
    """Return three quarters to train with and one quarter to test with, inputs as float32.

    Both parts hold the classes, or the fifths of a regressor's range, in equal shares.
    """
    shares = y if y.dtype.kind == "i" else np.digitize(y, np.quantile(y, [0.2, 0.4, 0.6, 0.8]))
    x = x.astype(np.float32)
    return train_test_split(x, y, test_size=0.25, random_state=0, stratify=shares)


def one_of_each(x, y):
    """Return the first input of each class."""
    return np.stack([x[np.argmax(y == label)] for label in np.unique(y)])


def accuracy(model, x, y) -> dict[str, float]:
    """Return the share of the test set that the model gets right."""
    guesses = model.predict(x, batch_size=512, verbose=0).argmax(-1)
    return {"accuracy": round(float((guesses == y).mean()), 3)}


def write(name: str, model, inputs, measured: dict[str, float]) -> None:
    """Save a model without its optimizer, and its samples."""
    model.save(HERE / f"{name}.h5", include_optimizer=False)
    inputs = inputs if isinstance(inputs, list) else [inputs]
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    samples = {
        "keras_version": keras.__version__,
        "measured": measured,
        "inputs": named(model.inputs, inputs),
        "outputs": named(model.outputs, [np.asarray(outputs)]),
    }
    lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in samples.items())
    (HERE / f"{name}.samples.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(name, measured, model.count_params(), "parameters")


def named(tensors, arrays) -> dict[str, dict[str, object]]:
    """Return the JSON of arrays by the names of the layers that make the tensors."""
    found = {}
    for tensor, array in zip(tensors, arrays, strict=True):
        is_float = array.dtype.kind == "f"
        values = [float(str(v)) if is_float else int(v) for v in array.ravel()]
        found[tensor._keras_history[0].name] = {
            "shape": array.shape,
            "dtype": "float32" if is_float else "int32",
            "values": [int(v) for v in values] if np.all(array == np.round(array)) else values,
        }
    return found


def write_labels(name: str, labels: list[str]) -> None:
    """Write the names of the classes, one a line."""
    (HERE / f"{name}.labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
