"""A Keras model in TensorFlow.js's terms, proved complete before a byte of it is written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfjs_serve.artifacts import DEFAULT_OPTIONS, Options, Summary, TensorInfo
from tfjs_serve.convert.collecting import uncollected
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.front_ends import output_names, read_graph
from tfjs_serve.front_ends.weights import is_left_out
from tfjs_serve.graph import (
    Graph,
    TensorRef,
    Values,
    stored_weights,
    walk_graphs,
    walk_layers,
)
from tfjs_serve.keras_files.beside import NOTHING_BESIDE, Beside
from tfjs_serve.keras_files.model import KerasModel, StoredWeight
from tfjs_serve.layers_format.quantization import Quantization
from tfjs_serve.layers_format.weights import WRITTEN_AS
from tfjs_serve.report import Note, NoteKind, Report
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules import Attempt, Translated, attempt_model
from tfjs_serve.rules.implicit_masks import masked_outputs
from tfjs_serve.shapes import (
    Flow,
    companion_classes,
    custom_classes,
    expected_weights,
    graph_flow,
)
from tfjs_serve.topology import model_config, named_weights
from tfjs_serve.training import Output, Trained, Training, translate_training


@dataclass(frozen=True, slots=True)
class Tensor:
    """A weight as it will be written: its name in the manifest and where its values come from.

    quantization: how its values are written in fewer bits; None for float32.
    """

    name: str
    values: Values
    quantization: Quantization | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape, of float32 values."""
        return self.values.shape


@dataclass(frozen=True, slots=True)
class Translation:
    """What is written for a model.

    tensors: in the order of the graph's layers, the head last.
    companion: classes of the companion module that the model holds.
    metadata: what lies beside the model, for `userDefinedMetadata`.
    """

    model_config: Mapping[str, Any]
    training: Training
    tensors: tuple[Tensor, ...]
    companion: tuple[str, ...]
    summary: Summary
    report: Report
    metadata: Mapping[str, Any] = field(default_factory=dict)


def translate(
    model: KerasModel, options: Options = DEFAULT_OPTIONS, beside: Beside = NOTHING_BESIDE
) -> Translation:
    """Translate a model; ConversionError with every reason when it cannot be done exactly.

    beside: what was found beside its file.
    """
    with uncollected():
        source = read_graph(model)
        return completed(model, source, attempt(model, source, options).translated(), beside)


def attempt(model: KerasModel, source: Graph, options: Options) -> Attempt:
    """Return how far the rules come with the graph of a model."""
    context = Context(model.generation, options=options, backend=model.backend)
    return attempt_model(source, context)


def completed(
    model: KerasModel, source: Graph, translated: Translated, beside: Beside = NOTHING_BESIDE
) -> Translation:
    """Return what is written for a model; ConversionError where its weights do not fit."""
    graph = translated.graph
    _check_all_bound(source, model)
    flow = graph_flow(graph)
    tensors = _tensors(graph, flow)
    config = model.training_config
    training = (
        Training()
        if config is None
        else translate_training(config, _trained(source, graph, flow, model))
    )
    unread = tuple(
        Note(text, kind=NoteKind.DROPPED) for text in (*model.warnings, *beside.warnings)
    )
    companion = companion_classes(graph)
    notes = (
        *([_companion_note(companion)] if companion else []),
        *translated.notes,
        *_precision_notes(tensors),
        *training.notes,
        *unread,
    )
    return Translation(
        model_config(graph),
        training,
        tensors,
        companion,
        _summary(graph, flow, model, tensors, notes, is_trainable=training.served is not None),
        Report(translated.applied, notes),
        beside.metadata,
    )


def _check_all_bound(graph: Graph, model: KerasModel) -> None:
    """Refuse a model some of whose stored weights belong to no layer: it was not understood."""
    bound = {
        stored
        for layer in walk_layers(graph.layers)
        for weight in layer.weights
        for stored in stored_weights(weight.values)
    }
    reasons = [
        Reason(f"weight {stored.name!r} of the file belongs to no layer of the model")
        for stored in model.weights
        if stored not in bound and not is_left_out(stored)
    ]
    _refuse(reasons)


