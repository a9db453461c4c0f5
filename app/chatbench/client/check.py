"""The connection check: seven steps from a name to a first token, each with what was found."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Endpoint, origin_of
from chatbench.core.errors import (
    Authentication,
    ChatbenchError,
    KeyringLocked,
    MissingKey,
    NoKeyring,
    NotFound,
    PermissionDenied,
    ProviderError,
)
from chatbench.core.messages import user
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.providers.http import Timeouts
from chatbench.providers.proxies import proxy_for

StepName = Literal["DNS", "TCP", "TLS", "HTTP", "Key", "Models", "First streamed token"]
STEPS: tuple[StepName, ...] = (
    "DNS", "TCP", "TLS", "HTTP", "Key", "Models", "First streamed token",
)  # fmt: skip
STEP_TIMEOUT_S = 15.0


class CheckStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step. `found` is a sentence, `raw` the reason as it came, `fix` names what would help:
    "key" (replace it), "address" (change it), "model" (choose one)."""

    name: StepName
    state: Literal["running", "passed", "failed", "not_tried"]
    found: str = ""
    raw: str = ""
    hint: str = ""
    fix: Literal["", "key", "address", "model"] = ""
    seconds: float | None = None


class ConnectionCheck:
    """Checks one endpoint. The last step makes one real call of a few tokens."""

    def __init__(self, environment: Environment, endpoint: Endpoint, model: ModelRef | None = None) -> None:
        self._environment = environment
        self._endpoint = environment.keys.effective(endpoint)
        self._model = model
        self._models: list[ModelInfo] = []
        self._list_error: ProviderError | None = None
        self._place = _Place("", 0, secure=False)
        self._by_proxy = False

    async def run(self) -> AsyncGenerator[CheckStep, None]:
        """Yields each step as it begins ("running") and as it ends; what follows a failed step
        is yielded as not tried, with the reason."""
        acts: tuple[Callable[[], Awaitable[str]], ...] = (
            self._dns, self._tcp, self._tls, self._http, self._key, self._list, self._token,
        )  # fmt: skip
        failed: StepName | None = None
        for name, act in zip(STEPS, acts, strict=True):
            if failed is not None:
                yield CheckStep(name=name, state="not_tried", found=f"not tried, needs {failed}")
                continue
            yield CheckStep(name=name, state="running")
            began = time.monotonic()
            step = await self._try(name, act)
            yield msgspec.structs.replace(step, seconds=time.monotonic() - began)
            if step.state == "failed":
                failed = name

    async def _try(self, name: StepName, act: Callable[[], Awaitable[str]]) -> CheckStep:
        try:
            async with asyncio.timeout(STEP_TIMEOUT_S):
                return CheckStep(name=name, state="passed", found=await act())
        except TimeoutError:
            return CheckStep(
                name=name, state="failed", found=f"no answer in {STEP_TIMEOUT_S:.0f} s",
                fix="address",
            )  # fmt: skip
        except ChatbenchError as error:
            return CheckStep(
                name=name,
                state="failed",
                found=error.message,
                raw=getattr(error, "raw", "")[:4000],
                hint=error.hint,
                fix=_fix(error),
            )
        except OSError as error:
            # asyncio words its own sentence; the system's says what happened.
            found = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            return CheckStep(
                name=name, state="failed", found=found or str(error), raw=str(error), fix="address"
            )

    async def _dns(self) -> str:
        place = _Place.of(self._endpoint.base_url)
        if proxy := proxy_for(self._endpoint.base_url, self._environment.environ):
            place = _Place.of(proxy)
        self._place, self._by_proxy = place, bool(proxy)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        addresses = ", ".join(dict.fromkeys(str(one[4][0]) for one in found))
        return f"{'the proxy ' if self._by_proxy else ''}{place.host} → {addresses}"

    async def _tcp(self) -> str:
        # A name may have addresses of which only one is listened on: localhost often does.
        _, writer = await asyncio.open_connection(
            self._place.host, self._place.port, happy_eyeballs_delay=0.25
        )
        writer.close()
        return f"port {self._place.port} answers"

    async def _tls(self) -> str:
        if self._by_proxy:
            return "made through the proxy, by the next step"
        if not self._place.secure:
            return "not used: the address begins with http://"
        return await self._environment.http.inspect_tls(self._endpoint)

    async def _http(self) -> str:
        return await self._environment.http.probe(self._endpoint)

    async def _key(self) -> str:
        found = await self._environment.keys.find(self._endpoint)
        wire = self._environment.registry.wire(self._endpoint.wire)
        secret = found.secret if found else None
        try:
            self._models = await wire.list_models(self._endpoint, secret, self._environment.http)
        except (Authentication, PermissionDenied):
            raise
        except ProviderError as error:
            # No list of models is not a refused key; the next step tells of it.
            self._list_error = error
        if found is None:
            return "none is needed"
        place = found.variable or {"session": "this session", "keyring": "the keyring"}[found.place]
        return f"from {place}, accepted" if self._list_error is None else f"from {place}"

    async def _list(self) -> str:
        if self._list_error is not None and not self._endpoint.models:
            raise self._list_error
        if self._models:
            self._environment.catalogue.update_live(self._endpoint.id, self._models)
            return _count(len(self._models))
        if self._endpoint.models:
            return f"{_count(len(self._endpoint.models))}, written down by hand"
        raise ProviderError("The server is running, but has no model loaded.", "Load one there.")

    async def _token(self) -> str:
        model = self._model or self._pick()
        request = Request(
            model=model,
            messages=(user("Say: ready"),),
            parameters=Parameters(max_output_tokens=64),
        )
        stream = LLMClient(environment=self._environment, count_spending=False).stream(
            request,
            endpoint=self._endpoint,
            retries=RetryPolicy(max_attempts=1),
            timeouts=Timeouts(connect=STEP_TIMEOUT_S, read=STEP_TIMEOUT_S),
        )
        async with aclosing(stream.events()) as batches:
            async for _ in batches:
                if stream.accumulator.has_visible_text:
                    break
        return f"{model.id} answers"

    def _pick(self) -> ModelRef:
        """A chat model of the server's: the first the catalogue knows, else the first it names."""
        named = self._endpoint.models or tuple(info.ref.id for info in self._models)
        known = [info.ref.id for info in self._environment.catalogue.models(self._endpoint.id)]
        return ModelRef(self._endpoint.id, next((name for name in known if name in named), named[0]))


class _Place(NamedTuple):
    """Where a connection goes."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> _Place:
        """Raises ProviderError for what is not a web address."""
        if not origin_of(url):
            raise ProviderError("The base URL is not a web address.", "Write it as https://host/path.")
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        return cls(parts.hostname or "", parts.port or (443 if secure else 80), secure)


def _fix(error: ChatbenchError) -> Literal["", "key", "address", "model"]:
    if isinstance(error, Authentication | PermissionDenied | MissingKey | KeyringLocked | NoKeyring):
        return "key"
    if isinstance(error, NotFound) and error.param == "model":
        return "model"
    return "address"


def _count(models: int) -> str:
    return "1 model" if models == 1 else f"{models} models"
