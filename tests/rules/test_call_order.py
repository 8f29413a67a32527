from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.models import KERAS3, functional, identity, nested, on, sequential, source
from tests.rules.container import Made, ends, inputs_of
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.call_order import rewrite
from tfjs_serve.topology import model_config


def ref(layer: str, call: int = 0) -> TensorRef:
    return TensorRef(layer, call)


CHAIN = sequential(source("z"), identity("i", on("z")), name="m")


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(functional([source(), identity("a", on("x"))], ["a"]), id="one call"),
        pytest.param(CHAIN, id="sequential"),
        pytest.param(
            functional([identity("b", on("a")), identity("a", on("x")), source()], ["b"]),
            id="layers the wrong way round",
        ),
        pytest.param(
            functional([source(), identity("a", on("x"), on("a"), on(ref("a", 1)))], [ref("a", 2)]),
            id="on itself",
        ),
        pytest.param(
            functional([source(), nested("m", CHAIN, on("x"), on("m"))], [ref("m", 1)]),
            id="nested model called twice",
        ),
    ],
)
def test_calls_in_order_stay(graph: Graph) -> None:
    assert rewrite(graph, KERAS3) is None


# d is called on e(d(a)), b and a; d's first call has to wait for its third.
SHARED = functional(
    [
        source("a"),
        source("b"),
        identity("d", on("e"), on("b"), on("a")),
        identity("e", on(ref("d", 2))),
    ],
    [ref("d", 0), ref("d", 1), "e"],
    ["a", "b"],
)
SHARED_ORDERED = functional(
    [
        source("a"),
        source("b"),
        identity("d", on("b"), on("a"), on("e")),
        identity("e", on(ref("d", 1))),
    ],
    [ref("d", 2), ref("d", 0), "e"],
    ["a", "b"],
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SHARED, SHARED_ORDERED, id="one call waits for a later one"),
        pytest.param(
            functional([source(), nested("n", SHARED, on("x"))], ["n"]),
            functional([source(), nested("n", SHARED_ORDERED, on("x"))], ["n"]),
            id="inside a nested model",
        ),
        pytest.param(
            functional(
                [source(), nested("m", CHAIN, on("a"), on("x")), identity("a", on(ref("m", 1)))],
                ["m"],
            ),
            functional(
                [source(), nested("m", CHAIN, on("x"), on("a")), identity("a", on("m"))],
                [ref("m", 1)],
            ),
            id="of a nested model",
        ),
        pytest.param(
            functional(
                [
                    source(),
                    identity("a", Call((ref("b"),), {"m": ref("a", 1)}), on("x")),
                    identity("b", on(ref("a", 1))),
                ],
                ["a"],
            ),
            functional(
                [
                    source(),
                    identity("a", on("x"), Call((ref("b"),), {"m": ref("a")})),
                    identity("b", on("a")),
                ],
                [ref("a", 1)],
            ),
            id="tensors by name are renumbered, too",
        ),
    ],
)
def test_calls_are_reordered(before: Graph, after: Graph) -> None:
    assert rewrite(before, KERAS3) == GraphRewrite(after)


def test_a_circle_ends_all_the_same() -> None:
    circle = [source(), identity("a", on("b"), on("x")), identity("b", on("a"))]
    found = rewrite(functional(circle, ["a"]), KERAS3)
    assert found is not None
    assert found.graph.layer("a").calls == (on("x"), on("b"))


def random_graph(seed: int) -> Graph:
    """Return a model of shared layers and nested models, layers in any order.

    Every call carries its number as an argument, by which it is known after the rewrite.
    """
    rng = random.Random(seed)
    names = [f"l{i}" for i in range(rng.randint(2, 6))]
    models = {name for name in names if rng.random() < 0.3}
    calls: dict[str, list[Call]] = {name: [] for name in names}
    made = [ref("x"), ref("y")]
    for number in range(rng.randint(len(names), 20)):
        name = rng.choice(names)
        inputs = rng.sample(made, rng.randint(1, min(3, len(made))))
        calls[name].append(on(*inputs, number=number))
        made.append(ref(name, len(calls[name]) - 1))
    layers = [source("x"), source("y")]
    for name in names:
        if calls[name]:
            is_model = name in models
            layers.append(
                nested(name, CHAIN, *calls[name]) if is_model else identity(name, *calls[name])
            )
    rng.shuffle(layers)
    return functional(layers, rng.sample(made[2:], min(3, len(made) - 2)), ["x", "y"])


def shuffled_calls(graph: Graph, seed: int) -> Graph:
    """Return the same model with the calls of each layer in any order."""
    rng = random.Random(seed)
    order = {
        layer.name: rng.sample(range(len(layer.calls)), len(layer.calls)) for layer in graph.layers
    }

    def moved(item: TensorRef) -> TensorRef:
        return TensorRef(item.layer, order[item.layer].index(item.call), item.output)

    def call(old: Call) -> Call:
        return Call((tuple(map(moved, old.inputs)),), old.kwargs)

    layers = tuple(
        Layer(
            layer.name,
            layer.class_name,
            layer.config,
            tuple(call(layer.calls[index]) for index in order[layer.name]),
            graph=layer.graph,
        )
        for layer in graph.layers
    )
    return Graph(
        graph.name,
        graph.kind,
        layers,
        tuple(map(moved, graph.inputs)),
        tuple(map(moved, graph.outputs)),
    )


def producers(graph: Graph) -> Iterator[tuple[object, list[object]]]:
    """Yield the number of every call, with the numbers of the calls its tensors come from."""
    for layer in graph.layers:
        for call in layer.calls:
            yield _number(graph, layer.name, call), [_at(graph, item) for item in call.inputs]
    yield "outputs", [_at(graph, item) for item in graph.outputs]


def _at(graph: Graph, item: TensorRef) -> object:
    return _number(graph, item.layer, graph.layer(item.layer).calls[item.call])


def _number(graph: Graph, name: str, call: Call) -> object:
    return call.kwargs.get("number", name)


def made_by_tfjs(graph: Graph) -> Iterator[tuple[object, list[object]]]:
    """Yield the same of the model that tfjs makes from the written config."""
    config = model_config(graph)["config"]

    def number(made: Made) -> object:
        name, place = made
        return name if place < 0 else graph.layer(name).calls[place].kwargs["number"]

    for made, inputs in inputs_of(config).items():
        yield number(made), [number(item) for item, _ in inputs]
    for name in ("x", "y"):
        yield name, []
    yield "outputs", [number(item) for item, _ in ends(config, "output_layers")]


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_tfjs_finds_every_tensor_where_keras_had_it(start: int) -> None:
    for seed in range(start, start + 100):
        graph = shuffled_calls(random_graph(seed), seed)
        found = rewrite(graph, KERAS3)
        after = graph if found is None else found.graph
        assert dict(made_by_tfjs(after)) == dict(producers(graph)), f"seed {seed}"
        assert rewrite(after, KERAS3) is None, f"seed {seed}"


def test_those_models_need_the_rule() -> None:
    """Tells that the test above is one: tfjs takes other tensors, or waits for ever."""
    harmed = 0
    for seed in range(100):
        graph = shuffled_calls(random_graph(seed), seed)
        try:
            harmed += dict(made_by_tfjs(graph)) != dict(producers(graph))
        except RuntimeError:
            harmed += 1
    assert harmed > 30
