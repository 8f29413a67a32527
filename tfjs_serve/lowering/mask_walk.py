"""The masks of one graph, followed call after call in the order tensors flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfjs_serve.errors import Reason
from tfjs_serve.graph import (
    OPERATION_PREFIX,
    Call,
    Graph,
    GraphKind,
    Layer,
    TensorRef,
    Value,
    flow_order,
    tensors,
    walk_layers,
)
from tfjs_serve.lowering.inlining import can_be_inlined, inlined, inlined_order
from tfjs_serve.lowering.mask_flow import (
    HEADS,
    PICKY,
    QUERIES,
    READERS,
    TRUTHS,
    Joined,
    Lost,
    Mask,
    Merged,
    Reduced,
    is_reverse,
    makes_mask,
    outgoing,
)
from tfjs_serve.lowering.mask_operations import MaskOperations
from tfjs_serve.lowering.run_order import Order, run_order
from tfjs_serve.lowering.taken_masks import TAKERS, has_copies, same_tensor


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

    is_written: whether Keras 3 wrote down the masks that custom layers read.
    order: in which calls are made, which matters where masks are taken away.
    crossed: nested models that must be written out first, since a mask crosses their border.
    masks: of tensors; calls: those that are told a mask; written: operations that compute masks.
    """

    graph: Graph
    generation: int
    is_written: bool
    order: Order
    reasons: list[Reason] = field(default_factory=list)
    crossed: set[str] = field(default_factory=set)
    masks: dict[TensorRef, Mask] = field(default_factory=dict)
    calls: dict[tuple[str, int], Call] = field(default_factory=dict)
    written: MaskOperations = field(default_factory=MaskOperations)
    layers: Mapping[str, Layer] = field(init=False)

    def __post_init__(self) -> None:
        self.layers = {layer.name: layer for layer in self.graph.layers}

    def run(self) -> None:
        """Follow masks along the calls in the order in which Keras makes them."""
        for name, index in self.order:
            self.follow(self.layers[name], index)

    def follow(self, layer: Layer, index: int) -> None:
        """Give one call its masks, and its outputs theirs."""
        call = layer.calls[index]
        masks = [self.mask(ref) for ref in call.inputs]
        explicit = next(tensors(call.kwargs.get("mask")), None)
        if explicit is not None and layer.graph is not None:
            self.cross(layer, _INTO)
        elif explicit is not None and layer.class_name not in QUERIES:
            masks[:1] = [self.given(layer, index, explicit)]
        elif any(masks) or (layer.class_name in HEADS and any(map(self.mask, call.needs))):
            # Keras 2 names the value and the key.
            self.calls[layer.name, index] = self.told(layer, index, masks)
        if makes_mask(layer) and not is_reverse(call):
            self.masks[TensorRef(layer.name, index)] = self.written.of_maker(layer, index)
            return
        found = self.outgoing(layer, call, masks)
        if self.generation >= 3 and layer.class_name in TAKERS:
            self.take(call)
        for output, mask in enumerate(found):
            if isinstance(mask, Merged):
                mask = self.written.merged(layer, index, mask)
            elif isinstance(mask, Joined):
                mask = self.written.joined(layer, index, mask)
            elif isinstance(mask, Reduced):
                mask = self.written.reduced(layer, index, mask)
            self.masks[self.same(TensorRef(layer.name, index, output))] = mask

    def mask(self, ref: TensorRef) -> Mask:
        """Return the mask that a tensor has by now."""
        return self.masks.get(self.same(ref))

    def same(self, ref: TensorRef) -> TensorRef:
        """Return the tensor that carries the mask of this one."""
        return ref if self.generation < 3 else same_tensor(self.layers, ref)

    def take(self, call: Call) -> None:
        """Take the masks from the tensors of a call."""
        left = Lost("a mask that MultiHeadAttention may have taken away")
        is_sure = not has_copies(self.graph)
        for ref in map(self.same, call.needs):
            if self.masks.get(ref) is not None:
                self.masks[ref] = None if is_sure else left

    def outgoing(
        self, layer: Layer, call: Call, masks: list[Mask]
    ) -> Sequence[Mask | Merged | Joined | Reduced]:
        """Return the masks of a call's outputs, those that models and wrappers make included."""
        if any(makes_mask(part) for part in layer.parts.values()):
            return (Lost("a mask made inside a wrapper"),)
        if layer.graph is None or any(masks):
            return outgoing(layer, call, masks, self.generation)
        inner = followed(layer.graph, self.generation)
        lost = Lost("a mask made inside a nested model", layer.name)
        return [lost if inner.mask(ref) else None for ref in inner.graph.outputs]

    def told(self, layer: Layer, index: int, masks: list[Mask]) -> Call:
        """Return a call with the masks it reads as arguments."""
        call = layer.calls[index]
        name = layer.class_name
        if layer.is_custom and not self.is_written:
            self.refuse(layer, "a mask that reaches a custom layer")
        added: dict[str, Value] = {}
        if name in HEADS:
            roles = ("query", "value", "key")
            places = dict(zip(roles, masks, strict=False))
            named = {role: self.mask(ref) for role, ref in _named(call, roles).items()}
            for role, mask in {**places, **named}.items():
                if mask is not None:
                    added[f"{role}_mask"] = self.tensor(layer, mask)
        elif name in QUERIES:
            added["mask"] = tuple(self.tensor(layer, mask) for mask in masks)
        elif name in PICKY and self.generation >= 3:
            added["masks"] = tuple(self.tensor(layer, mask) for mask in masks)
        elif name in READERS or name == "Softmax":
            # Keras 3 hands a mask on beside a single argument only (keras/src/layers/layer.py).
            if masks[0] is not None and (self.generation < 3 or _is_single(call)):
                added["mask"] = self.tensor(layer, masks[0])
        elif name == "TimeDistributed" and _reads_inside(layer):
            added["mask"] = self.tensor(layer, masks[0])
        elif _reads_inside(layer):
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
        # What MultiHeadAttention of Keras 3 takes from a copy, the tensor outside keeps.
        has_takers = self.generation >= 3 and any(
            item.class_name in TAKERS for item in walk_layers(self.graph.layers)
        )
        if can_be_inlined(model) and not (has_takers and has_copies(self.graph)):
            self.crossed.add(model.name)
        else:
            self.refuse(reader or model, why)

    def given(self, layer: Layer, index: int, mask: TensorRef) -> TensorRef:
        """Return a mask that somebody gave a layer that reads it as zeros and ones."""
        maker = self.layers[mask.layer].class_name.removeprefix(OPERATION_PREFIX)
        if layer.class_name not in READERS or maker in TRUTHS:
            return mask
        truth = self.written.truth(layer, index, mask)
        call = layer.calls[index]
        self.calls[layer.name, index] = Call(call.args, {**call.kwargs, "mask": truth})
        return truth

    def refuse(self, layer: Layer, what: str) -> None:
        """Refuse a layer."""
        self.reasons.append(Reason(f"not supported yet: {what}", layer.name, layer.class_name))


