"""Under which names this lab answers: a page of a foreign site must not reach it by naming its own address anew.

A site can let its name point at this computer for a moment ("DNS rebinding"); the browser then takes the lab for that
site's own. The name stays in the Host header, so only names that nobody else can own are served: addresses, names
without a dot, and this computer's own. A server with a name of its own is told so by FAULTLAB_HOSTS.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE = "FAULTLAB_HOSTS"  # names with commas; *.uni.example = all below it, * = any
OF_THIS_NETWORK = ("local", "lan", "home.arpa", "internal", "localdomain", "fritz.box")  # no site can own these


class Hosts:
    """The names of this lab.

    Parameters
    ----------
    environment
        Where FAULTLAB_HOSTS may be.
    also
        More names that somebody configured: the address of the sign-in with a school's account.
    """

    def __init__(self, environment: Mapping[str, str], also: Iterable[str] = ()) -> None:
        named = environment.get(VARIABLE, "").split(",")
        self.names = frozenset(_plain(name) for name in (socket.gethostname(), *named, *also) if name.strip())

    def allows(self, header: str) -> bool:
        """Tell whether the Host header of a request names this lab; a request without one comes from no browser."""
        host = _plain(header)
        if not host or "." not in host or _is_address(host) or "*" in self.names or host in self.names:
            return True
        first, _, rest = host.partition(".")
        own = {name.partition(".")[0] for name in self.names}
        if first in own and rest in OF_THIS_NETWORK:
            return True
        return host.endswith(".localhost") or any(f"*.{end}" in self.names for end in _ends(rest))

    def refusal(self, header: str) -> str:
        """Return what is said to a request under another name."""
        name = _plain(header)[:80]
        return (
            f"This lab does not answer to the name {name!r}: start it with {VARIABLE}={name} if that is its own, "
            "or use its address."
        )


def _plain(header: str) -> str:
    """Return a host without port, brackets and the dot at its end, in small letters."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, colon, port = text.rpartition(":")
    return (host if colon and port.isdigit() and ":" not in host else text).rstrip(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _ends(rest: str) -> list[str]:
    parts = rest.split(".")
    return [".".join(parts[at:]) for at in range(len(parts))]