def _tensors(graph: Graph, flow: Flow) -> tuple[Tensor, ...]:
    """Return the weights under their final names, equal to what tfjs will ask for.

    tfjs-layers checks the same in `loadWeights` (engine/container.ts 605-668), but in the browser.
    """
    asked = [(name, weight.shape) for name, weight in expected_weights(graph, flow)]
    expected = dict(asked)
    given = {name: weight.values for name, weight in named_weights(graph)}
    _refuse(
        [
            *(
                Reason(f"weight {name!r} of shape {shape} is not in the file")
                for name, shape in expected.items()
                if name not in given
            ),
            *(
                Reason(f"weight {name!r} has shape {given[name].shape}, expected {shape}")
                for name, shape in asked
                if name in given and given[name].shape != shape
            ),
            *(
                Reason(f"weight {name!r} belongs to a layer that no output depends on")
                for name in given
                if name not in expected
            ),
            *(
                Reason(f"not supported yet: weight {stored.name!r} of type {stored.dtype!r}")
                for values in given.values()
                for stored in stored_weights(values)
                if stored.dtype not in WRITTEN_AS
            ),
        ]
    )
    others = expected.keys()
    return tuple(
        Tensor(_manifest_name(values, name, others), values) for name, values in given.items()
    )


def _refuse(reasons: list[Reason]) -> None:
    if reasons:
        reasons.sort(key=str)
        raise ConversionError(f"the weights do not fit the model: {reasons[0]}", reasons)


def _manifest_name(values: Values, expected: str, others: Collection[str]) -> str:
    """Return the name Keras gave a weight where tfjs resolves it, else tfjs's own.

    tfjs drops the component before the last when it knows no such name (container.ts 640), which
    is how `lstm/lstm_cell/kernel` loads; the official converter writes such names unchanged.
    """
    if not isinstance(values, StoredWeight):
        return expected
    stored = values.name
    head, _, last = stored.rpartition("/")
    is_resolved = f"{head.rpartition('/')[0]}/{last}" == expected and stored not in others
    return stored if is_resolved else expected


ROUNDED = {"f8": "float64", "i4": "int32", "i8": "int64", "u4": "uint32", "u8": "uint64"}
"""Stored types that hold numbers which float32 does not."""


def _precision_notes(tensors: tuple[Tensor, ...]) -> list[Note]:
    counts = Counter(
        dtype
        for tensor in tensors
        for dtype in {ROUNDED.get(s.dtype[1:], "") for s in stored_weights(tensor.values)}
    )
    return [
        Note(f"{count} {dtype} weights are rounded to float32", kind=NoteKind.ACCURACY)
        for dtype, count in counts.items()
        if dtype
    ]


def _trained(source: Graph, graph: Graph, flow: Flow, model: KerasModel) -> Trained:
    """Return what training meets in a model: the source as Keras trains it, the graph as tfjs."""
    masked = masked_outputs(source, model.generation)
    outputs = tuple(
        Output(keras_name, ref.layer, flow[ref.layer, ref.call][ref.output], has_mask)
        for keras_name, ref, has_mask in zip(
            output_names(model.config, source), graph.outputs, masked, strict=True
        )
    )
    norms = [one for one in walk_layers(graph.layers) if one.class_name == "BatchNormalization"]
    return Trained(
        outputs,
        model.generation,
        model.progress,
        tuple(norm.name for norm in norms if not norm.config.get("trainable", True)),
        tuple(
            norm.name
            for norm in norms
            if not (norm.config.get("scale", True) and norm.config.get("center", True))
        ),
    )


def _companion_note(classes: Collection[str]) -> Note:
    return Note(
        f"needs the companion module (for {', '.join(classes)}): import layers.js, which the "
        "server has at /_tfjs-serve/layers.js and `convert --companion` writes beside model.json, "
        "and call register(tf) before tf.loadLayersModel",
        kind=NoteKind.PAGE,
    )


def _summary(
    graph: Graph,
    flow: Flow,
    model: KerasModel,
    tensors: tuple[Tensor, ...],
    notes: tuple[Note, ...],
    *,
    is_trainable: bool,
) -> Summary:
    dtypes = {
        layer.name: str(layer.config.get("dtype"))
        for layer in graph.layers
        if layer.class_name == "InputLayer"
    }

    def info(ref: TensorRef) -> TensorInfo:
        shape = flow[ref.layer, ref.call][ref.output]
        return TensorInfo(ref.layer, shape, dtypes.get(ref.layer, "float32"))

    return Summary(
        layers=sum(len(inner.layers) for inner in walk_graphs(graph)),
        parameters=sum(math.prod(tensor.shape) for tensor in tensors),
        inputs=tuple(info(ref) for ref in graph.inputs),
        outputs=tuple(info(ref) for ref in graph.outputs),
        keras_version=model.keras_version,
        trainable=is_trainable,
        needs_companion=bool(companion_classes(graph)),
        custom_classes=custom_classes(graph),
        warnings=notes,
    )
