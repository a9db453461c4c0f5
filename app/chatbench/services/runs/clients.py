"""Whom the cells of a run are asked with: its limits, its budget, its cache."""

from __future__ import annotations

from decimal import Decimal

from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.cache import SqliteCache
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.retries import BATCH_ATTEMPTS, BATCH_LIMITED_S, RetryPolicy
from chatbench.core.endpoints import Limits
from chatbench.core.models import ModelRef
from chatbench.core.runs import Run
from chatbench.providers.http import Timeouts
from chatbench.services.models import ModelService
from chatbench.services.runs.asking import Asker, Files


class Clients:
    """Makes the clients of runs. They share one cache of answers."""

    def __init__(self, environment: Environment, models: ModelService, files: Files) -> None:
        self._environment = environment
        self._models = models
        self._files = files
        self._cache: SqliteCache | None = None

    def asker(self, run: Run) -> Asker:
        """Asks the cells of this run, by its plan."""
        user = run.plan.user
        model = self._models.resolve(user.model) if user is not None and user.model else None
        return Asker(run, self._client(run), self._files, model)

    async def flush_ledger(self) -> None:
        """What has been spent is in the database when it returns."""
        ledger = self._environment.ledger
        if ledger is not None:
            await ledger.flush()

    async def aclose(self) -> None:
        """Closes the cache."""
        if self._cache is not None:
            await self._cache.aclose()

    def _client(self, run: Run) -> LLMClient:
        limits = run.plan.limits
        budget = None
        if limits.budget is not None:
            left = max(Decimal(0), limits.budget - run.cost)
            budget = Budget(limits=(BudgetLimit(scope="run", usd=left),))
        return LLMClient(
            limits=self._limits(run),
            retries=RetryPolicy(max_attempts=limits.tries or BATCH_ATTEMPTS, limited_s=BATCH_LIMITED_S),
            timeouts=Timeouts() if limits.timeout is None else Timeouts(total=limits.timeout),
            budget=budget,
            cache=self._kept_answers() if run.plan.cache else None,
            broken="rerun",
            keep_raw=False,
            environment=self._environment,
        )

    def _kept_answers(self) -> SqliteCache:
        if self._cache is None:
            self._cache = SqliteCache(self._environment.profile.folder / "answers.db")
        return self._cache

    def _limits(self, run: Run) -> Limits | None:
        """The limits of the plan; of what it leaves open, the strictest of the endpoints'."""
        limits = run.plan.limits
        if limits.requests_per_minute is None and limits.tokens_per_minute is None:
            return None
        providers = {ModelRef.parse(column.model).provider for column in run.columns}
        endpoints = [self._environment.endpoint(provider) for provider in sorted(providers)]
        strictest = {
            name: min((v for e in endpoints if (v := getattr(e.limits, name)) is not None), default=None)
            for name in Limits.__struct_fields__
        }
        for name in ("requests_per_minute", "tokens_per_minute"):
            strictest[name] = getattr(limits, name) or strictest[name]
        return Limits(**strictest)
