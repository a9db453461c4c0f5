"""Where Mistral's interface is."""

from __future__ import annotations

from chatbench.core.endpoints import Endpoint
from chatbench.providers.encoding import address


def joined(endpoint: Endpoint, path: str, query: dict[str, str] | None = None) -> str:
    """Mistral's SDK takes an address without /v1; one with it is understood all the same."""
    base = endpoint.base_url.rstrip("/")
    return address(base, path if base.endswith("/v1") else f"v1/{path}", query)
