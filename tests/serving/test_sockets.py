from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tfjs_serve.errors import TfjsServeError, UsageError
from tfjs_serve.serving.sockets import BoundSockets, PortTakenError, bind


@contextmanager
def held(address: str, port: int = 0) -> Iterator[int]:
    """Hold a port of one address, as another program does."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((address, port))
        holder.listen()
        yield holder.getsockname()[1]


@contextmanager
def bound_to(host: str | None, port: int, *, strict: bool = False) -> Iterator[BoundSockets]:
    bound = bind(host, port, strict=strict)
    try:
        yield bound
    finally:
        bound.close()


def names(bound: BoundSockets) -> list[tuple[str, int]]:
    return [listener.getsockname()[:2] for listener in bound.sockets]


def test_both_loopbacks_share_any_free_port() -> None:
    with bound_to(None, 0) as bound:
        assert names(bound) == [("127.0.0.1", bound.port), ("::1", bound.port)]
        assert bound.url == f"http://localhost:{bound.port}"
        assert not bound.is_moved


def test_the_wanted_port() -> None:
    with bound_to(None, 0) as free:
        port = free.port
    with bound_to(None, port, strict=True) as bound:
        assert (bound.port, bound.is_moved) == (port, False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0"])
def test_a_port_held_on_either_loopback_is_taken(address: str) -> None:
    with held(address) as port:
        with pytest.raises(PortTakenError, match=f"port {port} is taken") as caught:
            bind(None, port, strict=True)
        with bound_to(None, port) as bound:
            assert port < bound.port <= port + 100
            assert bound.is_moved
    assert isinstance(caught.value, TfjsServeError)
    assert not isinstance(caught.value, UsageError)


def test_nothing_is_left_open_after_a_port_was_taken() -> None:
    """::1 is held, so 127.0.0.1 was bound first and let go again."""
    with held("::1") as port:
        with pytest.raises(PortTakenError):
            bind(None, port, strict=True)
        with held("127.0.0.1", port):
            pass


def test_two_servers_never_share_a_port() -> None:
    with bound_to(None, 0) as first, bound_to(None, first.port) as second:
        assert second.port != first.port


def test_the_last_port_has_no_next() -> None:
    with held("127.0.0.1", 65535), pytest.raises(PortTakenError, match="ports 65535 to 65535"):
        bind(None, 65535, strict=False)


@pytest.mark.parametrize(
    ("host", "addresses", "url_host"),
    [
        ("127.0.0.1", ["127.0.0.1"], "127.0.0.1"),
        ("::1", ["::1"], "[::1]"),
        ("[::1]", ["::1"], "[::1]"),
        ("0.0.0.0", ["0.0.0.0"], "localhost"),
        ("::", ["::"], "localhost"),
    ],
)
def test_a_given_host(host: str, addresses: list[str], url_host: str) -> None:
    with bound_to(host, 0) as bound:
        assert names(bound) == [(address, bound.port) for address in addresses]
        assert bound.url == f"http://{url_host}:{bound.port}"


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1", "a b", "x" * 300])
def test_a_host_that_is_not_ours(host: str) -> None:
    with pytest.raises(UsageError, match="--host"):
        bind(host, 0, strict=False)


def test_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system is what is played here, no module of ours."""

    class OldSocket(socket.socket):
        def __init__(self, family: int, kind: int) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported")
            super().__init__(family, kind)

    monkeypatch.setattr(socket, "socket", OldSocket)
    with bound_to(None, 0) as bound:
        assert names(bound) == [("127.0.0.1", bound.port)]
