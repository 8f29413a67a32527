from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import dense, functional, layer, nested, on, sequential, source
from tfjs_serve.artifacts import Options
from tfjs_serve.graph import Call, Graph, Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, GraphRewrite
from tfjs_serve.rules.custom_layers import rewrite
from tfjs_serve.shapes import Shapes

BARE = {"trainable": True}
GENUINE: dict[str, Any] = {"units": 4, "activation": "relu", "use_bias": True}


def graph(*layers: Layer) -> Graph:
    return functional([source(), *layers], [layers[-1].name])


def allowing(*names: str) -> Context:
    return Context(2, options=Options(allow_custom=names))


def passed(before: Layer, class_name: str, **config: object) -> Layer:
    return replace(before, class_name=class_name, config={**BARE, **config}, is_custom=True)


def note(name: str) -> Note:
    text = (
        f"needs the class {name!r}: the page registers it before tf.loadLayersModel "
        "(`tfjs-serve stub` writes a skeleton); a mask it makes in Keras is not handed on"
    )
    return Note(text, kind=NoteKind.PAGE)


@pytest.mark.parametrize(
    ("before", "allowed"),
    [
        pytest.param(layer("mine>Twice"), (), id="nothing allowed"),
        pytest.param(layer("mine>Twice"), ("Thrice", "your>Twice"), id="others allowed"),
        pytest.param(layer("Dense", **GENUINE), ("Dense",), id="Keras's own"),
        pytest.param(layer("keras.ops.Add"), ("Add",), id="an operation"),
        pytest.param(layer("StringLookup"), ("StringLookup",), id="Keras's own, not supported"),
    ],
)
def test_nothing_to_pass_through(before: Layer, allowed: tuple[str, ...]) -> None:
    assert rewrite(graph(before), allowing(*allowed)) is None


@pytest.mark.parametrize(
    ("class_name", "allowed", "registered"),
    [
        ("Twice", "Twice", "Twice"),
        ("mine>Twice", "Twice", "Twice"),
        ("mine>Twice", "mine>Twice", "Twice"),
        ("my.module>Twice", "Twice", "Twice"),
        ("My_Own_Layer", "My_Own_Layer", "MyOwnLayer"),
        ("my_own>Dense", "Dense", "myOwn>Dense"),
        ("Dense", "Dense", "Custom>Dense"),
        ("mine>Zeros", "Zeros", "mine>Zeros"),
        ("TfjsServeGRU", "TfjsServeGRU", "Custom>TfjsServeGRU"),
    ],
)
def test_a_class_gets_a_name_that_is_free_in_the_browser(
    class_name: str, allowed: str, registered: str
) -> None:
    before = layer(class_name, trainable=False, units=4)
    after = replace(passed(before, registered, units=4), config={"trainable": False, "units": 4})
    assert rewrite(graph(before), allowing(allowed)) == GraphRewrite(
        graph(after), (note(registered),)
    )


def test_classes_of_one_name_keep_their_packages() -> None:
    mine, yours = layer("mine>Twice", "a"), layer("yours>Twice", "b")
    assert rewrite(graph(mine, yours), allowing("Twice")) == GraphRewrite(
        graph(passed(mine, "mine>Twice"), passed(yours, "yours>Twice")),
        (note("mine>Twice"), note("yours>Twice")),
    )


def test_a_genuine_dense_beside_its_namesake_stays() -> None:
    own, genuine = layer("Dense", "a", units=4), layer("Dense", "b", **GENUINE)
    assert rewrite(graph(own, genuine), allowing("Dense")) == GraphRewrite(
        graph(passed(own, "Custom>Dense", units=4), genuine), (note("Custom>Dense"),)
    )


def test_a_layer_of_a_nested_model() -> None:
    own = replace(layer("Twice", "i"), calls=(on("z"),))
    model = nested("m", sequential(source("z"), own), on("x"))
    after = nested("m", sequential(source("z"), passed(own, "Twice")), on("x"))
    assert rewrite(graph(model), allowing("Twice")) == GraphRewrite(graph(after), (note("Twice"),))


