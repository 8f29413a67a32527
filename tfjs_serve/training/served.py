"""The `trainingConfig` of a model.json: what `tf.loadLayersModel` compiles the model with.

A config that tfjs cannot read stops the whole load (models.ts 312), and one that it reads
otherwise trains another model in silence. So the config is whole, or it is left out with the
reason; only metrics are left out one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfjs_serve.graph import Shape
from tfjs_serve.keras_files.model import Progress
from tfjs_serve.layers_format.catalog.compiled import HINGES
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.custom import camel_case
from tfjs_serve.training.losses import losses_of
from tfjs_serve.training.metrics import Measured, metric_name, metric_of, metrics_by_output
from tfjs_serve.training.objects import UnmappedError, shown
from tfjs_serve.training.optimizers import optimizer_of

HINGE_LABELS = "the hinge losses of TensorFlow.js take labels of -1 and 1, not of 0 and 1"


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the model; only a custom class of the page may know its shape.

    keras_name: under which `compile` knows it. name: of tfjs's output.
    has_mask: whether Keras leaves steps of it out of the loss.
    """

    keras_name: str
    name: str
    shape: Shape | None
    has_mask: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """What training meets in the model beside its outputs.

    frozen_norms: BatchNormalization layers that are not trained.
    bare_norms: those without gamma or beta.
    """

    outputs: tuple[Output, ...]
    generation: int
    progress: Progress
    frozen_norms: tuple[str, ...] = ()
    bare_norms: tuple[str, ...] = ()


def served_config(
    config: Mapping[str, Any], model: Trained
) -> tuple[dict[str, Any] | None, list[Note]]:
    """Return the trainingConfig, None where tfjs has no such training, and what to know of it.

    config: in the spelling of a `.h5` file.
    """
    try:
        optimizer, notes = optimizer_of(config.get("optimizer_config"), model.progress)
        losses = losses_of(config.get("loss"), [output.keras_name for output in model.outputs])
        _refuse_other_sums(config, model)
    except UnmappedError as error:
        return None, [_left_out(f"the training settings are left out: {error}")]
    metrics, left_out = _metrics(config, losses, model)
    notes += left_out
    if HINGES & set(losses):
        notes.append(Note(HINGE_LABELS, kind=NoteKind.TRAINING))
    if model.frozen_norms:
        notes.append(Note(_frozen(model.frozen_norms), kind=NoteKind.TRAINING))
    loss = losses[0] if len(losses) == 1 else losses
    return {"optimizer_config": optimizer, "loss": loss, "metrics": metrics}, notes


def _refuse_other_sums(config: Mapping[str, Any], model: Trained) -> None:
    """Raise UnmappedError where tfjs adds up another loss than Keras."""
    if config.get("loss_weights") is not None:
        raise UnmappedError("TensorFlow.js has no loss_weights")
    if config.get("sample_weight_mode") is not None:
        raise UnmappedError("TensorFlow.js has no sample_weight_mode")
    for output in model.outputs:
        if output.has_mask:
            what = f"the output {shown(output.name)} has a mask"
            raise UnmappedError(f"{what}, which the losses of TensorFlow.js do not see")
    # engine/training.ts adds the losses of outputs before it takes the mean.
    shapes = {None if one.shape is None else one.shape[:-1] for one in model.outputs}
    if len(model.outputs) > 1 and (len(shapes) > 1 or None in shapes):
        raise UnmappedError("TensorFlow.js cannot add the losses of outputs that differ in shape")
    if model.bare_norms:
        what = f"the BatchNormalization {shown(model.bare_norms[0])} has no gamma or no beta"
        raise UnmappedError(f"{what}, without which TensorFlow.js cannot train it")


def _metrics(
    config: Mapping[str, Any], losses: list[str], model: Trained
) -> tuple[list[str] | dict[str, list[str]], list[Note]]:
    """Return the metrics in tfjs's spelling, and those left out in words."""
    names = [output.keras_name for output in model.outputs]
    notes: list[Note] = []
    found: list[list[str]] = []
    try:
        by_output = metrics_by_output(config.get("metrics"), names, model.generation)
    except UnmappedError as error:
        return [], [_left_out(f"the metrics are left out: {error}")]
    for metrics, loss, output in zip(by_output, losses, model.outputs, strict=True):
        measured = Measured(loss, output.shape[-1] if output.shape else None)
        found.append([])
        for metric in metrics:
            try:
                found[-1].append(metric_of(metric, measured))
            except UnmappedError as error:
                text = f"the metric {metric_name(metric)} is left out: {error}"
                notes.append(_left_out(text))
    if config.get("weighted_metrics"):
        notes.append(_left_out("the weighted metrics are left out: TensorFlow.js has none"))
    notes = list(dict.fromkeys(notes))
    if len(found) == 1:
        return found[0], notes
    served = {output.name: found[i] for i, output in enumerate(model.outputs)}
    if len(served) < len(found):
        if any(found):
            text = "the metrics are left out: two outputs have the same name in TensorFlow.js"
            notes.append(_left_out(text))
        return [], notes
    # A list in a dict is taken as it is, no part of it is put into tfjs's spelling.
    return {name: [camel_case(item) for item in items] for name, items in served.items()}, notes


def _left_out(text: str) -> Note:
    return Note(text, kind=NoteKind.DROPPED)


def _frozen(names: tuple[str, ...]) -> str:
    first = shown(names[0])
    which = f"{first}, not trained," if len(names) == 1 else f"{first} and {len(names) - 1} others"
    return (
        f"further training: the BatchNormalization {which} normalises by the batch in "
        "TensorFlow.js while it trains; Keras goes on with the stored mean and variance"
    )
