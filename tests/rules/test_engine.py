from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.models import KERAS3, dense, functional, identity, nested, on, sequential, source, weight
from tfjs_serve.artifacts import Options
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.graph import Call, Graph, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.report import Applied, Note
from tfjs_serve.rewriting.engine import Translated, attempt, translate
from tfjs_serve.rewriting.rule import (
    Context,
    GraphRewrite,
    GraphRule,
    LayerRule,
    Refusal,
    Rewrite,
    refuse,
    with_fields,
)
from tfjs_serve.rules import translate_model


def shapes_seen(graph: Graph) -> dict[str, tuple[object, ...]]:
    """Return what shapes a rule is told of, by layer."""
    seen: dict[str, tuple[object, ...]] = {}

    def look(layer: Layer, context: Context) -> None:
        seen.setdefault(layer.name, context.shapes)

    translate(graph, KERAS3, [LayerRule("look", look)], [])
    return seen


def reasons(graph: Graph, *rules: LayerRule) -> tuple[Reason, ...]:
    with pytest.raises(ConversionError) as error:
        translate(graph, KERAS3, rules, [])
    return error.value.reasons


NORM = {"axis": -1, "epsilon": 1e-3, "center": False, "scale": False}
RECURRENT = {"return_sequences": False, "go_backwards": False}
PLAIN = functional([source(), identity("a", on("x"))], ["a"])
INNER = sequential(source("z", (None, 3)), identity("i", on("z")), name="m")


def test_without_rules_nothing_changes() -> None:
    assert translate(PLAIN, KERAS3, [], []) == Translated(PLAIN, (), ())


def test_a_long_model_listed_backwards() -> None:
    names = [f"a{i}" for i in range(20_000)]
    layers = [identity(after, on(before)) for before, after in pairwise(["x", *names])]
    graph = functional([*layers[::-1], source()], names[-1:])
    assert translate_model(graph, KERAS3) == Translated(graph, (), ())


def test_rules_that_do_not_apply_leave_no_trace() -> None:
    rules = [LayerRule("none", lambda layer, context: None)]
    graph_rules = [GraphRule("none", lambda graph, context: None)]
    assert translate(PLAIN, KERAS3, rules, graph_rules) == Translated(PLAIN, (), ())


def test_rules_run_in_order_and_are_reported() -> None:
    note = Note("slower", "a")

    def freeze(layer: Layer, context: Context) -> Rewrite | None:
        if layer.name != "a":
            return None
        return Rewrite(with_fields(layer, {"trainable": False}), (note, note))

    def rename(graph: Graph, context: Context) -> GraphRewrite:
        assert graph.layer("a").config["trainable"] is False
        return GraphRewrite(replace(graph, name="renamed"), (Note("renamed"),))

    found = translate(PLAIN, KERAS3, [LayerRule("freeze", freeze)], [GraphRule("rename", rename)])
    frozen = with_fields(PLAIN.layers[1], {"trainable": False})
    assert found == Translated(
        replace(PLAIN, name="renamed", layers=(PLAIN.layers[0], frozen)),
        (note, Note("renamed")),
        (Applied("freeze", "a"), Applied("rename", None)),
    )


def test_shapes_flow_whatever_the_order_of_layers() -> None:
    graph = functional(
        [
            identity("c", on("b"), on("a")),
            dense("b", on("a"), units=7),
            nested("m", INNER, on("x")),
            identity("a", on("x")),
            source(shape=(None, 3)),
        ],
        ["c", TensorRef("c", 1), "m"],
    )
    assert shapes_seen(graph) == {
        "x": (),
        "a": ((None, 3),),
        "b": ((None, 3),),
        "c": ((None, 3),),  # of the first call that can be made
        "m": ((None, 3),),
        "z": (),
        "i": ((None, 3),),
    }


