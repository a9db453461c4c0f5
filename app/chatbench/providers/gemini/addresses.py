"""Where Gemini's interface is: the version stands in the path (google-genai 3.4.0: _api_client.py)."""

from __future__ import annotations

import re
from functools import lru_cache

from chatbench.core.endpoints import Endpoint
from chatbench.core.requests import Request
from chatbench.providers.encoding import address

CURRENT_VERSION = "v1"
_VERSIONED = re.compile(r"/v\d+(alpha|beta)?\d*\Z")
Query = tuple[tuple[str, str], ...]


def model_path(request: Request) -> str:
    name = request.model.id
    return name if "/" in name else f"models/{name}"


def joined(endpoint: Endpoint, path: str, query: Query = (), asked: str = "") -> str:
    """`path` behind the base URL and the version, which is the one `asked` for by a request, or the
    base URL's own, or the endpoint's, or the current one."""
    return _joined(endpoint.base_url, asked, endpoint.quirks.api_version, path, query)


@lru_cache(maxsize=256)
def _joined(base: str, asked: str, usual: str, path: str, query: Query) -> str:
    base, version = _split(base, usual)
    return address(base, f"{asked or version}/{path}", dict(query))


def version_for(endpoint: Endpoint, asked: str) -> str:
    """The version a request is made in, `asked` being its own wish."""
    return asked or _split(endpoint.base_url, endpoint.quirks.api_version)[1]


def _split(base: str, usual: str) -> tuple[str, str]:
    base = base.rstrip("/")
    if at := _VERSIONED.search(base):
        return base[: at.start()], at.group()[1:]
    return base, usual or CURRENT_VERSION
