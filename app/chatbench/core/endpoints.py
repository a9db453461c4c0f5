"""An endpoint: where a wire is spoken, as data. One TOML file each; a user may add any."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from chatbench.core.models import ModelInfo

ENDPOINT_ID = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much an endpoint is asked at once and in a minute; None is no limit of ours."""

    concurrent: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """Input and output together."""
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None


class Quirks(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an endpoint departs from its wire's usual form."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_usage: bool = True
    """Understands `stream_options.include_usage`."""
    tools: bool = True
    developer_role: bool = False
    reasoning_summary: bool = True
    """Gives summaries of its reasoning (OpenAI does so only to verified organisations)."""
    refused: tuple[str, ...] = ()
    """Names of `Parameters` that the endpoint rejects, whatever the model."""
    api_version: str = ""
    """Dated Azure API version; empty for the current path without one. For Gemini: v1 or v1beta."""
    file_storage: bool = False
    """Keeps files that requests then name by their id."""
    batch_jobs: bool = False
    """Answers many requests within a day, for less."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`base_url` as the vendor's own SDK takes it; `auth` is "bearer", "none" or "header:NAME".

    Header values may hold secrets: they are never logged or shown. `models` names models by
    hand; empty means the server is asked.
    """

    id: str
    name: str
    wire: str
    base_url: str
    auth: str = "bearer"
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    model_prefixes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    docs: str = ""
    data_policy: str = ""
    local: bool = False
    """Runs on this computer: no key, no charge, nothing leaves."""
    limits: Limits = Limits()
    quirks: Quirks = Quirks()
    rows: tuple[ModelInfo, ...] = ()
    """The user's own capability rows for models of this endpoint."""
    shipped: bool = False

    @property
    def origin(self) -> str:
        return origin_of(self.base_url)

    @property
    def needs_key(self) -> bool:
        return self.auth != "none"


@lru_cache(maxsize=256)
def origin_of(url: str) -> str:
    """scheme://host:port in lower case, the scheme's default port written out; "" for no URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return ""
    if not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"
