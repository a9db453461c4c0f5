"""No test reaches past this machine: a connection or a look-up of another host is refused and remembered.

Remembered, because the program under test may turn the refusal into one of its own errors; the test fails
all the same. A name under ``.invalid`` is answered as a resolver answers it (RFC 6761): it does not exist.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_attempts: list[str] = []
_LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost"}


class NetworkForbidden(PermissionError):
    """A test tried to reach another machine."""


def is_loopback(host: object) -> bool:
    """Whether ``host`` (a name, an address, bytes, or None for "this machine") stays on this machine."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    name = name.rstrip(".").lower()
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        pass
    try:
        # "2130706433", "0x7f.1": numbers, for which no resolver asks anybody.
        return ipaddress.ip_address(socket.inet_aton(name)).is_loopback
    except OSError:
        return False


def _refuse(what: str, host: object) -> None:
    if is_loopback(host):
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name.rstrip(".").lower().endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    _attempts.append(f"network: {what} {name}")
    raise NetworkForbidden(f"tests may not reach {name}")


def _check_address(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
        _refuse("connect to", address[0])


def install() -> None:
    """Put the guard in front of every socket of this process. To be called once."""
    for name in ("connect", "connect_ex"):
        _guard_method(name)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        _guard_lookup(name)
    send = socket.socket.sendto

    def sendto(self: socket.socket, *arguments: Any) -> int:
        _check_address(self, arguments[-1])
        return send(self, *arguments)

    setattr(socket.socket, "sendto", sendto)  # noqa: B010


def _guard_method(name: str) -> None:
    original = getattr(socket.socket, name)

    def guarded(self: socket.socket, address: Any) -> Any:
        _check_address(self, address)
        return original(self, address)

    setattr(socket.socket, name, guarded)


def _guard_lookup(name: str) -> None:
    original = getattr(socket, name)

    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse("look up", host)
        return original(host, *arguments, **options)

    setattr(socket, name, guarded)


def complaints() -> list[str]:
    """What was refused since the last call."""
    found = _attempts.copy()
    _attempts.clear()
    return found
