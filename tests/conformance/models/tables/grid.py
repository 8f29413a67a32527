"""Cases out of tables: a class, what it is given, and values of its fields."""

# mypy: ignore-errors
from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import Input, Model, layers

MAJOR = int(keras.__version__.split(".")[0])


@dataclass(frozen=True)
class Case:
    """One small model.

    name: unique within its part; class, then what differs from the plain form.
    subject: the class, function or context that the model is about.
    build: returns a model, or a model and its twin, which computes the same and is asked instead.
    draws_whole_numbers: float inputs hold indices.
    """

    name: str
    subject: str
    build: Callable[[], Any]
    draws_whole_numbers: bool = False
    finish: Callable[[Any], None] | None = None


@dataclass(frozen=True)
class Table:
    """One layer class with what it is given and what is varied.

    given: the shape of its input without the batch axis, or a list of shapes; one that starts
        with a dtype is an input of that dtype.
    base: arguments of the plain form.
    fields: values of one field each, tried one at a time; a dictionary among the values is several
        fields at once.
    tag: tells the plain form from that of another table of the same class and input.
    pairs: fields that are also tried in every combination with one another.
    """

    kind: str
    given: Any
    base: dict[str, Any]
    fields: dict[str, Sequence[Any]]
    pairs: tuple[str, ...] = ()
    draws_whole_numbers: bool = False
    tag: str = ""

    def cases(self) -> Iterator[Case]:
        """Yield the plain form, each value of each field, and the combinations of `pairs`."""
        if not hasattr(layers, self.kind):
            return
        yield self.case({})
        for field, values in self.fields.items():
            for value in values:
                yield self.case(value if isinstance(value, dict) else {field: value})
        for one, other in itertools.combinations(self.pairs, 2):
            for a, b in itertools.product(self.fields[one], self.fields[other]):
                first = a if isinstance(a, dict) else {one: a}
                yield self.case({**first, **(b if isinstance(b, dict) else {other: b})})

    def case(self, changed: dict[str, Any]) -> Case:
        """Return the case with these fields in place of the plain ones."""
        arguments = {**self.base, **changed}
        tag = self.tag or ("" if self.fields else spelled(sorted(self.base.items())))
        parts = [self.kind, spelled(self.given), tag, *map("-".join, spellings(changed))]
        name = ".".join(part for part in parts if part)

        def build() -> Any:
            inputs = inputs_of(self.given)
            given = inputs if isinstance(self.given, list) else inputs[0]
            made = {key: value() if callable(value) else value for key, value in arguments.items()}
            model = Model(inputs, getattr(layers, self.kind)(**made)(given))
            if made.pop("dtype", None) is not None:  # browsers have one kind of floats
                x = Input(self.given)
                return model, Model(x, getattr(layers, self.kind)(**made)(x))
            if made.get("data_format") != "channels_first" or len(inputs) > 1:
                return model
            if self.kind.startswith("LocallyConnected"):  # by slices; their kernels hold the order
                return model
            return model, self.turned(made)

        return Case(name, self.kind, build, self.draws_whole_numbers)

    def turned(self, arguments: dict[str, Any]) -> Any:
        """Return the same with channels last: Keras's kernels for the other order are few."""
        x = Input(self.given)
        axes = len(self.given) - 1
        y = layers.Permute((*range(2, axes + 2), 1))(x)
        y = getattr(layers, self.kind)(**{**arguments, "data_format": "channels_last"})(y)
        if len(y.shape) == len(x.shape):
            y = layers.Permute((axes + 1, *range(1, axes + 1)))(y)
        return Model(x, y)


def inputs_of(given: Any) -> list[Any]:
    """Return Inputs of the shapes that a table names."""
    shapes = given if isinstance(given, list) else [given]
    return [
        Input(shape[1:], dtype=shape[0]) if shape and isinstance(shape[0], str) else Input(shape)
        for shape in shapes
    ]


def spellings(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield fields and their values as parts of a file name."""
    for field, value in fields.items():
        yield field, spelled(value() if callable(value) else value)


def spelled(value: Any) -> str:
    """Return a value as part of a file name."""
    if hasattr(value, "get_config"):
        config = {k: v for k, v in value.get_config().items() if isinstance(v, (int, float, str))}
        config.pop("name", None)
        value = type(value).__name__ + spelled(sorted(config.items()))
    signed = re.sub(r"(?<!\w)-(?=\d)", "minus", str(value))  # 1 and -1 are two cases
    return re.sub(r"[^\w.]+", "_", signed).strip("_")[:48]


def functional(name: str, subject: str, given: Any, function: Callable[..., Any], **more) -> Case:
    """Return a case whose model is a function of its inputs."""

    def build() -> Any:
        inputs = inputs_of(given)
        return Model(inputs, function(*inputs))

    return Case(name, subject, build, **more)


def unique(cases: Sequence[Case]) -> list[Case]:
    """Return the cases, each name once: combinations repeat what was tried alone."""
    return list({case.name: case for case in cases}.values())
