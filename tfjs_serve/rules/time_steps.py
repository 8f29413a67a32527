"""A TimeDistributed that tfjs cannot loop over calls what it holds on each step by itself.

Before: TimeDistributed {"layer": a model} called "t" on [null, 3, f]
After:  a model called "t": Cropping2D and Reshape cut each step out, the wrapped model is called on
        every one of them, and a Concatenate joins what it makes

The loop of tfjs (layers/wrappers.ts 150) holds one layer; models, recurrent layers and whatever
takes several layers of tfjs do not fit in. The number of steps must be known.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Graph, GraphKind, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.toolbox import held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.shapes import call_shapes
from tfjs_serve.topology import part_config

CLASSES = ("TimeDistributed",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Call the wrapped layer step by step."""
    part = layer.parts.get("layer")
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or part is None or shape is None or _is_looped(part):
        return None
    if len(shape) < 3 or shape[1] is None:
        what = f"a {part.class_name} on each of an unknown number of steps, {shape}"
        return not_supported(layer, what)
    model = _called_on_steps(layer, part, shape)
    return Lowering((model,), (TensorRef(layer.name),))


def _is_looped(part: Layer) -> bool:
    """Tell whether tfjs can call the layer in a loop of its own."""
    field = CATALOG["TimeDistributed"].fields["layer"]
    return part.graph is None and field.accepts(part_config(part))


def _called_on_steps(layer: Layer, part: Layer, shape: Shape) -> Layer:
    steps, step = shape[1] or 0, (shape[0], *shape[2:])
    made = call_shapes(replace(part, calls=()), [step])
    if len(made) != 1:
        raise ShapeError(f"needs one output on each step, got {len(made)}")

    def own(what: str, class_name: str, config: dict[str, object], *calls: Call) -> Layer:
        return Layer(f"{layer.name}__{what}", class_name, config, calls)

    def on(what: str, call: int = 0) -> Call:
        return Call((TensorRef(f"{layer.name}__{what}", call),))

    numbers = range(steps)
    cuts = [((index, steps - 1 - index), (0, 0)) for index in numbers]
    rows = tuple(TensorRef(f"{layer.name}__row", index) for index in numbers)
    layers = (
        own("x", "InputLayer", {"shape": shape, "dtype": "float32"}, Call()),
        own("frame", "Reshape", {"target_shape": (steps, 1, held(step))}, on("x")),
        *(own(f"cut_{i}", "Cropping2D", {"cropping": cuts[i]}, on("frame")) for i in numbers),
        own("step", "Reshape", {"target_shape": lengths(step)}, *(on(f"cut_{i}") for i in numbers)),
        replace(part, calls=tuple(on("step", index) for index in numbers)),
        own(
            "row",
            "Reshape",
            {"target_shape": (1, *lengths(made[0]))},
            *(Call((TensorRef(part.name, index),)) for index in numbers),
        ),
        *([own("rows", "Concatenate", {"axis": 1}, Call((rows,)))] if steps > 1 else []),
    )
    ends = (TensorRef(f"{layer.name}__x"),), (TensorRef(layers[-1].name),)
    graph = Graph(layer.name, GraphKind.FUNCTIONAL, layers, *ends)
    trainable = {"trainable": layer.config.get("trainable", True)}
    return Layer(layer.name, "Functional", trainable, layer.calls, graph=graph)
