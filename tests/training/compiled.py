"""Training configs for tests, in the spelling of a `.h5` file."""

from __future__ import annotations

from typing import Any

from tfjs_serve.keras_files.model import Progress
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.training.served import Output, Trained


def config(**changes: Any) -> dict[str, Any]:
    """Return what `compile("sgd", "mse")` leaves in a file, with changes."""
    return {"loss": "mse", "metrics": None, "optimizer_config": sgd(), **changes}


def sgd(**settings: Any) -> dict[str, Any]:
    """Return an SGD."""
    return optimizer("SGD", learning_rate=0.5, **settings)


def optimizer(class_name: str, /, **settings: Any) -> dict[str, Any]:
    """Return an optimizer, or any other object, as Keras writes it."""
    return {"class_name": class_name, "config": settings}


def trained(*names: str, generation: int = 3, **changes: Any) -> Trained:
    """Return a model with an output of three numbers for each name, called `t_<name>` by tfjs."""
    outputs = tuple(Output(name, f"t_{name}", (None, 3)) for name in names or ("out",))
    fields = {"outputs": outputs, "generation": generation, "progress": Progress(), **changes}
    return Trained(**fields)


def left_out(text: str) -> Note:
    """Return the warning about something that is left out."""
    return Note(text, kind=NoteKind.DROPPED)


def otherwise(text: str) -> Note:
    """Return the warning about training that goes on otherwise."""
    return Note(text, kind=NoteKind.TRAINING)
