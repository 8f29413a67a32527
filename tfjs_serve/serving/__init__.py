"""The HTTP server: models, their shards, the API, events and the list of models."""

from tfjs_serve.serving.app import make_app
from tfjs_serve.serving.neighbour import folder_served_at
from tfjs_serve.serving.policy import AccessPolicy
from tfjs_serve.serving.runner import DRAIN_S, Runner, serve
from tfjs_serve.serving.sockets import BoundSockets, PortTakenError, bind

__all__ = [
    "AccessPolicy",
    "BoundSockets",
    "DRAIN_S",
    "PortTakenError",
    "Runner",
    "bind",
    "folder_served_at",
    "make_app",
    "serve",
]
