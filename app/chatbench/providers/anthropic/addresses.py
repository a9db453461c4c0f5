"""Where Anthropic's interface is."""

from __future__ import annotations

from functools import lru_cache

from chatbench.providers.encoding import address


@lru_cache(maxsize=256)
def joined(base: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> str:
    """Anthropic's SDK takes an address without /v1; one with it is understood all the same."""
    base = base.rstrip("/")
    return address(base, path if base.endswith("/v1") else f"v1/{path}", dict(query))
