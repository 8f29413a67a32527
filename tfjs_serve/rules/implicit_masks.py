"""Masks that Keras hands on behind the scenes become tensors and arguments of calls.

Before: Embedding {"mask_zero": true} (ids), LSTM (embedded)
After:  Embedding {"mask_zero": true} (ids), m = keras.ops.NotEqual (ids, 0), LSTM (embedded, m)

Keras 3 writes this form for functional models, but not for Sequential ones and not for attention;
Keras 2 writes no masks at all. Masks are never left to tfjs, which merges them wrongly (merge.ts
254) and hands a layer's mask to later layers that have none (engine/executor.ts 338).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import (
    OPERATION_PREFIX,
    Call,
    Graph,
    GraphKind,
    Layer,
    TensorRef,
    Value,
    tensors,
    walk_layers,
)
from tfjs_serve.lowering.mask_flow import (
    HEADS,
    IGNORANT,
    PICKY,
    QUERIES,
    READERS,
    TRUTHS,
    Lost,
    Mask,
    Merged,
    outgoing,
    pruned,
)
from tfjs_serve.lowering.taken_masks import Place, taken_masks
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Write down the masks of a model, nested models included."""
    if not any(_makes_mask(layer) or _has_mask(layer) for layer in walk_layers(graph.layers)):
        return None
    reasons: list[Reason] = []
    changed = _explicit(graph, context.generation, reasons)
    if reasons:
        return Refusal(tuple(dict.fromkeys(reasons)))
    return None if changed == graph else GraphRewrite(changed)


def _makes_mask(layer: Layer) -> bool:
    return layer.class_name == "Masking" or (
        layer.class_name == "Embedding" and bool(layer.config.get("mask_zero"))
    )


def _has_mask(layer: Layer) -> bool:
    return any("mask" in call.kwargs for call in layer.calls)


def _explicit(graph: Graph, generation: int, reasons: list[Reason]) -> Graph:
    """Return the model with its masks as tensors; those of Keras 3 are there already."""
    flow = _Flow(graph, generation, reasons)
    flow.run()
    made = {layer.name: layer for layer in flow.made}
    layers: list[Layer] = []
    for layer in graph.layers:
        calls = tuple(
            _without_idle_mask(layer, flow.calls.get((layer.name, index), call))
            for index, call in enumerate(layer.calls)
        )
        inner = None if layer.graph is None else _explicit(layer.graph, generation, reasons)
        layers.append(replace(layer, calls=calls, graph=inner))
    return pruned(replace(graph, layers=(*layers, *made.values())))


def _without_idle_mask(layer: Layer, call: Call) -> Call:
    if layer.class_name not in IGNORANT or any(_reads(part) for part in layer.parts.values()):
        return call
    return Call(call.args, {name: value for name, value in call.kwargs.items() if name != "mask"})


def _reads(layer: Layer) -> bool:
    """Tell whether a layer, or one inside it, computes something else under a mask."""
    inside = walk_layers((layer,))
    return any(item.class_name in READERS | QUERIES | HEADS | {"Softmax"} for item in inside)


def _reads_inside(layer: Layer) -> bool:
    inside = [*layer.parts.values(), *(layer.graph.layers if layer.graph is not None else ())]
    return any(_reads(item) for item in inside)


