"""What calls need to know: endpoints, models, keys, prices, limits, connections. No singletons."""

from __future__ import annotations

import difflib
import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chatbench.client.catalogue import Catalogue
from chatbench.client.keys import Keys
from chatbench.client.learned import Learned
from chatbench.client.limits import Limiter
from chatbench.client.pricing import Pricing
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ConfigurationError, UnknownModel
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.secrets import Secret
from chatbench.providers.http import Http, HttpClient
from chatbench.providers.registry import Registry
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile

if TYPE_CHECKING:
    from chatbench.client.ledger import Ledger
    from chatbench.storage.database import Database


@dataclass
class Environment:
    """Everything below the services, for one profile."""

    profile: Profile
    registry: Registry
    catalogue: Catalogue
    keys: Keys
    pricing: Pricing
    http: HttpClient
    environ: Mapping[str, str]
    learned: Learned = field(default_factory=Learned)
    limiter: Limiter = field(default_factory=Limiter)
    targets: dict[Hashable, Any] = field(default_factory=dict)
    """Where calls to a model go, as it was last looked up; see `targets`."""
    database: Database | None = None
    ledger: Ledger | None = None
    """Takes down what calls cost, where nobody else does."""

    @classmethod
    def open(
        cls,
        profile: Profile,
        key_store: KeyStore,
        *,
        environ: Mapping[str, str] | None = None,
        http: HttpClient | None = None,
        database: Database | None = None,
    ) -> Environment:
        """Reads the endpoint files of the profile. Raises ConfigurationError only where the
        shipped ones are broken; a broken user file is listed in `registry.problems`."""
        environ = os.environ if environ is None else environ
        registry = Registry(profile.providers)
        return cls(
            profile=profile,
            registry=registry,
            catalogue=Catalogue(registry, profile.folder / "models.json"),
            keys=Keys(key_store, registry, environ),
            pricing=Pricing(),
            http=http or Http(environ),
            environ=environ,
            database=database,
        )

    def need_database(self) -> Database:
        """Raises ConfigurationError where this environment was opened without one."""
        if self.database is None:
            raise ConfigurationError(
                "This environment has no database.", "Open it with one, or leave the history out."
            )
        return self.database

    def resolve(self, name: str, aliases: Mapping[str, str], model_hint: str = "") -> ModelRef:
        """The model meant by `provider/model-id`, an alias, the prefix of a provider that was
        registered, a bare id that is unique; failing that, the provider `model_hint` names, or one
        whose models are known to begin so. Raises UnknownModel with near names."""
        for endpoint in reversed(self.registry.registered):
            if name.startswith(endpoint.model_prefixes) and name not in aliases:
                return ModelRef(endpoint.id, name)
        endpoints = self.registry.endpoints()
        ready = {e.id for e in endpoints if self.keys.state(e).state in ("ready", "not_needed")}
        try:
            return self.catalogue.resolve(name, aliases, ready)
        except UnknownModel:
            if model_hint and "/" not in name:
                return ModelRef(self.endpoint(model_hint).id, name)
            begun = [e.id for e in endpoints if e.model_prefixes and name.startswith(e.model_prefixes)]
            if len(begun) == 1:
                return ModelRef(begun[0], name)
            raise

    async def list_models(self, provider: str, *, key: Secret | None = None) -> list[ModelInfo]:
        """A provider's live list, kept in the catalogue. Raises UnknownModel for a provider nobody
        knows, ProviderError and whatever finding the key raises."""
        endpoint = self.keys.effective(self.endpoint(provider))
        if key is None:
            found = await self.keys.find(endpoint)
            key = found.secret if found else None
        rows = await self.registry.wire(endpoint.wire).list_models(endpoint, key, self.http)
        self.catalogue.update_live(provider, rows)
        return rows

    def endpoint(self, provider: str) -> Endpoint:
        """Raises UnknownModel, with similar names, where no such provider is known."""
        found = self.registry.get(provider)
        if found is None:
            ids = [endpoint.id for endpoint in self.registry.endpoints()]
            near = tuple(difflib.get_close_matches(provider, ids, 3))
            hint = f"Did you mean {', '.join(near)}?" if near else "See `chatbench providers list`."
            raise UnknownModel(f"There is no provider called {provider!r}.", hint, near=near)
        return found

    async def aclose(self) -> None:
        await self.http.aclose()
