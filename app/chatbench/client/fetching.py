"""What an address on the web gives, fetched by us: public addresses only, without credentials.

Every hop is checked, and the address that is connected to is the one that was checked, so that a name
that changes its mind between the two gains nothing. Through a proxy the proxy looks the name up, and
what it may reach is its owner's to say.
"""

from __future__ import annotations

import asyncio
import mimetypes
import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from chatbench.core.addresses import is_public
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import AttachmentRefused, ProviderError, Unreachable
from chatbench.providers.http import Http, HttpAnswer, HttpRequest, Timeouts

if TYPE_CHECKING:
    from email.message import Message

MAX_BYTES = 50 * 1024 * 1024
TOTAL_S = 60.0
HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = frozenset({80, 443})
_UNNAMEABLE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u202a-\u202e\u2066-\u2069]+')
_ENDINGS = {"text/html": ".html", "application/pdf": ".pdf", "text/plain": ".txt", "image/jpeg": ".jpg"}
_LONGEST_NAME = 120
_turned_away: ContextVar[list[str]] = ContextVar("_turned_away")
"""Addresses that this fetch was not let connect to."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What came: its bytes, a name for it, what the server called its kind ("" where it did not), and
    the address it came from in the end."""

    data: bytes
    name: str
    media_type: str
    url: str


class Fetcher:
    """Fetches from the web. `allowed` says which addresses may be connected to, `ports` which ports
    (None: all), `max_bytes` how much may come, unpacked."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        allowed: Callable[[str], bool] = is_public,
        ports: Collection[int] | None = _PORTS,
        max_bytes: int = MAX_BYTES,
        total_s: float = TOTAL_S,
    ) -> None:
        self._allowed = allowed
        self._http = Http(environ, allowed=self._asked)
        self._ports = ports
        self._max_bytes = max_bytes
        self._total_s = total_s

    async def fetch(self, url: str, on_progress: Callable[[int, int], None] | None = None) -> Fetched:
        """`on_progress` gets the bytes that came and those expected (0: unknown).

        Raises AttachmentRefused with the reason: no address of the web, one that is not public, too
        large, too slow, too many redirects, a page that says no.
        """
        try:
            async with asyncio.timeout(self._total_s):
                return await self._fetched(url.strip(), on_progress or _nobody)
        except TimeoutError:
            raise AttachmentRefused(
                f"{_host(url)} took longer than {self._total_s:.0f} s.", "Download it, and attach the file."
            ) from None

    async def aclose(self) -> None:
        await self._http.aclose()

    def _asked(self, address: str) -> bool:
        allowed = self._allowed(address)
        if not allowed:
            _turned_away.get().append(address)
        return allowed

    async def _fetched(self, url: str, on_progress: Callable[[int, int], None]) -> Fetched:
        for _ in range(HOPS + 1):
            host = self._checked(url)
            _turned_away.set([])
            endpoint = Endpoint(id="", name=host, wire="", base_url=url, auth="none")
            request = HttpRequest(url=url, method="GET", headers={"accept": "*/*"})
            try:
                async with self._http.open(request, endpoint, Timeouts(read=self._total_s)) as answer:
                    if answer.status not in _REDIRECTS:
                        return await self._taken(url, answer, on_progress)
                    location = answer.headers.get("location", "")
            except ProviderError as error:
                raise _refusal(host, error) from error
            url = _joined(url, location)
        raise AttachmentRefused(
            f"{_host(url)} sends from one address to the next.", "Give the last address, or the file."
        )

    def _checked(self, url: str) -> str:
        """The host. Raises AttachmentRefused for an address that is not even tried."""
        try:
            parts = urlsplit(url)
            port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        except ValueError:
            raise AttachmentRefused("This is not an address.", "Give https://…") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AttachmentRefused(f"{url[:80]} is not an address of the web.", "Give https://…")
        if parts.username is not None or parts.password is not None:
            raise AttachmentRefused(
                "The address holds a user name or a password, and none are sent.",
                "Download it, and attach the file.",
            )
        if self._ports is not None and port not in self._ports:
            raise AttachmentRefused(
                f"{parts.hostname} is asked at port {port}; only 80 and 443 are.",
                "Download it, and attach the file.",
            )
        return parts.hostname

    async def _taken(self, url: str, answer: HttpAnswer, on_progress: Callable[[int, int], None]) -> Fetched:
        host = _host(url)
        if answer.status != 200:
            raise AttachmentRefused(
                f"{host} answered {answer.status}.", "Open it in a browser, and attach what you see."
            )
        told = answer.headers.get("content-length", "")
        expected = int(told) if told.isascii() and told.isdigit() else 0
        if expected > self._max_bytes:
            raise self._too_large(host)
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.pieces():
            size += len(piece)
            if size > self._max_bytes:
                raise self._too_large(host)
            pieces.append(piece)
            on_progress(size, expected)
        kind = answer.headers.get("content-type", "")
        media_type = _header("content-type", kind).get_content_type() if kind else ""
        name = _name(url, answer.headers.get("content-disposition", ""), media_type)
        return Fetched(data=b"".join(pieces), name=name, media_type=media_type, url=url)

    def _too_large(self, host: str) -> AttachmentRefused:
        return AttachmentRefused(
            f"What {host} sends is larger than {self._max_bytes // 1024 // 1024} MiB.",
            "Download it, and attach the part you need.",
        )


def _joined(url: str, location: str) -> str:
    """Where a redirect leads; what is no address is found out when it is checked."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _refusal(host: str, error: ProviderError) -> AttachmentRefused:
    if isinstance(error, Unreachable) and _turned_away.get():
        return AttachmentRefused(
            f"{host} is not on the public internet.", "Save the page yourself, and attach the file."
        )
    if isinstance(error, Unreachable) and not error.retryable:
        return AttachmentRefused(f"{host} is not an address of the web.", "Give https://…")
    return AttachmentRefused(error.message, error.hint)


def _header(name: str, value: str) -> Message:
    from email.message import Message

    header = Message()
    header[name] = value
    return header


def _name(url: str, disposition: str, media_type: str) -> str:
    """A file name without tricks: what the server calls it, else the end of the path, else the host."""
    called = _header("content-disposition", disposition).get_filename() if disposition else None
    called = posixpath.basename((called or unquote(urlsplit(url).path)).replace("\\", "/"))
    called = _UNNAMEABLE.sub(" ", called).strip(" .")
    stem, dot, ending = called.rpartition(".")
    guessed = _ENDINGS.get(media_type) or mimetypes.guess_extension(media_type) or ""
    if not called:
        return f"{_host(url)}{guessed}"
    if not dot or not stem or len(ending) > 8:
        return f"{called[:_LONGEST_NAME]}{guessed}"
    return f"{stem[:_LONGEST_NAME]}.{ending}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url[:80]
    except ValueError:
        return url[:80]


def _nobody(size: int, expected: int) -> None:
    """Who waits without looking."""
