"""The client: one call made well, ten thousand calls made well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal, overload

import msgspec

from chatbench.client import names, settled
from chatbench.client.asking import Asked, Prompt, parameters_of, request_of
from chatbench.client.budget import Budget, BudgetNotice, Budgets
from chatbench.client.cache import Cached, CacheMode, ResponseCache
from chatbench.client.call import AnswerStream
from chatbench.client.calling import Broken, Calling
from chatbench.client.defaults import default_environment
from chatbench.client.environment import Environment
from chatbench.client.history import Recorder
from chatbench.client.hooks import Hooks
from chatbench.client.lazy import LazyResponse
from chatbench.client.many import Many, Outlet, PromptItem, Run, cancelled
from chatbench.client.progress import Progress, ProgressFace, face_of
from chatbench.client.retries import BATCH_ATTEMPTS, BATCH_LIMITED_S, RetryPolicy
from chatbench.client.routing import Route, Router, Weights, differing
from chatbench.client.session import Session
from chatbench.client.sinks import Sink, sink_at
from chatbench.client.stored import Stored
from chatbench.client.sync import background, synced, synced_iterator
from chatbench.client.tasks import Tasks
from chatbench.client.tokens import TokenCount, count_tokens
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.messages import Message
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.http import Timeouts, check_headers

Hooked = Callable[..., Any] | Sequence[Callable[..., Any]]
"""One function, or several; see `hooks`."""
AT_ONCE = 500
"""So many calls of one run are taken up at once; the limits of each provider hold besides."""


class LLMClient(Tasks, Stored):
    """Makes calls to one model, or to several by weight, with others to fall back on.

    Every asynchronous method has a twin ending in `_sync`. Names of models are `provider/model-id`,
    an alias, or an id that only one provider has; None is the default model. Sampling parameters
    may be given by name to the client, or to a call, which then wins.
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
        """`weights` are uniform, one number a model, or dynamic: by measured success, latency and
        what is left of the rate limits. `base_url` is where the models' one provider is asked in
        place of its own address; keys that are kept for that do not go there. `broken` says what
        becomes of an answer that breaks off after its first words: single calls keep it, runs of
        many ask again. `keep_raw` keeps what went over the wire with each response: None does so
        for single calls. `history` writes conversations to the profile.

        Raises UnknownModel, UnknownParameter, InvalidHeader and ConfigurationError.
        """
        self.name = name
        self.environment = environment or default_environment()
        self.models = _listed(models)
        self.fallbacks = tuple(fallbacks)
        self.weights = weights
        self.model_hint = model_hint
        self.system = system
        self.parameters = _per_model(parameters, sampling, len(self.models))
        self.retries = retries
        self.timeouts = timeouts
        self.limits = limits
        self.at_once = at_once
        self.cache = cache
        self.budget = None if budget is None else Budget.of(budget)
        self.extra_headers = dict(extra_headers or {})
        self.extra_query = dict(extra_query or {})
        self.api_version = api_version
        self.base_url = base_url
        self.broken = broken
        self.keep_raw = keep_raw
        self.history = history
        self.progress = progress
        check_headers(self.extra_headers)
        self._key = _secret(key)
        self._cached = Cached(cache) if cache is not None else None
        self._budgets = self._counted(on_budget)
        hooks = Hooks(before, after, on_error, postprocess=postprocess, on_done=on_done)
        self._hooks = hooks or None
        self._ledger = self.environment.ledger if count_spending else None
        self._router: Router | None = None
        if self.models:
            self._router = self._routed()
        self._endpoint = self._moved() if base_url else None
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
        return AnswerStream(self.environment, request, calling, self._router_of(request))

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
        stream = AnswerStream(self.environment, request, calling, self._router_of(request))
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

    # Many calls

    @overload
    async def process_prompts(
        self, prompts: Many[Any], *, return_completions_only: Literal[False] = ..., **options: Any
    ) -> list[Response]: ...

    @overload
    async def process_prompts(
        self, prompts: Many[Any], *, return_completions_only: Literal[True], **options: Any
    ) -> list[str | None]: ...

    async def process_prompts(
        self, prompts: Many[Any], *, return_completions_only: bool = False, **options: Any
    ) -> list[Response] | list[str | None]:
        """Answers to all prompts, in their order: texts, messages, conversations, requests, or
        `PromptItem`s with settings of their own; from any iterable, also an asynchronous one.

        A prompt's failure never raises: its response carries `error` (and its completion is None).
        `options` are those of `run`. For more prompts than fit in memory use `run` with a sink.
        """
        answers: dict[int, Response] = {}
        await self._run(prompts, answers.__setitem__, options)
        ordered = [answers[index] for index in sorted(answers)]
        if return_completions_only:
            return [None if response.is_error else response.text for response in ordered]
        return ordered

    @overload
    def process_prompts_sync(
        self, prompts: Many[Any], *, return_completions_only: Literal[False] = ..., **options: Any
    ) -> list[Response]: ...

    @overload
    def process_prompts_sync(
        self, prompts: Many[Any], *, return_completions_only: Literal[True], **options: Any
    ) -> list[str | None]: ...

    def process_prompts_sync(
        self, prompts: Many[Any], *, return_completions_only: bool = False, **options: Any
    ) -> list[Response] | list[str | None]:
        """`process_prompts`, waited for on the calling thread."""
        if return_completions_only:
            return background.run(self.process_prompts(prompts, return_completions_only=True, **options))
        answers: list[Response] = background.run(self.process_prompts(prompts, **options))
        return answers

    async def run(self, prompts: Many[Any], sink: Sink | Path | str, **options: Any) -> Progress:
        """Answers all prompts and writes each result to `sink` (a file's name: JSON lines, or
        SQLite for .db) as it arrives; keeps none. A file that holds results of the same run is
        gone on with: what is answered there is not asked again.

        `options`: `progress`, `total`, `at_once`, `stop` (an asyncio.Event: once it is set nothing
        more is sent, and what is under way is waited for), and all that `complete` takes in
        `asking`. Raises StorageError and FormatError of the sink.
        """
        place = sink_at(sink) if isinstance(sink, str | Path) else sink
        return await self._run(prompts, lambda index, response: None, {**options, "sink": place})

    run_sync = synced(run)

    async def as_completed(
        self, prompts: Many[Any] | None = None, **options: Any
    ) -> AsyncIterator[tuple[int, Response]]:
        """Place and response of each prompt as soon as it is there; without `prompts`, id and
        response of each task that was started and not waited for."""
        if prompts is None:
            async for pair in self._tasks_as_completed():
                yield pair
            return
        outlet: Outlet[tuple[int, Response]] = Outlet(self.at_once)
        running = asyncio.ensure_future(
            self._run(prompts, lambda index, response: outlet.put((index, response)), options)
        )
        running.add_done_callback(lambda _: outlet.end())
        try:
            async for pair in outlet:
                yield pair
            await running
        finally:
            await cancelled(running)

    as_completed_sync = synced_iterator(as_completed)

    async def _run(
        self,
        prompts: Many[Any],
        deliver: Callable[[int, Response], Awaitable[None] | None],
        options: dict[str, Any],
    ) -> Progress:
        options = dict(options)
        progress: ProgressFace = options.pop("progress", self.progress)
        if options.pop("show_progress", True) is False:
            progress = "none"
        sink, total = options.pop("sink", None), options.pop("total", None)
        stop = options.pop("stop", None)
        at_once = options.pop("at_once", self.at_once)
        settings = {name: options.pop(name) for name in _OF_THE_CALL if name in options}
        asked = self._asked(options, stream=options.pop("stream", False))
        calling = self._calling(many=True, schema=asked.schema, given=asked.parameters, **settings)
        named = options["model"] is not None
        environment = self.environment

        def prepare(prompt: Any) -> Request:
            if isinstance(prompt, PromptItem):
                own = asked
                if prompt.system is not None:
                    own = msgspec.structs.replace(own, system=prompt.system)
                if prompt.parameters is not None:
                    own = msgspec.structs.replace(own, parameters=own.parameters.merged(prompt.parameters))
                return self._request(prompt.prompt, own, options)
            return self._request(prompt, asked, options)

        def begin(request: Request) -> AnswerStream:
            return AnswerStream(environment, request, calling, self._router_of(request))

        def refused(prompt: Any, error: ChatbenchError) -> Response:
            return Response(model=self._first(), error=error.report(), attempts=0)

        run = Run(
            prepare, begin, refused, at_once=at_once, face=face_of(progress), total=total, sink=sink,
            stop=stop,
            fingerprint=lambda request: request.fingerprint if named else self._run_fingerprint(request),
        )  # fmt: skip
        return await run.over(prompts, deliver)

    def _run_fingerprint(self, request: Request) -> str:
        """One for all the models a prompt may go to, whatever parameters each has of its own."""
        router = self._router_of(request)
        if router is None or len(router.routes) == 1:
            return request.fingerprint
        names = ",".join(str(route.model) for route in router.routes)
        first = router.routes[0].parameters
        own = differing(request.parameters, router.own(request.model))
        return msgspec.structs.replace(
            request, model=ModelRef("any of", names), parameters=first.merged(own)
        ).fingerprint

    def _router_of(self, request: Request) -> Router | None:
        """A model that is none of the client's was named for the call: no other stands in for it."""
        router = self._router
        return router if router is not None and request.model in router.records else None

    # What there is

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
        self._key = _secret(key)

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

    # Inside

    def _first(self) -> ModelRef:
        return self._router.routes[0].model if self._router else self.resolve(None)

    def _moved(self) -> Endpoint:
        """The provider of the models at `base_url`."""
        providers = {model.provider for model in self._all()}
        if len(providers) > 1:
            raise ConfigurationError(
                f"base_url is the address of one provider; these are {', '.join(sorted(providers))}.",
                "Make a client for each, or register the address as a provider.",
            )
        return self.environment.keys.at(self.environment.endpoint(providers.pop()), self.base_url)

    def _place(self, provider: str) -> tuple[Endpoint, Secret | None]:
        """Where a provider ("": the first model's) is asked, and the key of the client's that is
        meant for it."""
        models = self._all()
        provider = provider or models[0].provider
        if self._endpoint is not None and provider == self._endpoint.id:
            return self._endpoint, self._key
        meant = provider == models[0].provider
        return self.environment.endpoint(provider), self._key if meant else None

    def _all(self) -> list[ModelRef]:
        """Every model that calls may go to; the default model where none was named."""
        if self._router is None:
            return [self.resolve(None)]
        return [route.model for route in (*self._router.routes, *self._router.fallbacks)]

    def _routed(self) -> Router:
        routes = [
            Route(self.resolve(name), parameters)
            for name, parameters in zip(self.models, self.parameters, strict=True)
        ]
        shared = self.parameters[0] if self.parameters else Parameters()
        fallbacks = [Route(self.resolve(name), shared) for name in self.fallbacks]
        return Router(routes, self.weights, fallbacks)

    def _counted(self, on_soft: Callable[[BudgetNotice], object] | None) -> Budgets | None:
        if self.budget is None:
            return None
        ledger = self.environment.ledger
        spent = ledger.spent_by_model if ledger is not None else None
        return Budgets(self.budget, self.environment.pricing, spent_since=spent, on_soft=on_soft)

    def _asked(self, asking: dict[str, Any], *, stream: bool) -> Asked:
        """Takes out of `asking` what is not the name of a parameter or of a model."""
        own = {name: asking.pop(name) for name in _OF_THE_PROMPT if name in asking}
        own = {name: value for name, value in own.items() if value is not None}
        model = asking.pop("model", None)
        base = asking.pop("parameters", None)
        named = dict(asking)
        asking.clear()
        asking["model"] = model
        for name in ("fragments", "system_fragments", "attachments"):
            if isinstance(own.get(name), str | bytes | Path):
                own[name] = (own[name],)
        said = frozenset(own)
        headers = {**self.extra_headers, **own.pop("extra_headers", {})}
        check_headers(headers)
        return Asked(
            parameters=parameters_of(base, named),
            extra_headers=headers,
            extra_query={**self.extra_query, **own.pop("extra_query", {})},
            system=own.pop("system", None) or self.system,
            api_version=own.pop("api_version", "") or self.api_version,
            stream=own.pop("stream", stream),
            named=said,
            **own,
        )

    def _request(self, prompt: Any, asked: Asked, asking: Mapping[str, Any]) -> Request:
        request = self._request_to(prompt, asked, asking)
        if self._endpoint is not None and request.model.provider != self._endpoint.id:
            raise ConfigurationError(
                f"This client asks {self._endpoint.base_url} alone, as {self._endpoint.id}; "
                f"{request.model} is of another provider.",
                "Make another client for it.",
            )
        return request

    def _request_to(self, prompt: Any, asked: Asked, asking: Mapping[str, Any]) -> Request:
        named = asking.get("model")
        if named is None and isinstance(prompt, Request):
            return request_of(prompt, asked, Route(prompt.model))
        if named is not None:
            shared = self.parameters[0] if self.parameters else Parameters()
            return request_of(prompt, asked, Route(self.resolve(named), shared))
        if self._router is None:
            self._router = Router([Route(self.resolve(None), self.parameters[0])])
        route = self._router.pick()
        assert route is not None, "a router has a model"
        return request_of(prompt, asked, route)

    def _calling(
        self,
        *,
        many: bool,
        endpoint: Endpoint | None = None,
        retries: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        cache_mode: CacheMode = "use",
        key: str | Secret | None = None,
        broken: Broken | None = None,
        conversation: str = "",
        schema: Any = None,
        repair: bool = False,
        given: Parameters = Parameters(),
    ) -> Calling:
        policy = retries or self.retries
        if policy is None:
            policy = (
                RetryPolicy(max_attempts=BATCH_ATTEMPTS, limited_s=BATCH_LIMITED_S) if many else RetryPolicy()
            )
        return Calling(
            retries=policy,
            timeouts=timeouts or self.timeouts,
            limits=self.limits,
            cached=self._cached,
            cache_mode=cache_mode,
            budgets=self._budgets,
            conversation=conversation,
            hooks=self._hooks,
            run="" if not many else new_id(),
            ledger=self._ledger,
            broken=broken or self.broken or ("rerun" if many else "keep"),
            keep_raw=(not many) if self.keep_raw is None else self.keep_raw,
            given=given,
            schema=schema,
            repair=repair,
            endpoint=endpoint or self._endpoint,
            key=_secret(key) or self._key,
            key_provider="" if key or self._router is None else self._first().provider,
        )


_OF_THE_PROMPT = frozenset(Asked.__struct_fields__) - {"parameters", "named"}
_OF_THE_CALL = frozenset(
    {"endpoint", "retries", "timeouts", "cache_mode", "key", "broken", "conversation", "repair"}
)


def _secret(key: str | Secret | None) -> Secret | None:
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
