"""How calls are made: what is settled for them before any of them begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from chatbench.client.budget import Budgets
from chatbench.client.cache import Cached, CacheMode
from chatbench.client.hooks import Hooks
from chatbench.client.ledger import Ledger
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.errors import ConfigurationError
from chatbench.core.params import Parameters
from chatbench.core.secrets import Secret
from chatbench.providers.http import Timeouts

T = TypeVar("T")
Broken = Literal["keep", "rerun"]
"""What becomes of an answer that breaks off after its first words: kept as interrupted, or made
void by a `Reset` and asked for again."""


def chosen(name: str, value: T, known: tuple[Any, ...]) -> T:
    """The value of a setting. Raises ConfigurationError for one that is not among those `known`."""
    if value not in known:
        raise ConfigurationError(f"{name} cannot be {value!r}.", f"Choose {_listed(known)}.")
    return value


def _listed(known: tuple[Any, ...]) -> str:
    *first, last = map(str, known)
    return f"{', '.join(first)} or {last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """What a client has settled for all of its calls, or for one."""

    retries: RetryPolicy = RetryPolicy()
    timeouts: Timeouts = Timeouts()
    limits: Limits | None = None
    """In place of the endpoint's own."""
    cached: Cached | None = None
    cache_mode: CacheMode = "use"
    budgets: Budgets | None = None
    conversation: str = ""
    run: str = ""
    """What budgets for a conversation and for a run go by."""
    hooks: Hooks | None = None
    ledger: Ledger | None = None
    broken: Broken = "keep"
    keep_raw: bool = False
    given: Parameters = Parameters()
    """Parameters of the call itself: they go along to whichever model it turns to."""
    schema: Any = None
    """What the answer is read as; see `schemas.schema_of`."""
    repair: bool = False
    """An answer that does not fit is asked for once more."""
    endpoint: Endpoint | None = None
    """Called in place of the one registered under the model's provider."""
    key: Secret | None = None
    key_provider: str = ""
    """The only provider that is shown `key`; empty: that of the model first asked."""
