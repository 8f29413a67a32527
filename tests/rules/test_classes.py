"""Rules act on no class but those they declare: the engine offers them no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fixtures.cases import Case
from tests.rules.test_namesakes import READABLE
from tfjs_serve.front_ends import read_graph
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.rewriting.engine import attempt
from tfjs_serve.rewriting.keras_classes import KERAS_CLASSES
from tfjs_serve.rewriting.order import Order
from tfjs_serve.rewriting.rule import OPERATIONS, Context, LayerRule
from tfjs_serve.rules import FIRST_RULES, GRAPH_RULES, LAYER_RULES, attempt_model

OFFERED_ALL = tuple(replace(rule, classes=None) for rule in LAYER_RULES)
DECLARED = [rule for rule in LAYER_RULES if rule.classes not in (None, OPERATIONS)]
OF_APPLICATIONS = {"CustomScaleLayer", "Custom>CustomScaleLayer", "StochasticDepth"}
"""Classes of keras.applications, which are no layers of Keras's own."""

FIRST = LayerRule("first", lambda layer, context: None, ("Dense",))
SECOND = LayerRule("second", lambda layer, context: None)
THIRD = LayerRule("third", lambda layer, context: None, OPERATIONS)


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.id)
def test_a_rule_that_is_offered_every_layer_changes_no_other(case: Case) -> None:
    with open_keras_file(case.path) as file:
        model = file.model
    graph, context = read_graph(model), Context(model.generation, backend=model.backend)
    offered_all = attempt(graph, context, OFFERED_ALL, GRAPH_RULES, FIRST_RULES)
    assert offered_all == attempt_model(graph, context)


@pytest.mark.parametrize("rule", DECLARED, ids=lambda rule: rule.name)
def test_declared_classes_exist(rule: LayerRule) -> None:
    assert rule.classes
    assert set(rule.classes) <= KERAS_CLASSES | CATALOG.keys() | OF_APPLICATIONS


@pytest.mark.parametrize(
    ("class_name", "offered"),
    [
        ("ReLU", ["second"]),
        ("Dense", ["first", "second"]),
        ("mine>Dense", ["second"]),
        ("keras.ops.Add", ["second", "third"]),
        ("keras.ops.Dense", ["second", "third"]),
    ],
)
def test_rules_are_offered_what_they_are_for_in_order(class_name: str, offered: list[str]) -> None:
    order, found, place = Order((FIRST, SECOND, THIRD)), [], 0
    while step := order.step(class_name, place):
        rule, place = step
        found.append(rule.name)
    assert found == offered


def test_a_rule_that_changes_the_class_is_followed_by_those_of_the_new_one() -> None:
    order = Order((THIRD, FIRST, SECOND, FIRST))
    assert order.step("keras.ops.Dense", 0) == (THIRD, 1)
    assert order.step("Dense", 1) == (FIRST, 2)
    assert order.step("Dense", 2) == (SECOND, 3)
    assert order.step("keras.ops.Dense", 3) is None
    assert order.step("Dense", 4) is None
