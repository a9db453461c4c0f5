"""The client: its settings, and one call at a time. `Runs`, `Tasks` and `Stored` are the rest of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from chatbench.client import settled
from chatbench.client.asking import Prompt
from chatbench.client.batchjobs import BatchJobs
from chatbench.client.budget import BudgetNotice
from chatbench.client.cache import CacheMode, ResponseCache
from chatbench.client.call import AnswerStream
from chatbench.client.calling import Broken
from chatbench.client.defaults import default_environment
from chatbench.client.environment import Environment
from chatbench.client.files import Filing
from chatbench.client.history import Recorder
from chatbench.client.hooks import Hooks
from chatbench.client.lazy import LazyResponse
from chatbench.client.progress import ProgressFace
from chatbench.client.retries import RetryPolicy
from chatbench.client.routing import Weights
from chatbench.client.runs import Runs
from chatbench.client.session import Session
from chatbench.client.stored import Stored
from chatbench.client.sync import background, synced, synced_iterator
from chatbench.client.tokens import TokenCount, count_tokens
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.messages import Message
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Response
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.http import Timeouts

Hooked = Callable[..., Any] | Sequence[Callable[..., Any]]
"""One function, or several; see `hooks`."""
AT_ONCE = 500
"""So many calls of one run are taken up at once; the limits of each provider hold besides."""


class LLMClient(Runs, Stored, Filing, BatchJobs):
    """Makes calls to one model, or to several by weight, with others to fall back on.

    Every asynchronous method has a twin ending in `_sync`. Names of models are `provider/model-id`,
    an alias, or an id that only one provider has; None is the default model. Sampling parameters
    may be given by name to the client, or to a call, which then wins.

    `weights` are uniform, one number a model, or dynamic: by measured success, latency and what is
    left of the rate limits. `base_url` is where the models' one provider is asked in place of its
    own address; keys that are kept for that do not go there. `broken` says what becomes of an
    answer that breaks off after its first words: single calls keep it, runs of many ask again.
    `keep_raw` keeps what went over the wire with each response: None does so for single calls.
    `history` writes conversations to the profile.
    """

    def __init__(
        self,
        models: str | ModelRef | Sequence[str | ModelRef] | None = None,
        *,
        name: str = "",
        weights: Weights = "uniform",
        fallbacks: Sequence[str | ModelRef] = (),
        model_hint: str = "",
        system: str = "",
        parameters: Parameters | Mapping[str, Any] | Sequence[Parameters | Mapping[str, Any]] | None = None,
        retries: RetryPolicy | None = None,
        timeouts: Timeouts = Timeouts(),
        limits: Limits | None = None,
        at_once: int = AT_ONCE,
        cache: ResponseCache | None = None,
        budget: Any = None,
        on_budget: Callable[[BudgetNotice], object] | None = None,
        before: Hooked = (),
        after: Hooked = (),
        on_error: Hooked = (),
        postprocess: Hooked = (),
        on_done: Hooked = (),
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, str] | None = None,
        api_version: str = "",
        base_url: str = "",
        key: str | Secret | None = None,
        broken: Broken | None = None,
        keep_raw: bool | None = None,
        history: bool = False,
        progress: ProgressFace = "none",
        count_spending: bool = True,
        environment: Environment | None = None,
        **sampling: Any,
    ) -> None:
        """Raises UnknownModel, UnknownParameter, InvalidHeader and ConfigurationError."""
        self.name = name
        self.history = history
        self.progress = progress
        self.at_once = at_once
        self.environment = environment or default_environment()
        self._ledger = self.environment.ledger if count_spending else None
        self._choose(models, fallbacks, weights, model_hint, parameters, sampling)
        self._locate(base_url, key)
        self._phrase(system, extra_headers, extra_query, api_version)
        self._hold(retries, timeouts, limits, broken, keep_raw)
        hooks = Hooks(before, after, on_error, postprocess=postprocess, on_done=on_done)
        self._guard(cache, budget, on_budget, hooks)
        self._begin_tasks()

    # One call

    def stream(
        self,
        prompt: Prompt,
        *,
        endpoint: Endpoint | None = None,
        retries: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        cache_mode: CacheMode = "use",
        key: str | Secret | None = None,
        broken: Broken | None = None,
        repair: bool = False,
        conversation: str = "",
        before: Sequence[Message] = (),
        **asking: Any,
    ) -> AnswerStream:
        """A call that is made when it is iterated: `async for event in client.stream(…)`, or
        `.texts()` for the words alone. `before` is what was said before. `asking`: see `complete`.
        Raises what is wrong with the prompt at once."""
        asked = self._asked(asking, stream=True)
        request = self._request(prompt, asked, asking)
        if before:
            request = msgspec.structs.replace(request, messages=(*before, *request.messages))
        calling = self._calling(
            many=False, endpoint=endpoint, retries=retries, timeouts=timeouts, cache_mode=cache_mode,
            key=key, broken=broken, conversation=conversation, schema=asked.schema, repair=repair,
            given=asked.parameters,
        )  # fmt: skip
        return self._begun(request, calling)

    async def complete(
        self,
        prompt: Prompt,
        *,
        endpoint: Endpoint | None = None,
        retries: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        cache_mode: CacheMode = "use",
        key: str | Secret | None = None,
        repair: bool = False,
        conversation: str = "",
        **asking: Any,
    ) -> Response:
        """The finished answer.

        `asking` may hold `model`, `system`, `fragments`, `system_fragments`, `attachments`,
        `schema` (see `schemas.schema_of`), `tools`, `tool_choice`, `parallel_tool_calls`,
        `extra_headers`, `extra_query`, `api_version`, `stream`, `parameters`, and parameters by
        name. With a schema the answer is validated and stands in `parsed`; `repair` asks once more
        where it does not fit.

        Raises `ProviderError`s, whatever finding the key raises, SchemaMismatch, BudgetExceeded,
        HookRejected, and what is wrong with the prompt.
        """
        asked = self._asked(asking, stream=False)
        request = self._request(prompt, asked, asking)
        calling = self._calling(
            many=False, endpoint=endpoint, retries=retries, timeouts=timeouts, cache_mode=cache_mode,
            key=key, conversation=conversation, schema=asked.schema, repair=repair,
            given=asked.parameters,
        )  # fmt: skip
        stream = self._begun(request, calling)
        response = await self._tracked(stream.complete(), request.model)
        if self.history and conversation == "":
            recorder = Recorder(self.environment, counted=self._ledger is not None)
            await recorder.record(stream.asked, stream.asked.messages, response)
        return response

    complete_sync = synced(complete)

    def stream_sync(self, prompt: Prompt, **asking: Any) -> Iterator[StreamEvent]:
        """The events of `stream`, one at a time."""
        return background.iterate(aiter(self.stream(prompt, **asking)))

    async def stream_text(self, prompt: Prompt, **asking: Any) -> AsyncGenerator[str, None]:
        """Only the words of the answer, as they come."""
        async with aclosing(self.stream(prompt, **asking).texts()) as texts:
            async for text in texts:
                yield text

    stream_text_sync = synced_iterator(stream_text)

    def prompt(self, prompt: Prompt, **asking: Any) -> LazyResponse:
        """A response for which nothing is sent until it is read."""
        return LazyResponse(lambda: self.stream(prompt, **asking))

    def conversation(self, **asking: Any) -> Session:
        """A session that remembers: each prompt goes with what was said before."""
        counted = self._ledger is not None
        recorder = Recorder(self.environment, counted=counted) if self.history else None
        return Session(self.stream, asking, recorder)

    # What there is

    async def list_models(self, provider: str = "") -> list[ModelInfo]:
        """The live list of a provider (of the first model's, where none is named). Raises
        ProviderError and whatever finding the key raises."""
        endpoint, key = self._place(provider)
        if endpoint is not self._endpoint:
            return await self.environment.list_models(endpoint.id, key=key)
        wire, key = self.environment.registry.wire(endpoint.wire), await self._key_for(endpoint, key)
        return await wire.list_models(endpoint, key, self.environment.http)

    list_models_sync = synced(list_models)

    async def count_tokens(self, prompt: Prompt, *, exact: bool = False, **asking: Any) -> TokenCount:
        """How many tokens the prompt takes: estimated, or with `exact` as the provider counts it
        (one request). Raises what is wrong with the prompt; with `exact` also `ProviderError`s."""
        request = self._request(prompt, self._asked(asking, stream=False), asking)
        endpoint, key = self._place(request.model.provider)
        return await count_tokens(request, self.environment, exact=exact, endpoint=endpoint, key=key)

    count_tokens_sync = synced(count_tokens)

    # Settings

    def to_dict(self, *, include_key: bool = False) -> dict[str, Any]:
        """The settings as plain values; hooks, caches and environments are not among them, the key
        only where asked for."""
        return settled.to_dict(self, self._key if include_key else None)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any], **more: Any) -> LLMClient:
        """Raises ConfigurationError for a name there is none of, or a value of the wrong kind."""
        return cls(**{**settled.from_dict(told), **more})

    @classmethod
    def from_text(cls, text: str | bytes, **more: Any) -> LLMClient:
        """From JSON or TOML. Raises ConfigurationError."""
        return cls.from_dict(settled.decoded(text), **more)
