"""What went wrong in HTTP, in our words: every error of the library becomes one of ours in `mapped`."""

from __future__ import annotations

import socket
import ssl
import zlib
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    InvalidResponse,
    ProviderError,
    StreamInterrupted,
    Timeout,
    Unreachable,
    UntrustedCertificate,
)
from chatbench.providers import unpacking
from chatbench.providers.unpacking import NotAsked, TooLarge

if TYPE_CHECKING:
    from chatbench.providers.http import Timeouts


@cache
def errors() -> tuple[type[Exception], ...]:
    """What `mapped` knows. Imports the library."""
    import httpx

    return (
        httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError, TooLarge, NotAsked,
        zlib.error,
    )  # fmt: skip


def mapped(
    error: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool = False
) -> ProviderError:
    """The error of ours for one of `errors`. Of theirs, `raw` gets the kind and what the system said;
    the rest may hold an address with a password in it."""
    cause = root(error)
    ours = _named(error, cause, endpoint, timeouts, in_body=in_body)
    system = cause.strerror if isinstance(cause, OSError) else None
    ours.raw = f"{type(cause).__name__}: {system}" if system else type(cause).__name__
    return ours


def root(error: BaseException) -> BaseException:
    """What an error came of in the first place."""
    before = error.__cause__
    if before is None and type(error).__module__.startswith("httpcore"):
        # It hides its causes, so that its users see httpx's errors only.
        before = error.__context__
    return error if before is None else root(before)


def _named(
    error: BaseException, cause: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool
) -> ProviderError:
    import httpx

    from chatbench.providers.connections import CutShort, NotHttp

    if isinstance(cause, ssl.SSLCertVerificationError):
        whose = "the proxy on the way to " if isinstance(error, httpx.ProxyError) else ""
        return UntrustedCertificate(
            f"The certificate of {whose}{_host(endpoint)} is not trusted:"
            f" {getattr(cause, 'verify_message', '')}.",
            "If the server is yours, add its certificate to your system's, or set SSL_CERT_FILE.",
            provider=endpoint.id,
        )
    if isinstance(error, httpx.ProxyError):
        return refused_by_proxy(endpoint)
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return _timed_out(error, endpoint, timeouts, in_body=in_body)
    if isinstance(error, TooLarge | NotAsked | zlib.error | httpx.DecodingError):
        return _unreadable(error, endpoint)
    if isinstance(error, NotHttp):
        return not_http(endpoint)
    if in_body or isinstance(error, CutShort):
        return StreamInterrupted(
            f"The answer from {endpoint.name} broke off.",
            "What arrived is kept. Try again, or continue from it.",
            provider=endpoint.id,
        )
    return _unreachable(error, cause, endpoint)


def _timed_out(error: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool) -> Timeout:
    import httpx

    name = endpoint.name
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        said = f"{name} did not take a connection within {timeouts.connect:g} s."
    elif isinstance(error, httpx.TimeoutException) or timeouts.total is None:
        said = f"{name} sent nothing{' more' if in_body else ''} for {timeouts.read:g} s."
    else:
        said = f"{name} did not finish within {timeouts.total:g} s."
    return Timeout(said, "Try again; the provider may be slow or busy.", provider=endpoint.id)


def _unreadable(error: BaseException, endpoint: Endpoint) -> InvalidResponse:
    if isinstance(error, TooLarge):
        said = f"{endpoint.name} sent more than {unpacking.MAX_BODY_BYTES // 1024 // 1024} MiB."
    elif isinstance(error, NotAsked):
        said = f"{endpoint.name} compressed its answer in a way it was not asked for."
    else:
        said = f"The answer of {endpoint.name} cannot be decompressed."
    hint = "The server may be faulty. Try again, or check the provider."
    return InvalidResponse(said, hint, provider=endpoint.id)


def _unreachable(error: BaseException, cause: BaseException, endpoint: Endpoint) -> ProviderError:
    import httpx

    from chatbench.providers.connections import Disconnected

    host = _host(endpoint)
    network = "Check the address and your network connection."
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol) or _is_wrong_value(error):
        return no_address(endpoint)
    if isinstance(cause, ssl.SSLError):
        said = f"No encrypted connection to {host} came about."
        return Unreachable(
            said, "Check whether the address begins with http://.", provider=endpoint.id, should_retry=False
        )
    # httpx has one error for both; this is how it words the first, of connections through a proxy.
    if isinstance(error, Disconnected) or "disconnected" in str(error):
        said, hint = f"{host} closed the connection without an answer.", "Try again."
    elif isinstance(error, httpx.ProtocolError):
        return not_http(endpoint)
    elif isinstance(cause, socket.gaierror):
        said, hint = f"{host} cannot be found.", network
    elif isinstance(cause, ConnectionRefusedError):
        said = f"{host} refuses the connection."
        hint = "Start the server, or check the port." if endpoint.local else "Check address and port."
    else:
        said, hint = f"{host} cannot be reached.", network
    return Unreachable(said, hint, provider=endpoint.id)


def _is_wrong_value(error: BaseException) -> bool:
    return isinstance(error, ValueError) and not isinstance(error, OSError)


def no_address(endpoint: Endpoint) -> Unreachable:
    """The error for a base URL that leads nowhere at all."""
    said = f"The base URL of {endpoint.name} is not a web address."
    return Unreachable(said, "Write it as https://host/path.", provider=endpoint.id, should_retry=False)


def not_http(endpoint: Endpoint) -> InvalidResponse:
    """The error for an answer in another protocol."""
    return InvalidResponse(
        f"{_host(endpoint)} does not answer in HTTP.", "Check address and port.", provider=endpoint.id
    )


def refused_by_proxy(endpoint: Endpoint) -> Unreachable:
    """The error for a proxy that is not reached, or does not let us through."""
    return Unreachable(
        f"The proxy on the way to {_host(endpoint)} did not let us through.",
        "Check HTTPS_PROXY and HTTP_PROXY, and the user and password in them.",
        provider=endpoint.id,
    )


def _host(endpoint: Endpoint) -> str:
    try:
        return urlsplit(endpoint.base_url).hostname or endpoint.name
    except ValueError:
        return endpoint.name