def test_a_rule_sees_the_shapes_of_what_an_earlier_one_made_an_input() -> None:
    def named_first(layer: Layer, context: Context) -> Rewrite | None:
        (call,) = layer.calls
        if not call.kwargs:
            return None
        return Rewrite(replace(layer, calls=(Call((*call.args, *call.kwargs.values())),)))

    seen: dict[str, tuple[object, ...]] = {}

    def look(layer: Layer, context: Context) -> None:
        seen[layer.name] = context.shapes

    layers = [
        source(),
        source("y", (None, 2, 4)),
        Layer("a", "Add", {}, (on("x", y=TensorRef("y")),)),
    ]
    graph = functional(layers, ["a"], ["x", "y"])
    translate(graph, KERAS3, [LayerRule("first", named_first), LayerRule("look", look)], [])
    assert seen["a"] == ((None, 4), (None, 2, 4))


def test_a_rule_that_misses_a_hidden_shape_adds_no_reason() -> None:
    def needs_shape(layer: Layer, context: Context) -> None:
        if layer.class_name == "Dense" and None in context.shapes:
            raise ShapeError("no shape")

    layers = [source(), Layer("b", "Mine", {}, (on("x"),)), dense("a", on("b"))]
    found = reasons(functional(layers, ["a"]), LayerRule("needs_shape", needs_shape))
    assert [reason.layer for reason in found] == ["b"]


def test_each_step_hides_the_axis_of_time() -> None:
    part = replace(dense("d"), calls=())
    wrapper = Layer("t", "TimeDistributed", {}, (on("x"),), parts={"layer": part})
    graph = functional([source(shape=(None, 5, 4, 3)), wrapper], ["t"])
    assert shapes_seen(graph) == {"x": (), "d": ((None, 4, 3),), "t": ((None, 5, 4, 3),)}


def test_all_refusals_are_collected() -> None:
    def no_dense(layer: Layer, context: Context) -> Refusal | None:
        return refuse(layer, "no Dense") if layer.class_name == "Dense" else None

    layers = [
        source(),
        dense("a", on("x")),
        Layer("b", "Lambda", {}, (on("a"),)),
        Layer("c", "Add", {}, (on("b"),)),  # one input: hidden by the refusal before it
        dense("d", on("x")),
    ]
    graph = functional(layers, ["c", "d"])
    rules = [LayerRule("no_dense", no_dense)]

    def no_model(graph: Graph, context: Context) -> Refusal:
        return Refusal((Reason("no model"), Reason("no Dense", "a", "Dense")))

    with pytest.raises(ConversionError) as error:
        translate(graph, KERAS3, rules, [GraphRule("no_model", no_model)])
    assert error.value.reasons == (
        Reason("no Dense", "a", "Dense"),
        Reason(
            "a Lambda layer holds Python code, which a browser cannot run "
            "(a lambda without a name)",
            "b",
            "Lambda",
            "write it in JavaScript (tfjs-serve stub begins it) and pass --allow-custom Lambda, "
            "or replace it by built-in layers",
        ),
        Reason("no Dense", "d", "Dense"),
        Reason("no model"),
    )
    assert str(error.value) == "layer 'a' (Dense): no Dense (and 3 more reasons)"


def test_a_wrapped_layer_is_refused_in_the_name_of_its_wrapper() -> None:
    part = Layer("d", "Dense", {"units": 0})
    wrapper = Layer("t", "TimeDistributed", {}, (on("x"),), parts={"layer": part})
    found = reasons(functional([source(shape=(None, 5, 4)), wrapper], ["t"]))
    assert found[0] == Reason(
        "not supported yet: units = 0 (expected a whole number above 0) in its Dense",
        "t",
        "TimeDistributed",
    )


@pytest.mark.parametrize("allowed", [(), ("Mine",)])
def test_a_custom_class_in_a_wrapper_is_given_no_advice_that_does_not_help(
    allowed: tuple[str, ...],
) -> None:
    part = Layer("d", "mine>Mine", {})
    wrapper = Layer("t", "Bidirectional", {}, (on("x"),), parts={"layer": part})
    graph = functional([source(shape=(None, 5, 4)), wrapper], ["t"])
    with pytest.raises(ConversionError) as error:
        translate_model(graph, Context(3, options=Options(allow_custom=allowed)))
    (reason,) = error.value.reasons
    assert (reason.layer, reason.remedy) == (
        "t",
        "call it outside of that layer, or replace it by built-in layers",
    )


