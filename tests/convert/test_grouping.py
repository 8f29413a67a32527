from __future__ import annotations

import pytest

from tests.models import stored
from tfjs_serve.convert.grouping import by_layer, in_file_order
from tfjs_serve.convert.translation import Tensor
from tfjs_serve.graph import Computed
from tfjs_serve.keras_files.model import Container, KerasModel, StoredWeight


def model(*weights: StoredWeight, container: Container = Container.H5) -> KerasModel:
    return KerasModel("2.15.0", "tensorflow", {}, None, weights, container)


def names(tensors: tuple[Tensor, ...]) -> list[str]:
    return [tensor.name for tensor in tensors]


def test_nothing_is_one_empty_group() -> None:
    assert in_file_order((), model()) == ()
    assert by_layer((), model()) == [()]


def test_the_order_is_that_of_the_file() -> None:
    """HDF5 goes into `a` before it comes to `a-b`; as plain texts they sort the other way round."""
    weights = [
        stored("a-b/kernel", group="a-b"),
        stored("a/c/kernel", group="a/c"),
        stored("a/c/bias", group="a/c"),
        stored("b/kernel", group="b"),
        stored("B/kernel", group="B"),
    ]
    tensors = [Tensor(weight.name, weight) for weight in reversed(weights)]
    found = in_file_order(tensors, model(*weights))
    assert names(found) == ["B/kernel", "a/c/kernel", "a/c/bias", "a-b/kernel", "b/kernel"]


ONE, TWO, THREE = (stored(f"{name}/kernel", group=name) for name in ("m", "n", "o"))


def computed(*sources: StoredWeight) -> Computed:
    return Computed((2,), sources, lambda *values: values[0])


def test_what_was_computed_stands_where_its_first_source_does() -> None:
    tensors = [
        Tensor("x", computed(THREE, TWO)),
        Tensor("y", THREE),
        Tensor("z", ONE),
        Tensor("c", computed()),
    ]
    assert names(in_file_order(tensors, model(ONE, TWO, THREE))) == ["c", "z", "x", "y"]


@pytest.mark.parametrize(
    ("container", "groups", "expected"),
    [
        pytest.param(
            Container.H5,
            ["inner", "inner", "outer"],
            [["0/w", "1/w"], ["2/w"]],
            id="a nested model is one layer",
        ),
        pytest.param(
            Container.H5,
            ["foo/bar/dense", "foo/dense", "top"],
            [["0/w", "1/w"], ["2/w"]],
            id="names with a common head are one layer",
        ),
        pytest.param(
            Container.ARCHIVE,
            ["layers/dense/vars", "layers/dense/vars", "layers/dense_1/vars"],
            [["0/w", "1/w"], ["2/w"]],
            id="objects of an archive",
        ),
    ],
)
def test_groups(container: Container, groups: list[str], expected: list[list[str]]) -> None:
    weights = [stored(f"{index}/w", group=group) for index, group in enumerate(groups)]
    tensors = [Tensor(weight.name, weight) for weight in weights]
    found = by_layer(tensors, model(*weights, container=container))
    assert [names(group) for group in found] == expected


def test_a_constant_belongs_to_the_layer_it_was_made_for() -> None:
    tensors = [
        Tensor("cut/kernel", computed()),
        Tensor("cut/bias", computed()),
        Tensor("m/kernel", ONE),
    ]
    found = by_layer(tensors, model(ONE))
    assert [names(group) for group in found] == [["cut/kernel", "cut/bias"], ["m/kernel"]]
