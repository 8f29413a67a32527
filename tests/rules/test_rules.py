"""The list of rules, and docs/rules.md, which is made of it."""

from __future__ import annotations

import inspect
import os
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tfjs_serve import rules
from tfjs_serve.rewriting.rule import GraphRule, LayerRule
from tfjs_serve.rules import FIRST_RULES, GRAPH_RULES, LAYER_RULES, RULES

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "rules.md"
HEAD = """\
# Rules

A Keras model becomes a TensorFlow.js model by these rewrites, run in this order: the first ones \
on the whole model, those of layers on each layer once the layers it is fed by are done, and those \
of models on the whole model after that. A rule that refuses fails the conversion with its \
sentence, and all refusals are reported at once. Whatever no rule translates is compared with the \
catalog of what TensorFlow.js computes as Keras does, and refused unless it is listed there.

`tfjs_serve/rules/` holds one file for each rule; this page is made of their docstrings by \
`scripts/golden`.
"""


def rules_document() -> str:
    """Return docs/rules.md: one heading for each rule, with its before, after and reason."""
    parts = [HEAD]
    for title, group in (
        ("Models, first", FIRST_RULES),
        ("Layers", LAYER_RULES),
        ("Models", GRAPH_RULES),
    ):
        parts.append(f"\n## {title}\n")
        parts.extend(_section(rule) for rule in group)
    return "".join(parts)


def _section(rule: LayerRule | GraphRule) -> str:
    text = inspect.getdoc(_module(rule.name)) or ""
    paragraphs = (_in_markdown(part) for part in text.split("\n\n"))
    return f"\n### {rule.name}\n\n" + "\n\n".join(paragraphs) + "\n"


def _in_markdown(paragraph: str) -> str:
    if paragraph.startswith("Before: "):
        return f"```\n{paragraph}\n```"
    return paragraph.replace("\n", " ").replace("<", "\\<")


def _module(name: str) -> ModuleType:
    return import_module(f"{rules.__name__}.{name}")


def _modules() -> Iterator[str]:
    for found in pkgutil.iter_modules(rules.__path__):
        yield found.name


def test_every_module_is_a_rule_once() -> None:
    names = [rule.name for rule in RULES]
    assert sorted(names) == sorted(_modules())
    assert len(set(names)) == len(names)
    assert (*FIRST_RULES, *LAYER_RULES, *GRAPH_RULES) == RULES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_called_like_its_module(rule: LayerRule | GraphRule) -> None:
    assert rule.rewrite is _module(rule.name).rewrite
    assert (Path(__file__).parent / f"test_{rule.name}.py").exists()


@pytest.mark.parametrize("name", list(_modules()))
def test_a_docstring_has_a_first_line_and_both_sides(name: str) -> None:
    first, gap, *rest = (inspect.getdoc(_module(name)) or "").splitlines()
    assert len(first) <= 97
    assert first.endswith(".")
    assert gap == ""
    assert rest[0].startswith("Before: ")
    assert any(line.startswith("After:  ") for line in rest)


def test_document_golden() -> None:
    text = rules_document()
    if os.environ.get("UPDATE_GOLDEN"):
        DOCUMENT.write_text(text, "utf-8")
    assert text == DOCUMENT.read_text("utf-8"), "run scripts/golden and look at the difference"


def test_document_has_the_rules_in_order() -> None:
    lines = DOCUMENT.read_text("utf-8").splitlines()
    headings = [line.removeprefix("### ") for line in lines if line.startswith("### ")]
    assert headings == [rule.name for rule in RULES]
