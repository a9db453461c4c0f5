"""A model as an object: what it is, what it takes, and asking it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatbench.client import names
from chatbench.client.defaults import default_environment
from chatbench.client.environment import Environment
from chatbench.client.lazy import LazyResponse
from chatbench.client.llm import LLMClient
from chatbench.client.session import Session
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.secrets import Secret


class Model:
    """One model. `settings` go to the `LLMClient` that asks it."""

    def __init__(self, ref: ModelRef, environment: Environment, **settings: Any) -> None:
        self.ref = ref
        self.environment = environment
        self.client = LLMClient(ref, environment=environment, **settings)

    @property
    def model_id(self) -> str:
        """provider/model-id."""
        return str(self.ref)

    @property
    def key(self) -> Secret | None:
        """The key it is asked with; None: as the environment finds it. May be set, also as text."""
        return self.client.key

    @key.setter
    def key(self, key: str | Secret | None) -> None:
        self.client.key = key

    @property
    def info(self) -> ModelInfo:
        """What is known of it."""
        return self.environment.catalogue.info(self.ref)

    @property
    def attachment_types(self) -> frozenset[str]:
        """Media types it is known to take."""
        info, registry = self.info, self.environment.registry
        endpoint = registry.get(self.ref.provider)
        places = registry.wire(endpoint.wire).media if endpoint is not None else {}
        kinds = frozenset(info.images.media_types) if info.takes("image") else frozenset()
        return kinds.union(*(limits.media_types for kind, limits in places.items() if info.takes(kind)))

    @property
    def parameters(self) -> frozenset[str] | None:
        """Names of the parameters it takes; None where nobody told."""
        return self.info.parameters

    def prompt(self, prompt: Any, **asking: Any) -> LazyResponse:
        """A response for which nothing is sent until it is read; see `LLMClient.complete`."""
        return self.client.prompt(prompt, **asking)

    def conversation(self, **asking: Any) -> Session:
        """A session that remembers."""
        return self.client.conversation(**asking)

    def __repr__(self) -> str:
        return f"<Model {self.ref}>"


def get_model(name: str | None = None, *, environment: Environment | None = None, **settings: Any) -> Model:
    """The model of that name or alias; without a name the default model. Raises UnknownModel."""
    environment = environment or default_environment()
    return Model(names.resolve(environment, name), environment, **settings)


def get_models(provider: str = "", *, environment: Environment | None = None) -> Iterator[Model]:
    """Every model that is known, or a provider's: those of its live list, else the shipped ones."""
    environment = environment or default_environment()
    for endpoint in environment.registry.endpoints():
        if provider in ("", endpoint.id):
            for info in environment.catalogue.models(endpoint.id):
                yield Model(info.ref, environment)
