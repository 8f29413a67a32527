"""The options about the models themselves, which several commands take in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tfjs_serve.cli.help import option
from tfjs_serve.config import parse_option

_Function = TypeVar("_Function", bound=Callable[..., Any])


def model_options(heading: str) -> Callable[[_Function], _Function]:
    """Declare them under a heading of the help."""
    unroll = option(
        heading, "--gru-unroll", "N", "Lay a reset-after GRU out over up to N steps (24)."
    )
    custom = option(
        heading,
        "--allow-custom",
        "NAME",
        "Leave this class to the page; NAME:same if it keeps the shape of its input.",
        True,
    )
    return lambda function: unroll(custom(function))


def read_flags(flags: Mapping[str, object]) -> dict[str, Any]:
    """Return the flags that were given as fields of `Options`; UsageError names a wrong one."""
    return {
        name: parse_option(name, value, "--" + name.replace("_", "-"))
        for name, value in flags.items()
        if value is not None and value != ()
    }
