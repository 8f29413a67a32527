"""Listening sockets: both loopbacks on one port, held from the moment they are chosen."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from tfjs_serve.errors import TfjsServeError, UsageError

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))

_PORTS_TRIED = 100
_LAST_PORT = 65535
_BACKLOG = 128
_ABSENT = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
"""What a machine without IPv6 answers; no reason to serve nothing."""

_Address = tuple[int, str]


class PortTakenError(TfjsServeError):
    """The wanted port cannot be had: exit status 1."""


@dataclass(frozen=True, slots=True)
class BoundSockets:
    """Sockets that listen on `port`, which may not be the `wanted_port`.

    host: what a browser on this machine calls the server, ready for a URL.
    """

    sockets: tuple[socket.socket, ...]
    host: str
    port: int
    wanted_port: int

    @property
    def url(self) -> str:
        """Return the server's own URL, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    @property
    def is_moved(self) -> bool:
        """Tell whether another program holds the port that was wanted."""
        return self.wanted_port not in (0, self.port)

    def close(self) -> None:
        """Let the port go."""
        for bound in self.sockets:
            bound.close()


def bind(host: str | None, port: int, *, strict: bool) -> BoundSockets:
    """Listen on `host`, or on both loopbacks when it is None.

    A taken port is passed over for the next free one of the hundred after it, unless `strict`;
    port 0 takes any. Raises PortTakenError when no port is to be had, UsageError when `host` is
    not of this machine.
    """
    addresses = LOOPBACKS if host is None else _resolved(host)
    for candidate in _candidates(port, strict=strict):
        sockets = _listen(addresses, candidate)
        if sockets:
            chosen = sockets[0].getsockname()[1]
            return BoundSockets(sockets, _shown(host), chosen, port)
        if sockets is None:
            continue
        raise UsageError(f"--host {host or 'localhost'} is no address of this machine")
    if strict or port == 0:
        raise PortTakenError(
            f"port {port} is taken by another program; stop it, or choose another with --port"
        )
    last = min(port + _PORTS_TRIED, _LAST_PORT)
    raise PortTakenError(f"ports {port} to {last} are all taken; choose another with --port")


def _candidates(port: int, *, strict: bool) -> Iterable[int]:
    if port == 0:
        return [0] * _PORTS_TRIED  # ::1 may be taken on the port that 127.0.0.1 was given
    return [port] if strict else range(port, min(port + _PORTS_TRIED, _LAST_PORT) + 1)


def _listen(addresses: Iterable[_Address], port: int) -> tuple[socket.socket, ...] | None:
    """Return sockets on one port of all addresses the machine has; None when it is taken."""
    sockets: list[socket.socket] = []
    for family, address in addresses:
        try:
            sockets.append(_listener(family, address, port))
        except OSError as error:
            if error.errno in _ABSENT:
                continue
            for bound in sockets:
                bound.close()
            if error.errno == errno.EADDRINUSE:
                return None
            raise PortTakenError(
                f"cannot listen on port {port} of {address}: {error.strerror}; "
                "choose another with --port"
            ) from error
        port = port or sockets[0].getsockname()[1]
    return tuple(sockets)


def _listener(family: int, address: str, port: int) -> socket.socket:
    """Return a socket that listens: one that is only bound does not keep others off its port."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There SO_REUSEADDR lets a second server share the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Connections of an earlier run that linger in TIME_WAIT do not hold the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _resolved(host: str) -> list[_Address]:
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host!r} is no address and no name that is known here") from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _shown(host: str | None) -> str:
    """Return what a URL says for a host; `localhost` also for all addresses at once."""
    if host is None or host.strip("[]") in ("0.0.0.0", "::", ""):
        return "localhost"
    return f"[{host.strip('[]')}]" if ":" in host else host
