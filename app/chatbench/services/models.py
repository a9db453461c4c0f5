"""Models as a person chooses among them: groups, favourites, the default, names, estimates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from chatbench.client import names
from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_cost, estimate_tokens
from chatbench.client.keys import KeyState
from chatbench.client.pricing import is_free
from chatbench.core.changes import Changes
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ChatbenchError, UnknownModel
from chatbench.core.messages import Message
from chatbench.core.models import GUIDE, Modality, ModelInfo, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters, fit
from chatbench.core.usage import Rates
from chatbench.services.attachments.takes import Takes
from chatbench.services.preferences import Preferences, PreferencesStore


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the picker. `takes`: what goes to it as it is. `rates` None: price unknown. `usable`:
    nothing is missing."""

    info: ModelInfo
    takes: frozenset[Modality]
    rates: Rates | None
    favourite: bool
    usable: bool
    free: bool


class ModelGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's models, with the state of its key."""

    endpoint: Endpoint
    key: KeyState
    rows: tuple[ModelRow, ...]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Before sending: input tokens, and US dollars for them (None: price unknown).

    `share` is the part of the context window, None where that is unknown."""

    tokens: int
    cost: Decimal | None
    free: bool
    share: float | None


class ModelService:
    """Everything about models but calling them."""

    def __init__(
        self, environment: Environment, preferences: PreferencesStore, changes: Signal[Changes]
    ) -> None:
        self._environment = environment
        self._preferences = preferences
        self._changes = changes
        self._refreshed: set[str] = set()

    def info(self, ref: ModelRef) -> ModelInfo:
        return self._environment.catalogue.info(ref)

    def key(self, provider: str) -> KeyState | None:
        """What is known of a provider's key; None for a provider nobody knows."""
        endpoint = self._environment.registry.get(provider)
        return None if endpoint is None else self._environment.keys.state(endpoint)

    def groups(self) -> tuple[ModelGroup, ...]:
        """Usable providers first, then those a key is missing for; the guide last of the first."""
        now = datetime.now(UTC)
        favourites = frozenset(self._preferences.current.favourites)
        groups = []
        for endpoint in self._environment.registry.endpoints():
            key = self._environment.keys.state(endpoint)
            usable = key.state in ("ready", "not_needed")
            rows = tuple(
                ModelRow(
                    info=info,
                    takes=Takes.of(info, self._environment).whole,
                    rates=self._environment.pricing.rates(info.ref, endpoint, now, 0),
                    favourite=str(info.ref) in favourites,
                    usable=usable,
                    free=is_free(info.ref, endpoint),
                )
                for info in self._environment.catalogue.models(endpoint.id)
            )
            if rows:
                groups.append(ModelGroup(endpoint=endpoint, key=key, rows=rows))
        groups.sort(key=lambda g: (not g.rows[0].usable, g.endpoint.id == GUIDE.provider))
        return tuple(groups)

    def default(self) -> ModelRef | None:
        """The user's default model, if one is set."""
        return self._preferences.current.default_model_ref

    def set_default(self, ref: ModelRef | None) -> None:
        self._preferences.replace(default_model=str(ref) if ref else "")

    def default_embedding(self) -> ModelRef | None:
        """The user's default model for embeddings, if one is set."""
        found = self._preferences.current.default_embedding_model
        return ModelRef.parse(found) if found else None

    def set_default_embedding(self, ref: ModelRef | None) -> None:
        self._preferences.replace(default_embedding_model=str(ref) if ref else "")

    def aliases(self) -> dict[str, str]:
        """Alias → what it stands for."""
        return dict(self._preferences.current.aliases)

    def set_alias(self, alias: str, model: str) -> ModelRef:
        """Lets `alias` stand for a model, or for what another alias does; returns it.

        Raises UnknownModel with near names; ConfigurationError for an alias that is none.
        """
        ref = self.resolve(model)
        self._preferences.change(
            lambda now: msgspec.structs.replace(now, aliases=names.with_alias(now.aliases, alias, ref))
        )
        return ref

    def remove_alias(self, alias: str) -> None:
        """Raises KeyError where there is none of that name."""
        self._preferences.change(
            lambda now: msgspec.structs.replace(now, aliases=names.without_alias(now.aliases, alias))
        )

    def toggle_favourite(self, ref: ModelRef) -> bool:
        """Stars or unstars; returns whether it is a favourite now."""
        name = str(ref)

        def toggled(now: Preferences) -> Preferences:
            others = tuple(other for other in now.favourites if other != name)
            starred = others if name in now.favourites else (*others, name)
            return msgspec.structs.replace(now, favourites=starred)

        return name in self._preferences.change(toggled).favourites

    def resolve(self, text: str) -> ModelRef:
        """The model meant by a name, the user's aliases included; see `Environment.resolve`.

        Raises UnknownModel with near names.
        """
        return self._environment.resolve(text, self._preferences.current.aliases)

    def options(self, ref: ModelRef) -> dict[str, str]:
        """Every parameter → "" where this model is sent it, else why it is left out."""
        info = self.info(ref)
        endpoint = self._environment.endpoint(ref.provider)
        takes = self._environment.registry.wire(endpoint.wire).takes
        values = dict.fromkeys(Parameters.__struct_fields__, True)
        # Any value does but an effort's: one the model offers, and not "none", with which some take more.
        probe = msgspec.structs.replace(
            Parameters(), **{**values, "reasoning_effort": info.efforts[-1] if info.efforts else "high"}
        )
        _, left = fit(probe, info, takes, endpoint.quirks.refused)
        reasons = {item.name: item.reason for item in left}
        return {name: reasons.get(name, "") for name in values}

    def note(self, ref: ModelRef) -> str:
        """What to tell the user of a model that nobody described or named; "" for any other."""
        catalogue = self._environment.catalogue
        named = any(info.ref == ref for info in catalogue.models(ref.provider))
        return "" if named else catalogue.note(ref)

    async def refresh(self, provider: str) -> int:
        """Asks a provider for its live list; returns how many models it has.

        Raises ProviderError and whatever finding the key raises.
        """
        environment = self._environment
        endpoint = environment.keys.effective(environment.endpoint(provider))
        key = await environment.keys.find(endpoint)
        wire = environment.registry.wire(endpoint.wire)
        rows = await wire.list_models(endpoint, key.secret if key else None, environment.http)
        environment.catalogue.update_live(provider, rows)
        self._changes.emit(Changes(models=True))
        return len(rows)

    async def refresh_usable(self) -> dict[str, ChatbenchError]:
        """Asks every provider that could be used now, once a session, all at the same time.

        Returns the errors by provider; a provider that failed is asked again the next time.
        """
        keys = self._environment.keys
        asked = [
            endpoint.id
            for endpoint in self._environment.registry.endpoints()
            if endpoint.id not in self._refreshed
            and endpoint.id != GUIDE.provider
            and keys.state(endpoint).state in ("ready", "not_needed")
        ]
        self._refreshed.update(asked)
        outcomes = await asyncio.gather(*map(self.refresh, asked), return_exceptions=True)
        errors: dict[str, ChatbenchError] = {}
        for provider, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                self._refreshed.discard(provider)
                if not isinstance(outcome, ChatbenchError):
                    raise outcome
                errors[provider] = outcome
        return errors

    @property
    def prices_of(self) -> date:
        """The day of the price table."""
        return date.fromisoformat(self._environment.pricing.prices_of)

    def estimate(
        self, ref: ModelRef, messages: Sequence[Message], system: str = "", *, on_top_of: int = 0
    ) -> Estimate:
        """What sending these would take, roughly, `on_top_of` so many tokens.

        Cheap enough to call while typing.
        """
        info = self.info(ref)
        tokens = estimate_tokens(messages, system, info) + on_top_of
        try:
            endpoint = self._environment.endpoint(ref.provider)
        except UnknownModel:
            return Estimate(tokens=tokens, cost=None, free=False, share=None)
        rates = self._environment.pricing.rates(ref, endpoint, datetime.now(UTC), tokens)
        return Estimate(
            tokens=tokens,
            cost=estimate_cost(tokens, rates),
            free=is_free(ref, endpoint),
            share=tokens / info.context_window if info.context_window else None,
        )
