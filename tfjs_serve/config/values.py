"""What may be set, and what its values look like.

`SETTINGS` has one spelling that flags (`--strict-port`), variables (`TFJS_SERVE_STRICT_PORT`) and
the keys of the file (`strict_port`) share. A parser takes what a flag, a variable (text) or TOML
gives, and raises TypeError or ValueError for anything else.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tfjs_serve.config.options import OPTIONS
from tfjs_serve.config.settings import LogFormat

# What the values look like. A parser takes what a flag, a variable (text) or TOML gives.


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    if not isinstance(value, str) or value.lower() not in words:
        raise ValueError
    return words[value.lower()]


def _number(value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    number = int(value)
    if not low <= number <= high:
        raise ValueError
    return number


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    seconds = float(value)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError
    return seconds


def _path(value: object) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError
    return Path(value)


def _items(value: object) -> list[str]:
    items = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise TypeError
    return list(items)


def _host(value: object) -> str | None:
    if not isinstance(value, str):
        raise TypeError
    return None if value == "localhost" else _host_name(value)


def _host_name(value: str) -> str:
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if ":" in bare:
        return str(ipaddress.IPv6Address(bare))
    if not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", bare):
        raise ValueError
    return bare.lower()


def _cors(value: object) -> tuple[str, ...]:
    # Naming one more origin does not lock the user's own pages out.
    return tuple(dict.fromkeys(("local", *map(_origin, _items(value)))))


def _origin(text: str) -> str:
    """Return an origin as browsers spell it: lower case, no default port, no slash."""
    if text in ("local", "*"):
        return text
    parts = urlsplit(text)
    if not parts.scheme or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError
    if parts.fragment or "@" in parts.netloc:
        raise ValueError
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set: its field, what is expected in words, how it is read."""

    field: str
    expected: str
    parse: Callable[[object], Any]


_SWITCH = "true or false (also 1, 0, yes, no, on, off)"

SETTINGS: Mapping[str, Setting] = {
    "host": Setting("host", "a host name or an IP address without a port", _host),
    "port": Setting(
        "port", "a number from 0 to 65535 (0 takes any free port)", lambda v: _number(v, 0, 65535)
    ),
    "strict_port": Setting("strict_port", _SWITCH, _switch),
    "out": Setting("out", "the path of a folder", _path),
    "cors": Setting("cors", "'local', '*' or origins such as https://example.com", _cors),
    "allow_host": Setting(
        "allow_hosts",
        "host names without scheme and port, such as models.test",
        lambda value: tuple(dict.fromkeys(_host_name(item) for item in _items(value))),
    ),
    "poll": Setting("poll", _SWITCH, _switch),
    "follow_links": Setting("follow_links", _SWITCH, _switch),
    "open": Setting("open", _SWITCH, _switch),
    "keep": Setting("keep", "a number from 1 to 1000", lambda value: _number(value, 1, 1000)),
    "force": Setting("force", _SWITCH, _switch),
    "drain": Setting("drain_s", "a number of seconds from 0", _seconds),
    "gru_unroll": Setting(
        "gru_unroll", OPTIONS["gru_unroll"].expected, OPTIONS["gru_unroll"].parse
    ),
    "allow_custom": Setting(
        "allow_custom",
        OPTIONS["allow_custom"].expected,
        lambda value: OPTIONS["allow_custom"].parse(_items(value)),
    ),
    "quiet": Setting("quiet", _SWITCH, _switch),
    "verbose": Setting("verbose", _SWITCH, _switch),
    "log_format": Setting(
        "log_format", "'text' or 'json'", lambda value: LogFormat(str(value).lower())
    ),
}