_INTO = "a mask that goes into a nested model or wrapper"


def followed(graph: Graph, generation: int) -> Flow:
    """Return the flow of masks, with nested models written out where one crosses their border."""
    is_written = generation >= 3 and graph.kind is GraphKind.FUNCTIONAL
    order = _call_order(graph, generation)
    while True:
        flow = Flow(graph, generation, is_written, order)
        flow.run()
        if not flow.crossed:
            return flow
        order = inlined_order(graph, flow.crossed, order)
        graph, is_written = inlined(graph, flow.crossed), False


def _call_order(graph: Graph, generation: int) -> Order:
    """Return the order in which Keras makes the calls, as far as it matters to masks."""
    if generation >= 3:
        return run_order(graph)
    calls, _ = flow_order(graph)  # the engine refuses a circle
    return tuple((layer.name, index) for layer, index in calls)


def _is_single(call: Call) -> bool:
    """Tell whether one argument alone holds tensors."""
    return sum(any(tensors(value)) for value in (*call.args, *call.kwargs.values())) == 1


def _named(call: Call, roles: tuple[str, ...]) -> dict[str, TensorRef]:
    """Return the tensors given by name, by that name."""
    given = {role: call.kwargs.get(role) for role in roles}
    return {role: value for role, value in given.items() if isinstance(value, TensorRef)}