def test_a_sequential_model_returns_one_tensor() -> None:
    config = {"units": 4, "recurrent_activation": "sigmoid", "return_state": True}
    chain = sequential(source("z", (None, 5, 4)), Layer("l", "LSTM", config, (on("z"),)))
    why = "not supported yet: returns several tensors at the end of a Sequential model"
    assert reasons(chain) == (Reason(why, "l", "LSTM"),)


STEPS = Layer("a", "TimeDistributed", {}, parts={"layer": identity("i")})
CONV_LSTM = Layer(
    "a", "ConvLSTM2D", {"filters": 1, "kernel_size": 1, "recurrent_activation": "sigmoid"}
)
BOUND = "not supported yet: shared by inputs of different shapes"


@pytest.mark.parametrize(
    ("layer", "one", "other", "is_bound"),
    [
        pytest.param(STEPS, (None, 5, 4), (None, 5, 4), False, id="steps alike"),
        pytest.param(STEPS, (None, 5, 4), (None, 6, 4), True, id="more steps"),
        pytest.param(STEPS, (None, 5, 4), (None, None, 4), True, id="any number of steps"),
        pytest.param(CONV_LSTM, (None, 2, 3, 3, 1), (None, 4, 3, 3, 1), False, id="longer"),
        pytest.param(CONV_LSTM, (None, 2, 3, 3, 1), (None, 2, 3, 4, 1), True, id="wider"),
    ],
)
def test_layers_that_keep_the_shape_of_their_first_call(
    layer: Layer, one: Shape, other: Shape, is_bound: bool
) -> None:
    shared = replace(layer, calls=(on("x"), on("y")))
    layers = [source("x", one), source("y", other), shared]
    graph = functional(layers, ["a", TensorRef("a", 1)], ["x", "y"])
    if is_bound:
        assert reasons(graph) == (Reason(BOUND, "a", layer.class_name),)
    else:
        translate(graph, KERAS3, [], [])


SHARED = "not supported yet: shared by inputs whose shapes need different translations"
THREE = [source("x", (None, 4)), source("y", (None, 2, 2)), source("z", (None, None))]


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        pytest.param(identity("a", on("x"), on("y")), (), id="no rule looks at the shape"),
        pytest.param(
            Layer("a", "LayerNormalization", NORM, (on("x"), on("y")), (weight("gamma"),)),
            (Reason(SHARED, "a", "LayerNormalization"),),
            id="weights along another axis",
        ),
    ],
)
def test_a_shared_layer_suits_all_its_calls(shared: Layer, expected: tuple[Reason, ...]) -> None:
    graph = functional([*THREE, shared], ["a", TensorRef("a", 1)], ["x", "y", "z"])
    if expected:
        with pytest.raises(ConversionError) as error:
            translate_model(graph, KERAS3)
        assert error.value.reasons == expected
    else:
        assert translate_model(graph, KERAS3).graph.layer("a").calls == shared.calls


def held(item: Layer) -> Layer:
    """Return a layer with weights, whatever they are."""
    return replace(item, weights=(weight("kernel"),))


def test_states_passed_by_name_are_waited_for_and_checked() -> None:
    rnn = Layer(
        "a",
        "SimpleRNN",
        {"units": 2, "activation": "tanh", "use_bias": True} | RECURRENT,
        (on("x", initial_state=TensorRef("h")),),
        (weight("kernel"),),
    )
    wrong = [rnn, held(dense("h", on("y"), units=3)), source(shape=(None, 5, 4)), source("y")]
    with pytest.raises(ConversionError) as error:
        translate_model(functional(wrong, ["a"], ["x", "y"]), KERAS3)
    assert error.value.reasons == (
        Reason("not supported yet: needs 1 states of 2 units, got (None, 3)", "a", "SimpleRNN"),
    )
    right = [rnn, held(dense("h", on("y"), units=2)), *wrong[2:]]
    found = translate_model(functional(right, ["a"], ["x", "y"]), KERAS3)
    assert found.graph.layer("a").calls == (on("x", "h"),)


