"""Answers that a provider keeps: those it was asked for in the background (OpenAI Responses)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol, TypedDict, Unpack, runtime_checkable

from chatbench.client.environment import Environment
from chatbench.client.sync import synced
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import EndpointNotSupported
from chatbench.core.ids import new_id
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret
from chatbench.core.streams import Accumulator, StreamEvent
from chatbench.providers.http import HttpClient
from chatbench.providers.wire import Call


@runtime_checkable
class Storing(Protocol):
    """A wire whose providers keep answers."""

    async def retrieve(self, call: Call, response_id: str, http: HttpClient) -> list[StreamEvent]: ...

    async def cancel(self, call: Call, response_id: str, http: HttpClient) -> list[StreamEvent]: ...

    async def delete(self, call: Call, response_id: str, http: HttpClient) -> None: ...


class Along(TypedDict, total=False):
    """What the answer was asked with, beside the client's own: it goes along once more."""

    extra_headers: Mapping[str, str]
    extra_query: Mapping[str, str]
    api_version: str


class Stored(ABC):
    """Retrieving, cancelling and deleting answers by the provider's id (`Response.response_id`).

    The client's extra headers, extra query and API version go along, as they did when the answer
    was asked for; those that were said for that one call are said again.
    """

    environment: Environment
    extra_headers: dict[str, str]
    extra_query: dict[str, str]
    api_version: str

    @abstractmethod
    def _first(self) -> ModelRef: ...

    @abstractmethod
    def _place(self, provider: str) -> tuple[Endpoint, Secret | None]: ...

    async def _key_for(self, endpoint: Endpoint, key: Secret | None) -> Secret | None:
        """`key`, or the one the environment finds."""
        if key is not None:
            return key
        found = await self.environment.keys.find(endpoint)
        return found.secret if found else None

    async def retrieve_response(
        self, response_id: str, *, provider: str = "", **along: Unpack[Along]
    ) -> Response:
        """The answer as far as it came: without a `stop_reason` it is still being made.

        `provider` is the first model's where none is named. Raises NotFound, other
        `ProviderError`s, and EndpointNotSupported where the provider keeps none.
        """
        wire, call = await self._storing(provider, **along)
        events = await wire.retrieve(call, response_id, self.environment.http)
        return self._read(events, call.endpoint, response_id)

    retrieve_response_sync = synced(retrieve_response)

    async def cancel_response(
        self, response_id: str, *, provider: str = "", **along: Unpack[Along]
    ) -> Response:
        """Stops an answer that is made in the background; what there is of it. Raises as
        `retrieve_response`."""
        wire, call = await self._storing(provider, **along)
        events = await wire.cancel(call, response_id, self.environment.http)
        return self._read(events, call.endpoint, response_id)

    cancel_response_sync = synced(cancel_response)

    async def delete_response(self, response_id: str, *, provider: str = "", **along: Unpack[Along]) -> None:
        """Makes the provider forget an answer. Raises as `retrieve_response`."""
        wire, call = await self._storing(provider, **along)
        await wire.delete(call, response_id, self.environment.http)

    delete_response_sync = synced(delete_response)

    async def _storing(
        self,
        provider: str,
        *,
        extra_headers: Mapping[str, str] = {},
        extra_query: Mapping[str, str] = {},
        api_version: str = "",
    ) -> tuple[Storing, Call]:
        """The wire, and a call that says who is asked and what goes along, and asks nothing."""
        environment = self.environment
        endpoint, key = self._place(provider)
        endpoint = environment.keys.effective(endpoint)
        wire = environment.registry.wire(endpoint.wire)
        if not isinstance(wire, Storing):
            raise EndpointNotSupported(
                f"{endpoint.name} keeps no answers.",
                "Ask a provider of OpenAI's Responses.",
                provider=endpoint.id,
            )
        ref = ModelRef(endpoint.id, "-")
        request = Request(
            model=ref,
            messages=(),
            extra_headers={**self.extra_headers, **extra_headers},
            extra_query={**self.extra_query, **extra_query},
            api_version=api_version or self.api_version,
        )
        key = await self._key_for(endpoint, key)
        return wire, Call(endpoint=endpoint, info=ModelInfo(ref=ref), request=request, key=key)

    def _read(self, events: list[StreamEvent], endpoint: Endpoint, response_id: str) -> Response:
        accumulator = Accumulator()
        accumulator.extend(events)
        stop = accumulator.stop
        answered = stop.model_answered if stop else ""
        return Response(
            model=ModelRef(endpoint.id, answered or self._first().id),
            id=new_id(),
            parts=accumulator.parts(),
            usage=accumulator.usage,
            stop_reason=stop.reason if stop else None,
            stop_detail=stop.detail if stop else "",
            response_id=response_id,
            model_answered=answered,
            created=stop.created if stop else None,
            stored_by_provider=True,
        )
