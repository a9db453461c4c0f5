"""From what a client is set to and what its caller says: the request, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from chatbench.client.asking import Asked, parameters_of, request_of
from chatbench.client.budget import Budget, BudgetNotice, Budgets
from chatbench.client.cache import Cached, CacheMode, ResponseCache
from chatbench.client.calling import Broken, Calling, chosen
from chatbench.client.hooks import Hooks
from chatbench.client.ledger import Ledger
from chatbench.client.retries import BATCH_ATTEMPTS, BATCH_LIMITED_S, RetryPolicy
from chatbench.client.routing import Route
from chatbench.client.selection import Selection, secret_of
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.providers.http import Timeouts, check_headers

_OF_THE_PROMPT = frozenset(Asked.__struct_fields__) - {"parameters", "named"}
_BROKEN, _CACHE_MODES = get_args(Broken), get_args(CacheMode)
_OF_MANY = RetryPolicy(max_attempts=BATCH_ATTEMPTS, limited_s=BATCH_LIMITED_S)


class Preparation(Selection):
    """What goes with every request of a client, and what every call of it is held to."""

    _ledger: Ledger | None

    def _phrase(
        self,
        system: str,
        extra_headers: Mapping[str, str] | None,
        extra_query: Mapping[str, str] | None,
        api_version: str,
    ) -> None:
        self.system = system
        self.extra_headers = dict(extra_headers or {})
        self.extra_query = dict(extra_query or {})
        self.api_version = api_version
        check_headers(self.extra_headers)

    def _hold(
        self,
        retries: RetryPolicy | None,
        timeouts: Timeouts,
        limits: Limits | None,
        broken: Broken | None,
        keep_raw: bool | None,
    ) -> None:
        self.retries = retries
        self.timeouts = timeouts
        self.limits = limits
        self.broken = broken and chosen("broken", broken, _BROKEN)
        self.keep_raw = keep_raw

    def _guard(
        self,
        cache: ResponseCache | None,
        budget: Any,
        on_budget: Callable[[BudgetNotice], object] | None,
        hooks: Hooks,
    ) -> None:
        self.cache = cache
        self.budget = None if budget is None else Budget.of(budget)
        self._cached = Cached(cache) if cache is not None else None
        self._budgets = self._counted(on_budget)
        self._hooks = hooks or None

    def _counted(self, on_soft: Callable[[BudgetNotice], object] | None) -> Budgets | None:
        if self.budget is None:
            return None
        ledger = self.environment.ledger
        spent = ledger.spent_by_model if ledger is not None else None
        return Budgets(
            self.budget,
            self.environment.pricing,
            spent_since=spent,
            counted=self._ledger is not None,
            on_soft=on_soft,
        )

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
        named = asking.get("model")
        own = named is None and isinstance(prompt, Request)
        request = request_of(prompt, asked, Route(prompt.model) if own else self._route(named))
        if self._endpoint is not None and request.model.provider != self._endpoint.id:
            raise ConfigurationError(
                f"This client asks {self._endpoint.base_url} alone, as {self._endpoint.id}; "
                f"{request.model} is of another provider.",
                "Make another client for it.",
            )
        return request

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
        run: str | None = None,
    ) -> Calling:
        return Calling(
            retries=retries or self.retries or (_OF_MANY if many else RetryPolicy()),
            timeouts=timeouts or self.timeouts,
            limits=self.limits,
            cached=self._cached,
            cache_mode=chosen("cache_mode", cache_mode, _CACHE_MODES),
            budgets=self._budgets,
            conversation=conversation,
            hooks=self._hooks,
            run=(new_id() if many else "") if run is None else run,
            ledger=self._ledger,
            broken=(broken and chosen("broken", broken, _BROKEN))
            or self.broken
            or ("rerun" if many else "keep"),
            keep_raw=(not many) if self.keep_raw is None else self.keep_raw,
            given=given,
            schema=schema,
            repair=repair,
            endpoint=endpoint or self._endpoint,
            key=secret_of(key) or self._key,
            key_provider="" if key or self._router is None else self._first().provider,
        )
