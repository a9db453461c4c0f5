"""Which proxy an address is reached through: the environment's variables, as curl reads them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from chatbench.core.errors import ConfigurationError


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy's address, with user and password if it has them; this computer is never proxied.

    `https_proxy`, `http_proxy`, then `all_proxy`; lower case wins. `HTTP_PROXY` in capitals is
    ignored where a web server may have made it of a visitor's header. Raises ConfigurationError
    for a kind of proxy that is not supported; the message leaves the address out.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if is_this_computer(host) or _is_excepted(host, parts.port, environ):
        return None
    kind = f"{parts.scheme}_proxy"
    for name in (kind, kind.upper(), "all_proxy", "ALL_PROXY"):
        value = environ.get(name, "").strip()
        if not value or (name == "HTTP_PROXY" and "REQUEST_METHOD" in environ):
            continue
        if "://" not in value:
            value = f"http://{value}"
        if not value.lower().startswith(("http://", "https://")):
            raise ConfigurationError(
                f"{name} names a kind of proxy that Chatbench does not know.",
                "Use an http:// or https:// proxy, or unset it.",
            )
        return value
    return None


def is_this_computer(host: str) -> bool:
    """Whether a host's name or address means the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _is_excepted(host: str, port: int | None, environ: Mapping[str, str]) -> bool:
    value = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return any(_excepts(entry.strip().lower(), host, port) for entry in value.split(","))


def _excepts(entry: str, host: str, port: int | None) -> bool:
    if not entry or entry == "*":
        return entry == "*"
    address = _address(host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            pass
    name, colon, wanted_port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    if colon and wanted_port != str(port or ""):
        return False
    name = name.removeprefix("*").removeprefix(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
