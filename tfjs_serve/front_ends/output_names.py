"""The names under which `compile` knows the outputs of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.graph import Graph


def output_names(config: Mapping[str, Any], graph: Graph) -> tuple[str, ...]:
    """Return the name of each output, in order: its key in a dict of outputs, else its layer's.

    config: of the model. graph: what was read from it, before any rule.
    Source: keras/src/models/functional.py, `output_names`; a dict is flattened by sorted keys.
    """
    fields = config.get("config")
    spec = fields.get("output_layers") if isinstance(fields, Mapping) else None
    if isinstance(spec, Mapping) and len(spec) == len(graph.outputs):
        return tuple(sorted(spec))
    return tuple(ref.layer for ref in graph.outputs)
