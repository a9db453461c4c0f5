"""Pieces of text put before a question: from files and from the web."""

from __future__ import annotations

import asyncio
import codecs
import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import AttachmentRefused, NotFound, Timeout, Unreachable
from chatbench.providers.http import Http, HttpRequest, Timeouts
from chatbench.storage.offthread import off_thread

MAX_BYTES = 8 * 1024 * 1024
"""Of one fragment. Far more than any model reads at once."""
FETCH_S = 30.0
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_TEXT_KINDS = re.compile(r"text/.*|application/(?:[\w.+-]+\+)?(?:json|xml|yaml|toml|javascript|x-ndjson|sql)")
_PIPE = "Fetch it with a program of your own and pipe it in: -f -"

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: IpAddress) -> bool:
    """Whether an address is one of the open web: no network of a house or company, no machine of a
    cloud's own, also not within an IPv6 address that leads to an IPv4 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local or int(address) < 1 << 64:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class FragmentService:
    """Reads fragments; keeps nothing."""

    def __init__(
        self, environ: Mapping[str, str] | None = None, allowed: Callable[[IpAddress], bool] = is_public
    ) -> None:
        self._allowed = allowed
        # Connections of its own, which hold every address they are made to against the same rule.
        self._http = Http(environ, allowed=self._allows)

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    def _allows(self, address: str) -> bool:
        return self._allowed(ipaddress.ip_address(address.partition("%")[0]))

    async def read(self, source: str) -> str:
        """The text of a file, or of an http or https address.

        Raises AttachmentRefused for what is no text, too large, or at an address that is not
        public; ProviderError where it cannot be fetched.
        """
        if source.lower().startswith(("http://", "https://")):
            return await self._fetch(source)
        if "://" in source:
            raise AttachmentRefused(f"{source} is neither a file nor an http(s) address.", _PIPE)
        # It may be a pipe that nobody writes to: whoever gives up need not wait for it.
        return await off_thread(lambda: _file_text(source), "fragment")

    async def _fetch(self, url: str) -> str:
        try:
            async with asyncio.timeout(FETCH_S):
                for _ in range(_MAX_REDIRECTS + 1):
                    found = await self._one(url)
                    if isinstance(found, str):
                        return found
                    url = found.url
        except TimeoutError:
            raise Timeout(f"{_host(url)} did not finish within {FETCH_S:g} s.", _PIPE) from None
        raise Unreachable(f"{_host(url)} leads from one address to the next without end.", _PIPE)

    async def _one(self, url: str) -> str | _Elsewhere:
        await self._check(url)
        host = _host(url)
        place = Endpoint(id="web", name=host, wire="", base_url=url, auth="none")
        limits = Timeouts(connect=10, read=FETCH_S, total=FETCH_S)
        request = HttpRequest(url=url, method="GET", headers={"accept": "text/*, */*;q=0.5"})
        async with self._http.open(request, place, limits) as answer:
            location = answer.headers.get("location", "")
            if answer.status in _REDIRECTS and location:
                return _Elsewhere(redirected(url, location))
            if answer.status != 200:
                raise NotFound(f"{host} answered with status {answer.status}.", "Check the address.")
            kind, _, options = answer.headers.get("content-type", "text/plain").partition(";")
            if not _TEXT_KINDS.fullmatch(kind.strip().lower()):
                raise AttachmentRefused(f"{url} is no text ({kind.strip()}).", _PIPE)
            data = await answer.read(MAX_BYTES + 1)
        return _text(data, url, _charset(options))

    async def _check(self, url: str) -> None:
        """Raises AttachmentRefused for an address with a password, or one that is not public."""
        parts = _split(url)
        host = parts.hostname
        if not host or parts.username is not None or parts.password is not None:
            raise AttachmentRefused("The address has no host, or a user and password in it.", _PIPE)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
        except (OSError, ValueError):
            raise Unreachable(f"{host} cannot be found.", "Check the address and your network.") from None
        for *_, place in found:
            if not self._allows(str(place[0])):
                raise AttachmentRefused(f"{host} is not on the public web.", _PIPE)


class _Elsewhere(msgspec.Struct, frozen=True):
    url: str


def redirected(url: str, location: str) -> str:
    """Where a redirect leads. Raises AttachmentRefused where that is less safe than where it began."""
    try:
        target = urljoin(url, location)
    except ValueError:
        raise AttachmentRefused(f"{_host(url)} leads to what is no address.", _PIPE) from None
    kinds = urlsplit(url).scheme, _split(target).scheme
    if kinds[1] not in ("http", "https") or kinds == ("https", "http"):
        raise AttachmentRefused(f"{_host(url)} leads to an address that is not https.", _PIPE)
    return target


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise AttachmentRefused(f"{url} is no web address.", "Check how it is written.") from None


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the address"


def _charset(options: str) -> str:
    found = re.search(r"charset=\"?([\w.:-]+)", options, re.IGNORECASE)
    try:
        return codecs.lookup(found[1]).name if found else "utf-8-sig"
    except LookupError:
        return "utf-8-sig"


def _file_text(source: str) -> str:
    path = Path(source)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AttachmentRefused(f"{path} cannot be read: {reason}.", "Check its name and place.") from error
    return _text(data, str(path), "utf-8-sig")


def _text(data: bytes, source: str, charset: str) -> str:
    if len(data) > MAX_BYTES:
        raise AttachmentRefused(
            f"{source} is larger than {MAX_BYTES // 1024 // 1024} MiB.", "Use a part of it."
        )
    try:
        text = data.decode(charset)
    except (UnicodeError, LookupError):
        raise AttachmentRefused(f"{source} is not text ({charset}).", "Attach pictures with -a.") from None
    if "\0" in text:
        raise AttachmentRefused(f"{source} is not text.", "Attach pictures with -a.")
    return text