CIRCLE = "its inputs are made by no layer of the model, or by layers that wait for it"


@pytest.mark.parametrize(
    ("layers", "outputs", "expected"),
    [
        pytest.param(
            [source(), identity("a", on("b")), identity("b", on("a"))],
            ["a"],
            [Reason(CIRCLE, "a", "Activation")],
            id="circle",
        ),
        pytest.param(
            [source(), identity("a", on("a"))],
            ["a"],
            [Reason(CIRCLE, "a", "Activation")],
            id="on itself",
        ),
        pytest.param(
            [source(), identity("a", on(TensorRef("x", 0, 1)))],
            ["a"],
            [Reason("is called on output 1 of 'x', which has 1", "a", "Activation")],
            id="tensor that is not made",
        ),
        pytest.param(
            [source(), identity("a", on("x"))],
            [TensorRef("a", 0, 2)],
            [Reason("model 'model' returns output 2 of 'a', which has 1")],
            id="output that is not made",
        ),
        pytest.param(
            [source(), nested("m", INNER, on("x"))],
            ["m"],
            [],
            id="nested model called with another length",
        ),
        pytest.param(
            [source(), source("y"), nested("m", INNER, on("x", "y"))],
            ["m"],
            [Reason("not supported yet: called with 2 inputs, not 1", "m", "Sequential")],
            id="nested model called with too many",
        ),
        pytest.param(
            [source(), nested("m", INNER, Call(("dict of a",)))],
            ["m"],
            [Reason("not supported yet: called with 0 inputs, not 1", "m", "Sequential")],
            id="nested model called with none",
        ),
        pytest.param(
            [source(), Layer("a", "Add", {}, (on("x"),))],
            ["a"],
            [Reason("not supported yet: called with 1 inputs", "a", "Add")],
            id="too few inputs",
        ),
        pytest.param(
            [source(shape=(None,)), identity("a", on("x"))],
            ["a"],
            [
                Reason(
                    "not supported yet: cannot feed an input of rank 1, got (None,)",
                    "x",
                    "InputLayer",
                )
            ],
            id="input of rank 1",
        ),
    ],
)
def test_models_that_do_not_hold_together(
    layers: Sequence[Layer], outputs: Sequence[TensorRef | str], expected: list[Reason]
) -> None:
    graph = functional(layers, outputs)
    if expected:
        assert list(reasons(graph)) == expected
    else:
        assert translate(graph, KERAS3, [], []).graph.layers == tuple(layers)


def custom(name: str, *calls: Call, shapes: tuple[Shape | None, ...] = ((None, 7),)) -> Layer:
    """Return a layer of a class that the page registers, with what the file tells of it."""
    told = tuple(replace(call, shapes=shapes) for call in calls)
    return Layer(name, "Mine", {"activation": "odd"}, told, (weight("w"),), is_custom=True)


SAY_SHAPES = (
    "pass --allow-custom Mine:same if that layer returns the shape of its input, or build the "
    "model as a functional one of Keras 3, whose file tells shapes"
)


def test_a_custom_layer_passes_rules_and_catalog_by() -> None:
    def emptied(layer: Layer, context: Context) -> Rewrite | None:
        return Rewrite(replace(layer, config={})) if layer.name == "a" else None

    rule = LayerRule("emptied", emptied)
    graph = functional([source(), custom("a", on("x"))], ["a"])
    assert translate(graph, KERAS3, [rule], []).graph.layer("a") == graph.layer("a")
    for_all = replace(rule, is_for_custom=True)
    assert translate(graph, KERAS3, [for_all], []).graph.layer("a").config == {}


def test_what_follows_a_custom_layer_has_the_shape_that_the_file_tells() -> None:
    graph = functional([source(), custom("a", on("x")), dense("b", on("a"))], ["b"])
    assert shapes_seen(graph) == {"x": (), "b": ((None, 7),)}


