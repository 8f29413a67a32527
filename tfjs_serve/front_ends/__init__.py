"""From Keras's spelling to the neutral graph: one front end per generation of Keras."""

from tfjs_serve.front_ends.build import read_graph

__all__ = ["read_graph"]
