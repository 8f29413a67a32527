"""Both places of a training config: Keras's words in the topology, tfjs's at the top level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfjs_serve.report import Note
from tfjs_serve.training.served import Trained, served_config
from tfjs_serve.training.topology import without_custom_parts


@dataclass(frozen=True, slots=True)
class Training:
    """What is written about the training of a model.

    topology: `modelTopology.training_config`, which the official converter writes too.
    served: `trainingConfig`, which `tf.loadLayersModel` compiles the model with.
    """

    topology: Mapping[str, Any] | None = None
    served: Mapping[str, Any] | None = None
    notes: tuple[Note, ...] = ()


def translate_training(config: Mapping[str, Any], model: Trained) -> Training:
    """Return what is written about the training of a model that was compiled so."""
    kept, notes = without_custom_parts(config)
    if kept is None:
        return Training(notes=notes)
    served, said = served_config(kept, model)
    return Training(kept, served, (*notes, *said))