@dataclass(slots=True)
class _Flow:
    """The masks of one graph, call after call."""

    graph: Graph
    generation: int
    reasons: list[Reason]
    masks: dict[TensorRef, Mask] = field(default_factory=dict)
    calls: dict[tuple[str, int], Call] = field(default_factory=dict)
    made: list[Layer] = field(default_factory=list)
    taken: Mapping[tuple[Place, TensorRef], bool] = field(init=False)

    def __post_init__(self) -> None:
        self.taken = taken_masks(self.graph) if self.generation >= 3 else {}

    def run(self) -> None:
        """Follow masks along the calls in the order tensors flow."""
        done: set[tuple[str, int]] = set()
        waiting = [(layer, i) for layer in self.graph.layers for i in range(len(layer.calls))]
        while waiting:
            later = []
            for layer, index in waiting:
                needs = {(ref.layer, ref.call) for ref in layer.calls[index].needs}
                if needs <= done:
                    self.follow(layer, index)
                    done.add((layer.name, index))
                else:
                    later.append((layer, index))
            if len(later) == len(waiting):
                return  # a circle, which the engine refuses
            waiting = later

    def follow(self, layer: Layer, index: int) -> None:
        """Give one call its masks, and its outputs theirs."""
        call = layer.calls[index]
        masks = [self.seen((layer.name, index), ref) for ref in call.inputs]
        explicit = next(tensors(call.kwargs.get("mask")), None)
        if explicit is not None and layer.class_name not in QUERIES:
            masks[:1] = [self.truth(layer, index, explicit)]
        elif any(masks) or (layer.class_name in HEADS and any(map(self.masks.get, call.needs))):
            # Keras 2 names the value and the key.
            self.calls[layer.name, index] = self.told(layer, index, masks)
        if _makes_mask(layer):
            self.masks[TensorRef(layer.name, index)] = self.mask_of(layer, index)
            return
        for output, mask in enumerate(self.outgoing(layer, call, masks)):
            if isinstance(mask, Merged):
                mask = self.merge(layer, index, mask)
            self.masks[TensorRef(layer.name, index, output)] = mask

    def outgoing(self, layer: Layer, call: Call, masks: list[Mask]) -> Sequence[Mask | Merged]:
        """Return the masks of a call's outputs, those that models and wrappers make included."""
        if any(_makes_mask(part) for part in layer.parts.values()):
            return (Lost("a mask made inside a wrapper"),)
        if layer.graph is None or any(masks):
            return outgoing(layer, call, masks, self.generation)
        inner = _Flow(layer.graph, self.generation, [])
        inner.run()
        lost = Lost("a mask made inside a nested model")
        return [lost if inner.masks.get(ref) else None for ref in layer.graph.outputs]

    def seen(self, place: Place, ref: TensorRef) -> Mask:
        """Return the mask of a tensor as one call finds it."""
        mask = self.masks.get(ref)
        is_taken = self.taken.get((place, ref))
        if mask is None or is_taken is None:
            return mask
        return None if is_taken else Lost("a mask that MultiHeadAttention may have taken away")

    def told(self, layer: Layer, index: int, masks: list[Mask]) -> Call:
        """Return a call with the masks it reads as arguments."""
        call, place = layer.calls[index], (layer.name, index)
        is_written = self.generation >= 3 and self.graph.kind is GraphKind.FUNCTIONAL
        name = layer.class_name
        added: dict[str, Value] = {}
        if name in HEADS:
            roles = ("query", "value", "key")
            places = dict(zip(roles, masks, strict=False))
            named = {role: self.seen(place, ref) for role, ref in _named(call, roles).items()}
            for role, mask in {**places, **named}.items():
                if mask is not None:
                    added[f"{role}_mask"] = self.tensor(layer, mask)
        elif name in QUERIES:
            added["mask"] = tuple(self.tensor(layer, mask) for mask in masks)
        elif name in PICKY and self.generation >= 3:
            added["masks"] = tuple(self.tensor(layer, mask) for mask in masks)
        elif masks[0] is not None and ((name in READERS and not is_written) or name == "Softmax"):
            added["mask"] = self.tensor(layer, masks[0])
        elif name not in READERS and _reads_inside(layer):
            self.refuse(layer, "a mask that goes into a nested model or wrapper")
        return Call(call.args, {**added, **call.kwargs})

    def tensor(self, layer: Layer, mask: Mask) -> TensorRef | None:
        """Return a mask as a tensor; one that is lost refuses the layer that reads it."""
        if isinstance(mask, Lost):
            self.refuse(layer, mask.why)
            return None
        return mask

    def refuse(self, layer: Layer, what: str) -> None:
        """Refuse a layer."""
        self.reasons.append(Reason(f"not supported yet: {what}", layer.name, layer.class_name))

    def mask_of(self, layer: Layer, index: int) -> TensorRef:
        """Return the mask that a layer makes, as Keras 3 writes it."""
        (source, *_) = layer.calls[index].inputs
        name = f"{layer.name}__mask" + (f"_{index + 1}" if index else "")
        if layer.class_name == "Embedding":
            return self.operation(name, "NotEqual", {}, source, 0)
        value = layer.config.get("mask_value", 0.0)
        differs = self.operation(f"{name}__differs", "NotEqual", {}, source, value)
        return self.operation(name, "Any", {"axis": -1, "keepdims": False}, differs)

    def truth(self, layer: Layer, index: int, mask: TensorRef) -> TensorRef:
        """Return a mask that somebody gave a layer that reads it as zeros and ones."""
        maker = self.graph.layer(mask.layer).class_name.removeprefix(OPERATION_PREFIX)
        if layer.class_name not in READERS or maker in TRUTHS:
            return mask
        name = f"{layer.name}__given_mask_{index + 1}"
        truth = self.operation(name, "NotEqual", {}, mask, 0)
        call = layer.calls[index]
        self.calls[layer.name, index] = Call(call.args, {**call.kwargs, "mask": truth})
        return truth

    def merge(self, layer: Layer, index: int, merged: Merged) -> TensorRef:
        """Return what several masks make together."""
        mask, *others = merged.masks
        for place, other in enumerate(others):
            name = f"{layer.name}__mask_{index + 1}_{place + 1}"
            mask = self.operation(name, merged.operation, {}, mask, other)
        return mask

    def operation(self, name: str, op: str, config: Mapping[str, Value], *args: Value) -> TensorRef:
        """Add an operation of keras.ops."""
        self.made.append(Layer(name, OPERATION_PREFIX + op, config, (Call(args),)))
        return TensorRef(name)


def _named(call: Call, roles: tuple[str, ...]) -> dict[str, TensorRef]:
    """Return the tensors given by name, by that name."""
    given = {role: call.kwargs.get(role) for role in roles}
    return {role: value for role, value in given.items() if isinstance(value, TensorRef)}
