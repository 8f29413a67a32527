"""The masks of one graph, followed call after call in the order tensors flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfjs_serve.errors import Reason
from tfjs_serve.graph import (
    OPERATION_PREFIX,
    Call,
    Graph,
    Layer,
    TensorRef,
    Value,
    flow_order,
    tensors,
    walk_layers,
)
from tfjs_serve.lowering.inlining import can_be_inlined
from tfjs_serve.lowering.mask_flow import (
    HEADS,
    PICKY,
    QUERIES,
    READERS,
    TRUTHS,
    Lost,
    Mask,
    Merged,
    outgoing,
)
from tfjs_serve.lowering.taken_masks import TAKERS, Place, taken_masks


def makes_mask(layer: Layer) -> bool:
    """Tell whether a layer gives its output a mask of its own."""
    return layer.class_name == "Masking" or (
        layer.class_name == "Embedding" and bool(layer.config.get("mask_zero"))
    )


def reads(layer: Layer) -> bool:
    """Tell whether a layer, or one inside it, computes something else under a mask."""
    inside = walk_layers((layer,))
    return any(item.class_name in READERS | QUERIES | HEADS | {"Softmax"} for item in inside)


def _reads_inside(layer: Layer) -> bool:
    inside = [*layer.parts.values(), *(layer.graph.layers if layer.graph is not None else ())]
    return any(reads(item) for item in inside)


@dataclass(slots=True)
class Flow:
    """The masks of one graph.

    is_written: whether Keras 3 wrote down the masks that recurrent layers read.
    crossed: nested models that must be written out first, since a mask crosses their border.
    masks: of tensors; calls: those that are told a mask; made: operations that compute masks.
    """

    graph: Graph
    generation: int
    is_written: bool
    reasons: list[Reason] = field(default_factory=list)
    crossed: set[str] = field(default_factory=set)
    masks: dict[TensorRef, Mask] = field(default_factory=dict)
    calls: dict[tuple[str, int], Call] = field(default_factory=dict)
    made: list[Layer] = field(default_factory=list)
    taken: Mapping[tuple[Place, TensorRef], bool] = field(init=False)

    def __post_init__(self) -> None:
        self.taken = taken_masks(self.graph) if self.generation >= 3 else {}

    def run(self) -> None:
        """Follow masks along the calls in the order tensors flow."""
        calls, _ = flow_order(self.graph)  # the engine refuses a circle
        for layer, index in calls:
            self.follow(layer, index)

    def follow(self, layer: Layer, index: int) -> None:
        """Give one call its masks, and its outputs theirs."""
        call = layer.calls[index]
        masks = [self.seen((layer.name, index), ref) for ref in call.inputs]
        explicit = next(tensors(call.kwargs.get("mask")), None)
        if explicit is not None and layer.graph is not None:
            self.cross(layer, _INTO)
        elif explicit is not None and layer.class_name not in QUERIES:
            masks[:1] = [self.truth(layer, index, explicit)]
        elif any(masks) or (layer.class_name in HEADS and any(map(self.masks.get, call.needs))):
            # Keras 2 names the value and the key.
            self.calls[layer.name, index] = self.told(layer, index, masks)
        if makes_mask(layer):
            self.masks[TensorRef(layer.name, index)] = self.mask_of(layer, index)
            return
        for output, mask in enumerate(self.outgoing(layer, call, masks)):
            if isinstance(mask, Merged):
                mask = self.merge(layer, index, mask)
            self.masks[TensorRef(layer.name, index, output)] = mask

    def outgoing(self, layer: Layer, call: Call, masks: list[Mask]) -> Sequence[Mask | Merged]:
        """Return the masks of a call's outputs, those that models and wrappers make included."""
        if any(makes_mask(part) for part in layer.parts.values()):
            return (Lost("a mask made inside a wrapper"),)
        if layer.graph is None or any(masks):
            return outgoing(layer, call, masks, self.generation)
        inner = Flow(layer.graph, self.generation, self.is_written)
        inner.run()
        lost = Lost("a mask made inside a nested model", layer.name)
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
        name = layer.class_name
        if layer.is_custom and not self.is_written:
            self.refuse(layer, "a mask that reaches a custom layer")
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
        elif masks[0] is not None and (name in READERS or name == "Softmax"):
            # What Keras 3 wrote holds, but for masks whose way it did not see itself.
            is_known = self.is_written and name in READERS and isinstance(masks[0], TensorRef)
            if not is_known:
                added["mask"] = self.tensor(layer, masks[0])
        elif name not in READERS and _reads_inside(layer):
            self.cross(layer, _INTO)
        return Call(call.args, {**added, **call.kwargs})

    def tensor(self, layer: Layer, mask: Mask) -> TensorRef | None:
        """Return a mask as a tensor; one that is lost refuses the layer that reads it."""
        if isinstance(mask, Lost):
            maker = layer if mask.model is None else self.graph.layer(mask.model)
            self.cross(maker, mask.why, layer)
            return None
        return mask

    def cross(self, model: Layer, why: str, reader: Layer | None = None) -> None:
        """Have a nested model written out, because a mask crosses its border."""
        # MultiHeadAttention of Keras 3 takes masks away in the order in which models run.
        has_takers = self.generation >= 3 and any(
            item.class_name in TAKERS for item in walk_layers(self.graph.layers)
        )
        if can_be_inlined(model) and not has_takers:
            self.crossed.add(model.name)
        else:
            self.refuse(reader or model, why)

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


_INTO = "a mask that goes into a nested model or wrapper"


def _named(call: Call, roles: tuple[str, ...]) -> dict[str, TensorRef]:
    """Return the tensors given by name, by that name."""
    given = {role: call.kwargs.get(role) for role in roles}
    return {role: value for role, value in given.items() if isinstance(value, TensorRef)}
