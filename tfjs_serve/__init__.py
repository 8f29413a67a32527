"""Watch a folder of Keras models and serve them as TensorFlow.js Layers models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfjs_serve.convert import Conversion, convert_file, save_keras_model
    from tfjs_serve.errors import ConversionError, Reason

__version__ = "0.1.0"

__all__ = ["Conversion", "ConversionError", "Reason", "convert_file", "save_keras_model"]

_HOMES = {
    "Conversion": "tfjs_serve.convert",
    "ConversionError": "tfjs_serve.errors",
    "Reason": "tfjs_serve.errors",
    "convert_file": "tfjs_serve.convert",
    "save_keras_model": "tfjs_serve.convert",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the server never needs numpy or h5py."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
