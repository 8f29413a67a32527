"""docs/layers.md against the inventory of both Kerases, the results and the fixtures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.layers_page import page
from tests.conformance.notes import BOOKKEEPING, DROPS, FIXES, INSTEAD, NOTES
from tests.conformance.refusals import plain
from tests.conformance.support import Support, letter, load, supports, unmade
from tests.fixtures.cases import CONVERTED
from tfjs_serve.rules import RULES

DOCUMENT = Path(__file__).parents[2] / "docs" / "layers.md"
INVENTORY = load("inventory.json")
NEVER_SAVED = {
    *("AbstractRNNCell", "Layer", "Wrapper", "StringLookup", "TextVectorization"),
    *(
        "DenseFeatures",
        "Equalization",
        "FlaxLayer",
        "JaxLayer",
        "Pipeline",
        "TFSMLayer",
        "TorchModuleWrapper",
    ),
}
"""Parts of others, or in need of strings, a library, a file; or Keras builds no model with them."""

NEVER_TRIED = {
    *("map", "scan", "cond", "while_loop", "fori_loop", "vectorized_map", "switch", "vectorize"),
    *("associative_scan", "custom_gradient", "jvp", "convert_to_numpy", "is_tensor", "shape"),
    *("arange", "dtype", "eye", "identity", "linspace", "logspace", "geomspace"),
    *("empty", "full", "ones", "zeros", "tri", "bartlett", "blackman", "hamming", "hanning"),
    "kaiser",
}
"""Functions of functions, and those that take or give no tensor."""

WITHIN_OTHERS = {"InputLayer", "Functional", "Sequential", "TFOpLambda", "SlicingOpLambda"}
"""Classes of the fixtures that are about nothing else."""


def test_the_page_is_what_the_results_make() -> None:
    assert page() == DOCUMENT.read_text("utf-8")


@pytest.mark.parametrize("keras", ["keras2", "keras3"])
@pytest.mark.parametrize("kind", ["layers", "activations", "operations"])
def test_everything_of_keras_is_on_the_page(keras: str, kind: str) -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in INVENTORY[keras][kind] if f"`{name}`" not in text] == []


@pytest.mark.parametrize("keras", ["keras2", "keras3"])
def test_a_class_that_converts_in_a_fixture_is_not_marked_as_refused(keras: str) -> None:
    seen = supports()[keras]
    converted = frozenset[str]().union(
        *(case.classes for case in CONVERTED if case.id.startswith(keras))
    )
    named = (converted & set(INVENTORY[keras]["layers"])) - WITHIN_OTHERS
    assert {name for name in named if seen.get(name, Support()).status in "X–"} == set()


@pytest.mark.parametrize("keras", ["keras2", "keras3"])
def test_every_layer_was_converted_or_refused(keras: str) -> None:
    seen = supports()[keras]
    kinds = set(INVENTORY[keras]["layers"]) - NEVER_SAVED
    assert {name for name in kinds if seen.get(name, Support()).status == "–"} == set()


def test_every_operation_was_converted_or_refused_unless_keras_makes_no_model_with_it() -> None:
    seen = supports()["keras3"]
    known = {name for name in INVENTORY["keras3"]["operations"] if f"ops.{name}" in seen}
    known |= {name.removeprefix("ops.") for name in unmade()["keras3"]}
    assert set(INVENTORY["keras3"]["operations"]) - known == NEVER_TRIED


def test_an_operation_is_marked_as_refused_only_where_it_was_seen_to_be() -> None:
    lines = re.findall(r"^\*\*X\*\*: (.*)\.$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    named = {name for line in lines for name in re.findall(r"`([\w.]+)`", line)}
    seen = {
        subject.removeprefix("ops.")
        for kind in supports().values()
        for subject, item in kind.items()
        if item.refused and not item.right
    }
    assert named - seen == set()


def test_nothing_in_the_committed_results_is_wrong() -> None:
    wrong = {
        (keras, subject): item.wrong
        for keras, kind in supports().items()
        for subject, item in kind.items()
        if item.wrong
    }
    assert wrong == {}


def test_every_link_to_a_rule_leads_to_one() -> None:
    names = {rule.name for rule in RULES}
    linked = set(re.findall(r"rules\.md#(\w+)\)", DOCUMENT.read_text("utf-8")))
    assert linked - names == set()
    assert (BOOKKEEPING | FIXES | DROPS) - names == set()


def test_notes_are_about_classes_and_activations_of_keras() -> None:
    known = {name for keras in INVENTORY.values() for name in keras["layers"]}
    known |= {f"activation {name}" for keras in INVENTORY.values() for name in keras["activations"]}
    assert {*NOTES, *INSTEAD} - known == set()


def test_what_to_do_instead_is_told_of_what_one_keras_at_least_is_refused_for() -> None:
    seen = supports()
    kinds = {"layers": "", "activations": "activation "}
    converted = {
        prefix + name: all(
            seen[keras].get(prefix + name, Support()).right
            for keras, known in INVENTORY.items()
            if name in known[kind]
        )
        for kind, prefix in kinds.items()
        for known in INVENTORY.values()
        for name in known[kind]
    }
    assert [name for name in INSTEAD if converted[name]] == []


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], "N"),
        (["bookkeeping", "initializers"], "N"),
        (["bookkeeping", "axes"], "F"),
        (["axes", "one_dimension"], "L"),
        (["inference_identity"], "D"),
    ],
    ids=str,
)
def test_rules_tell_the_status(rules: list[str], expected: str) -> None:
    assert letter(rules) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Support(), "–"),
        (Support(refused=3, causes=(("Lambda", "code"),)), "X"),
        (Support(right=2), "N"),
        (Support(right=2, rules=("groups", "axes")), "N (F, L)"),
        (Support(right=2, plain=("groups",), rules=("groups",)), "L"),
        (Support(right=2, companion=1), "N (C)"),
        (Support(right=2, companion=2), "C"),
    ],
    ids=str,
)
def test_forms_tell_the_status(item: Support, expected: str) -> None:
    assert item.status == expected


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        ("a Lambda layer holds code", "a Lambda layer holds code"),
        ("strides = [2, -3] (expected 1.5)", "strides = [#, #] (expected #)"),
        ("weight 'conv2d_transpose_1/kernel' is gone", "weight '…/kernel' is gone"),
    ],
    ids=str,
)
def test_causes_are_the_same_for_models_of_one_form(why: str, expected: str) -> None:
    assert plain(why) == expected
