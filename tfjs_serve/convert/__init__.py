"""The pipeline: read, graph, rules, write."""

from tfjs_serve.convert.folder import Conversion, convert_file, save_keras_model
from tfjs_serve.convert.staging import stage

__all__ = ["Conversion", "convert_file", "save_keras_model", "stage"]