def test_a_shared_custom_layer_has_the_shapes_of_each_call() -> None:
    first, second = replace(on("x"), shapes=((None, 7),)), replace(on("y"), shapes=((None, 8),))
    shared = replace(custom("a"), calls=(first, second))
    layers = [source(), source("y"), shared]
    layers += [dense("b", on("a")), dense("c", on(TensorRef("a", 1)))]
    graph = functional(layers, ["b", "c"], ["x", "y"])
    assert shapes_seen(graph) == {"x": (), "y": (), "b": ((None, 7),), "c": ((None, 8),)}
    calls = translate(graph, KERAS3, [], []).graph.layer("a").calls
    assert [call.shapes for call in calls] == [((None, 7),), ((None, 8),)]


def test_custom_layers_need_no_shapes() -> None:
    before = custom("a", on("x"), shapes=(None,))
    graph = functional([source(), before, custom("b", on("a")), dense("c", on("b"))], ["c"])
    assert shapes_seen(graph)["c"] == ((None, 7),)


def test_a_layer_behind_a_hidden_shape_is_refused_and_told_of_its_maker() -> None:
    before = custom("a", on("x"), shapes=(None,))
    graph = functional([source(), before, dense("b", on("a")), dense("c", on("b"))], ["c"])
    assert reasons(graph) == (
        Reason(
            "not supported yet: called on the output of 'a', a custom layer whose output shape "
            "the file does not tell",
            "b",
            "Dense",
            SAY_SHAPES,
        ),
    )


def test_a_class_that_keeps_the_shape_hides_nothing() -> None:
    kept = replace(custom("a", on("x"), shapes=(None,)), keeps_shape=True)
    graph = functional([source(), kept, dense("b", on("a"))], ["b"])
    assert shapes_seen(graph)["b"] == ((None, 4),)


def test_a_class_called_on_named_tensors_alone_has_no_first_input() -> None:
    call = Call((), {"key": TensorRef("x")}, (None,))
    kept = replace(custom("a"), calls=(call,), keeps_shape=True)
    (reason,) = reasons(functional([source(), kept, dense("b", on("a"))], ["b"]))
    assert (reason.layer, reason.remedy) == ("b", SAY_SHAPES)


def test_who_hides_a_shape_is_told_through_models_and_classes_that_keep_it() -> None:
    inner = sequential(source("z"), custom("i", on("z"), shapes=(None,)), name="m")
    kept = custom("k", on("m"), shapes=(None,))
    kept = replace(kept, class_name="Keeper", keeps_shape=True)
    told = nested("m", inner, replace(on("x"), shapes=(None,)))
    graph = functional([source(), told, kept, dense("b", on("k"))], ["b"])
    (reason,) = reasons(graph)
    assert (reason.layer, reason.remedy) == ("b", SAY_SHAPES)
    assert "the output of 'k', " in reason.why


def test_a_nested_model_hands_on_what_its_custom_layer_hides() -> None:
    inner = sequential(source("z"), custom("i", on("z"), shapes=(None,)), name="m")
    told = nested("m", inner, replace(on("x"), shapes=((None, 7),)))
    graph = functional([source(), told, dense("b", on("m"))], ["b"])
    assert shapes_seen(graph)["b"] == ((None, 7),)


def test_what_a_nested_model_was_built_with_holds_for_that_input_only() -> None:
    inner = sequential(source("z", (None, None)), custom("i", on("z")), name="m")
    graph = functional([source(), nested("m", inner, on("x")), dense("b", on("m"))], ["b"])
    assert [(found.layer, found.class_name) for found in reasons(graph)] == [("b", "Dense")]


def test_an_attempt_tells_of_shapes_and_reasons() -> None:
    inner = sequential(source("z"), identity("i", on("z")), name="m")
    layers = [source(), nested("m", inner, on("x")), Layer("bad", "Mine", {}, (on("m"),))]
    found = attempt(functional([*layers, dense("b", on("bad"))], ["b"]), KERAS3, [], [])
    assert [reason.layer for reason in found.reasons] == ["bad"]
    assert found.shapes == {
        ("x",): ((None, 4),),
        ("m",): ((None, 4),),
        ("m", "z"): ((None, 4),),
        ("m", "i"): ((None, 4),),
        ("bad",): (),
        ("b",): (),
    }
