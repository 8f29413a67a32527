"""Origins and hosts as values: who is loopback, who is named alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+"
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://({_HOST})(?::([0-9]{{1,5}}))?", re.IGNORECASE)
_AUTHORITY = re.compile(rf"({_HOST})(?::([0-9]{{1,5}}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a page: RFC 6454, with the scheme's own port filled in.

    port: None only for schemes without a default port, such as an editor's webview.
    """

    scheme: str
    host: str
    port: int | None

    @property
    def is_web(self) -> bool:
        """Tell whether a page of this origin came over HTTP."""
        return self.scheme in _DEFAULT_PORTS


def parse_origin(text: str) -> Origin | None:
    """Return the origin that an `Origin` header names; None for `null` and anything else."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme, host, port = match[1].lower(), normal_host(match[2]), match[3]
    if host is None:
        return None
    return Origin(scheme, host, int(port) if port else _DEFAULT_PORTS.get(scheme))


def parse_authority(text: str) -> tuple[str, int | None] | None:
    """Return host and port of a `Host` header; None when it is not well-formed."""
    match = _AUTHORITY.fullmatch(text)
    host = normal_host(match[1]) if match else None
    if match is None or host is None:
        return None
    return host, int(match[2]) if match[2] else None


def normal_host(text: str) -> str | None:
    """Return a host as it is compared: lower case, addresses in their shortest spelling."""
    if text.startswith("["):
        try:
            return str(_unmapped(IPv6Address(text[1:-1])))
        except ValueError:
            return None
    return text.lower()


def normal_address(text: str) -> str:
    """Return an address of a socket as it is compared: no zone, no IPv4 inside IPv6."""
    address, _, _ = text.partition("%")
    try:
        return str(_unmapped(ip_address(address)))
    except ValueError:
        return address.lower()


def is_loopback(host: str) -> bool:
    """Tell whether a normal host can only be this machine.

    localhost and all below it never leave the machine (RFC 6761, 6.3); 127.0.0.0/8 and ::1.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
