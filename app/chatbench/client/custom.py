"""Providers that a program brings along, for as long as it runs."""

from __future__ import annotations

import msgspec

from chatbench.client.defaults import default_environment
from chatbench.client.environment import Environment
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ConfigurationError
from chatbench.core.models import GUIDE


class CustomProvider(msgspec.Struct, frozen=True, kw_only=True):
    """`auth` is "bearer", "none" or "header:NAME". A model whose name begins with one of
    `model_prefixes` goes to this provider before all others; `name/model-id` always does."""

    name: str
    base_url: str
    model_prefixes: tuple[str, ...] = ()
    auth: str = "bearer"
    key_env: tuple[str, ...] = ()
    wire: str = "openai_chat"
    headers: dict[str, str] = {}


def register_custom_provider(
    provider: CustomProvider | Endpoint, *, environment: Environment | None = None
) -> Endpoint:
    """Adds a provider, in place of one of the same name. Raises ConfigurationError for a name, an
    address or a wire that is none, InvalidHeader."""
    environment = environment or default_environment()
    endpoint = provider if isinstance(provider, Endpoint) else _endpoint(provider)
    if endpoint.id == GUIDE.provider:
        raise ConfigurationError(
            f"{endpoint.id!r} is the guide's own and would never be asked.", "Choose another name."
        )
    environment.registry.register(endpoint)
    return endpoint


def unregister_custom_provider(name: str, *, environment: Environment | None = None) -> bool:
    """Takes it away again; False where there was none of that name."""
    return (environment or default_environment()).registry.unregister(name)


def _endpoint(provider: CustomProvider) -> Endpoint:
    if any(not prefix for prefix in provider.model_prefixes):
        raise ConfigurationError("A prefix is empty and would take every model.", "Leave it out.")
    return Endpoint(
        id=provider.name,
        name=provider.name,
        wire=provider.wire,
        base_url=provider.base_url,
        auth=provider.auth,
        key_env=provider.key_env,
        headers=provider.headers,
        model_prefixes=provider.model_prefixes,
    )
