"""What calls need to know: endpoints, models, keys, prices, connections. No singletons."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from chatbench.client.catalogue import Catalogue
from chatbench.client.keys import Keys
from chatbench.client.learned import Learned
from chatbench.client.pricing import Pricing
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import UnknownModel
from chatbench.providers.http import Http, HttpClient
from chatbench.providers.registry import Registry
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile


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

    @classmethod
    def open(
        cls,
        profile: Profile,
        key_store: KeyStore,
        *,
        environ: Mapping[str, str] | None = None,
        http: HttpClient | None = None,
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
        )

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
