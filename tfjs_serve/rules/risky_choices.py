"""A choice between tensors that may hold infinity or NaN is marked: no sum of products makes it.

Before: keras.ops.Where (x > 0, Log (x), 0)
After:  keras.ops.Where {"select": true} (x > 0, Log (x), 0), left to the companion module

`compositions` writes other choices as c * x + (1 - c) * y. There what is not taken counts as 0
times its value, and 0 times NaN is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfjs_serve.graph import OPERATION_PREFIX, Call, Graph, Layer, TensorRef, walk_layers
from tfjs_serve.lowering.asked import SELECT
from tfjs_serve.rewriting.rule import Context, GraphRewrite

WHERE = f"{OPERATION_PREFIX}Where"

RISKY = frozenset(
    {
        *("divide", "truedivide", "true_divide", "truediv", "reciprocal", "divide_no_nan"),
        *("log", "log1p", "log2", "log10", "sqrt", "rsqrt", "power", "pow", "exp", "expm1"),
        *("arcsin", "arccos", "arccosh", "arctanh", "tan", "sinh", "cosh", "asin", "acos"),
        *("acosh", "atanh", "logsumexp", "logaddexp", "exponential", "prod"),
        *("nanmean", "nanvar", "nanstd", "cumprod", "floordivide", "floordiv", "floor_div"),
        *("mod", "floormod", "fmod", "exp2", "cbrt", "nanprod", "nancumprod"),
    }
)
"""Operations that make infinity or NaN of some finite numbers, in the words of all Kerases."""


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Mark the choices of a model, nested models included."""
    changed = _marked(graph)
    return None if changed == graph else GraphRewrite(changed)


def _marked(graph: Graph) -> Graph:
    made_by = {layer.name: layer for layer in graph.layers}
    layers = []
    for layer in graph.layers:
        if layer.graph is not None:
            layer = replace(layer, graph=_marked(layer.graph))
        choice = _choice(layer)
        if choice is not None and any(_is_risky(arg, made_by) for arg in choice.args[1:]):
            config = {SELECT: True}
            layer = replace(layer, class_name=WHERE, config=config, calls=(choice,))
        layers.append(layer)
    return replace(graph, layers=tuple(layers))


def _choice(layer: Layer) -> Call | None:
    """Return the call of a Where with condition and both values in order, else None."""
    if layer.class_name != WHERE and layer.config.get("function") not in ("where", "where_v2"):
        return None
    (call,) = layer.calls or (Call(),)
    args = (
        *call.args,
        *(call.kwargs[name] for name in ("x1", "x", "x2", "y") if name in call.kwargs),
    )
    return Call(args) if len(args) == 3 else None


def _is_risky(value: object, made_by: Mapping[str, Layer]) -> bool:
    """Tell whether a value may not be finite although the inputs of the model are."""
    waiting, seen = [value], set[str]()
    while waiting:
        item = waiting.pop()
        if not isinstance(item, TensorRef) or item.layer in seen:
            continue
        seen.add(item.layer)
        layer = made_by[item.layer]
        inside = (layer, *walk_layers(layer.graph.layers if layer.graph else ()))
        if any(part.is_custom or _words(part) & RISKY for part in inside):
            return True
        waiting.extend(ref for call in layer.calls for ref in call.needs)
    return False


def _words(layer: Layer) -> frozenset[str]:
    """Return what a layer computes, in lower case: its class, its function, its activation."""
    names = (
        layer.class_name.removeprefix(OPERATION_PREFIX),
        str(layer.config.get("function", "")).rpartition(".")[2],
        str(layer.config.get("activation", "")),
    )
    return frozenset(name.lower() for name in names)
