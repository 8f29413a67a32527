"""From Keras's spelling to the neutral graph: one front end per generation of Keras."""

from tfjs_serve.front_ends.build import read_graph
from tfjs_serve.front_ends.output_names import output_names

__all__ = ["output_names", "read_graph"]
