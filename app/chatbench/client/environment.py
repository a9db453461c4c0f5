"""What calls need to know: endpoints, models, keys, prices, connections. No singletons."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from chatbench.client.catalogue import Catalogue
from chatbench.client.keys import Keys
from chatbench.client.pricing import Pricing
from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.errors import UnknownModel
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import CAREFUL, Parameters
from chatbench.providers.http import Http, HttpClient
from chatbench.providers.registry import Registry
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile


class Learned:
    """What providers refused during this session, so that they are not asked twice."""

    def __init__(self) -> None:
        self._parameters: dict[ModelRef, frozenset[str]] = {}
        self._quirks: dict[str, Quirks] = {}

    def info(self, info: ModelInfo) -> ModelInfo:
        """The row without the parameters the model refused."""
        refused = self._parameters.get(info.ref)
        if not refused:
            return info
        accepted = CAREFUL if info.parameters is None else info.parameters
        efforts = () if "reasoning_effort" in refused else info.efforts
        return msgspec.structs.replace(info, parameters=accepted - refused, efforts=efforts)

    def endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with the quirks it turned out to have."""
        quirks = self._quirks.get(endpoint.id)
        return endpoint if quirks is None else msgspec.structs.replace(endpoint, quirks=quirks)

    def refusal(self, param: str, endpoint: Endpoint, info: ModelInfo, parameters: Parameters) -> bool:
        """Takes note of a field the provider named as not supported.

        True if the next attempt will differ from the last, so that trying again makes sense.
        """
        quirks = self._quirks.get(endpoint.id, endpoint.quirks)
        changed = quirks
        if param.startswith("stream_options") and quirks.stream_usage:
            changed = msgspec.structs.replace(quirks, stream_usage=False)
        elif param == "reasoning.summary" and quirks.reasoning_summary:
            changed = msgspec.structs.replace(quirks, reasoning_summary=False)
        elif param == "max_tokens" and quirks.max_tokens_field == "max_tokens":
            changed = msgspec.structs.replace(quirks, max_tokens_field="max_completion_tokens")
        elif param == "max_completion_tokens" and quirks.max_tokens_field != "max_tokens":
            changed = msgspec.structs.replace(quirks, max_tokens_field="max_tokens")
        if changed != quirks:
            self._quirks[endpoint.id] = changed
            return True
        name = _VENDOR_NAMES.get(param, param)
        refused = self._parameters.get(info.ref, frozenset())
        if name in parameters.given() and name not in refused:
            self._parameters[info.ref] = refused | {name}
            return True
        return False


_VENDOR_NAMES = {
    "reasoning.effort": "reasoning_effort",
    "reasoning": "reasoning_effort",
    "output_config.effort": "reasoning_effort",
    "thinking.budget_tokens": "thinking_budget",
    "text.verbosity": "verbosity",
    "stop_sequences": "stop",
    "max_output_tokens": "max_output_tokens",
    "topP": "top_p",
    "topK": "top_k",
}


@dataclass
class Environment:
    """Everything below the services, for one profile."""

    profile: Profile
    registry: Registry
    catalogue: Catalogue
    keys: Keys
    pricing: Pricing
    http: HttpClient
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
        )

    def endpoint(self, provider: str) -> Endpoint:
        """Raises UnknownModel, with similar names, where no such provider is known."""
        found = self.registry.get(provider)
        if found is None:
            import difflib

            ids = [endpoint.id for endpoint in self.registry.endpoints()]
            near = tuple(difflib.get_close_matches(provider, ids, 3))
            hint = f"Did you mean {', '.join(near)}?" if near else "See `chatbench providers list`."
            raise UnknownModel(f"There is no provider called {provider!r}.", hint, near=near)
        return found

    async def aclose(self) -> None:
        await self.http.aclose()