def test_what_keras_writes_for_every_layer_goes_and_layers_inside_are_written_back() -> None:
    inside = replace(dense("inside"), calls=())
    before = layer(
        "Twice", dtype="mixed_float16", autocast=True, activity_regularizer=None, mode="half_way"
    )
    before = replace(before, parts={"layer": inside})
    written = {"class_name": "Dense", "config": {"name": "inside", **inside.config}}
    after = replace(passed(before, "Twice", mode="half_way", layer=written), parts={})
    assert rewrite(graph(before), allowing("Twice")) == GraphRewrite(graph(after), (note("Twice"),))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        pytest.param(["4wEAAAA", None, None], None, id="byte code of Keras 2"),
        pytest.param({"class_name": "__lambda__", "config": {"code": "4wEA"}}, None, id="Keras 3"),
        pytest.param("doubled", "doubled", id="function of Keras 2"),
        pytest.param({"class_name": "doubled", "config": {}}, "doubled", id="function of Keras 3"),
    ],
)
def test_a_lambda_keeps_no_code(function: object, name: str | None) -> None:
    before = layer("Lambda", function=function, arguments={"by": 2}, module="m", dtype="float32")
    after = passed(before, "Lambda", function=name, arguments={"by": 2})
    assert rewrite(graph(before), allowing("Lambda")) == GraphRewrite(
        graph(after), (note("Lambda"),)
    )


@pytest.mark.parametrize(
    ("class_name", "allowed", "registered"),
    [
        ("Twice", "Twice:same", "Twice"),
        ("mine>Twice", "Twice:same", "Twice"),
        ("mine>Twice", "mine>Twice:same", "Twice"),
        ("My_Own_Layer", "MyOwnLayer:same", "MyOwnLayer"),
        ("my_own>Dense", "myOwn>Dense:same", "myOwn>Dense"),
        ("Dense", "Custom>Dense:same", "Custom>Dense"),
    ],
)
def test_a_class_that_is_said_to_keep_the_shape(
    class_name: str, allowed: str, registered: str
) -> None:
    before = layer(class_name)
    after = replace(passed(before, registered), keeps_shape=True)
    said = note(registered)
    told = f"{said.text}; where the file tells no shape of its output, it is that of its input"
    context = allowing("Other", allowed.removesuffix(":same"), allowed)
    assert rewrite(graph(before), context) == GraphRewrite(
        graph(after), (Note(told, kind=NoteKind.PAGE),)
    )


def test_what_is_said_of_one_class_holds_for_no_other() -> None:
    one, other = layer("mine>Twice", "a"), layer("yours>Twice", "b")
    found = rewrite(graph(one, other), allowing("mine>Twice:same", "yours>Twice"))
    assert found is not None
    assert [own.keeps_shape for own in found.graph.layers] == [False, True, False]


@pytest.mark.parametrize(
    ("told", "shapes"),
    [((), (None,)), (((None, 5, 2),), ((None, 2),)), ((None,), (None,))],
    ids=str,
)
def test_a_class_on_each_step_has_what_the_file_tells_of_its_wrapper(
    told: Shapes, shapes: Shapes
) -> None:
    own = Layer("own", "Twice")
    before = replace(layer("TimeDistributed"), parts={"layer": own})
    before = replace(before, calls=(replace(before.calls[0], shapes=told),))
    found = rewrite(graph(before), allowing("Twice"))
    after = replace(passed(own, "Twice"), calls=(Call(),))
    assert found == GraphRewrite(graph(replace(before, parts={"layer": after})), (note("Twice"),))
    assert found is not None
    assert found.graph.layer("a").parts["layer"].calls[0].shapes == shapes


def test_a_class_in_a_model_on_each_step() -> None:
    own = replace(layer("Twice", "i"), calls=(on("z"),))
    model = nested("m", sequential(source("z"), own))
    before = replace(layer("TimeDistributed"), parts={"layer": model})
    after = nested("m", sequential(source("z"), passed(own, "Twice")), Call())
    assert rewrite(graph(before), allowing("Twice")) == GraphRewrite(
        graph(replace(before, parts={"layer": after})), (note("Twice"),)
    )


def test_a_class_in_both_ways_of_time_is_not_passed_through() -> None:
    before = replace(layer("Bidirectional"), parts={"layer": Layer("own", "Twice")})
    assert rewrite(graph(before), allowing("Twice")) is None
