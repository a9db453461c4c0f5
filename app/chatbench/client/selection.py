"""Whom a client asks: its models by weight and in order, at their own addresses or at one of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chatbench.client import names
from chatbench.client.asking import parameters_of
from chatbench.client.environment import Environment
from chatbench.client.routing import Route, Router, Weights, checked_weights
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ConfigurationError
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret


class Selection:
    """The models of a client, the parameters that are each one's own, and the key for the first."""

    environment: Environment

    def _choose(
        self,
        models: str | ModelRef | Sequence[str | ModelRef] | None,
        fallbacks: Sequence[str | ModelRef],
        weights: Weights,
        model_hint: str,
        parameters: Any,
        sampling: Mapping[str, Any],
    ) -> None:
        self.models = _listed(models)
        self.fallbacks = tuple(fallbacks)
        self.weights = checked_weights(weights, len(self.models)) if isinstance(weights, str) else weights
        self.model_hint = model_hint
        self.parameters = _per_model(parameters, sampling, len(self.models))
        self._router = self._routed() if self.models else None

    def _locate(self, base_url: str, key: str | Secret | None) -> None:
        self.base_url = base_url
        self._key = secret_of(key)
        self._endpoint = self._elsewhere() if base_url else None

    def resolve(self, name: str | ModelRef | None) -> ModelRef:
        """The model meant by a name. Raises UnknownModel."""
        if isinstance(name, ModelRef):
            return name
        return names.resolve(self.environment, name, self.model_hint)

    @property
    def key(self) -> Secret | None:
        """The client's own key, for the provider of its first model and no other. None: as the
        environment finds it."""
        return self._key

    @key.setter
    def key(self, key: str | Secret | None) -> None:
        self._key = secret_of(key)

    def _first(self) -> ModelRef:
        return self._router.routes[0].model if self._router else self.resolve(None)

    def _all(self) -> list[ModelRef]:
        """Every model that calls may go to; the default model where none was named."""
        if self._router is None:
            return [self.resolve(None)]
        return [route.model for route in (*self._router.routes, *self._router.fallbacks)]

    def _place(self, provider: str) -> tuple[Endpoint, Secret | None]:
        """Where a provider ("": the first model's) is asked, and the key of the client's that is
        meant for it."""
        models = self._all()
        provider = provider or models[0].provider
        if self._endpoint is not None and provider == self._endpoint.id:
            return self._endpoint, self._key
        meant = provider == models[0].provider
        return self.environment.endpoint(provider), self._key if meant else None

    def _route(self, named: str | ModelRef | None) -> Route:
        """Where the next call goes: to the model that is named for it, else to one of the client's."""
        if named is not None:
            shared = self.parameters[0] if self.parameters else Parameters()
            return Route(self.resolve(named), shared)
        if self._router is None:
            self._router = Router([Route(self.resolve(None), self.parameters[0])])
        route = self._router.pick()
        assert route is not None, "a router has a model"
        return route

    def _router_of(self, request: Request) -> Router | None:
        """A model that is none of the client's was named for the call: no other stands in for it."""
        router = self._router
        return router if router is not None and request.model in router.records else None

    def _routed(self) -> Router:
        routes = [
            Route(self.resolve(name), parameters)
            for name, parameters in zip(self.models, self.parameters, strict=True)
        ]
        shared = self.parameters[0] if self.parameters else Parameters()
        fallbacks = [Route(self.resolve(name), shared) for name in self.fallbacks]
        return Router(routes, self.weights, fallbacks)

    def _elsewhere(self) -> Endpoint:
        """The provider of the models at `base_url`."""
        providers = {model.provider for model in self._all()}
        if len(providers) > 1:
            raise ConfigurationError(
                f"base_url is the address of one provider; these are {', '.join(sorted(providers))}.",
                "Make a client for each, or register the address as a provider.",
            )
        return self.environment.keys.at(self.environment.endpoint(providers.pop()), self.base_url)


def secret_of(key: str | Secret | None) -> Secret | None:
    """An empty key is none."""
    return (Secret(key) if isinstance(key, str) else key) or None


def _listed(models: str | ModelRef | Sequence[str | ModelRef] | None) -> tuple[str | ModelRef, ...]:
    if models is None:
        return ()
    return (models,) if isinstance(models, str | ModelRef) else tuple(models)


def _per_model(given: Any, sampling: Mapping[str, Any], count: int) -> tuple[Parameters, ...]:
    """One set of parameters for each model."""
    count = max(1, count)
    if isinstance(given, Sequence):
        if len(given) != count:
            raise ConfigurationError(
                f"There are {count} models and {len(given)} sets of parameters.",
                "Give one for each, or one for all.",
            )
        return tuple(parameters_of(one, sampling) for one in given)
    return (parameters_of(given, sampling),) * count
