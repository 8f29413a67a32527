"""Rules on configurations that no Keras writes: damaged, hostile, or of a class that lies.

Rules read fields as Keras writes them and do not check each type again. What goes wrong when a
field is missing, of another type or absurd is not the converter's failure but the file's: it
becomes a refusal of the layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context, Refusal

STRANGE = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
"""What reading a value that is not there, of another type or far too large raises."""

REMEDY = "save the model again, with Keras's own save"

_Subject = TypeVar("_Subject", Layer, Graph)
_Result = TypeVar("_Result")


def guarded(
    rewrite: Callable[[_Subject, Context], _Result], subject: _Subject, context: Context
) -> _Result | Refusal:
    """Return what a rule makes of a layer or a model, a refusal where it cannot be read.

    Raises ShapeError as the rule does: there the shapes are to blame, not the config.
    """
    try:
        return rewrite(subject, context)
    except ShapeError:
        raise
    except STRANGE as error:
        return Refusal((_unreadable(subject, error),))


def _unreadable(subject: Layer | Graph, error: BaseException) -> Reason:
    cause = f"{type(error).__name__}: {error}"[:120]
    if isinstance(subject, Graph):
        return Reason(f"a layer's config is not as Keras writes it ({cause})", remedy=REMEDY)
    why = f"its config is not as Keras writes it ({cause})"
    return Reason(why, subject.name, subject.class_name, REMEDY)
