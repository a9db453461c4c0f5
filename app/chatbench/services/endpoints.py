"""Providers as a person manages them: listed, added, changed, checked, found on this computer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from chatbench.client.check import STEPS, CheckStep, ConnectionCheck
from chatbench.client.environment import Environment
from chatbench.client.keys import KeyState
from chatbench.core.changes import Changes
from chatbench.core.endpoints import ENDPOINT_ID, Endpoint
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.secrets import Secret
from chatbench.storage.keyring import KeyringState

__all__ = [
    "STEPS", "CheckStep", "EndpointRow", "EndpointService", "KeyState", "KeyringState", "LocalServer",
]  # fmt: skip


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """A provider in the list: what it is and what is known of its key and models."""

    endpoint: Endpoint
    key: KeyState
    models: int

    @property
    def in_use(self) -> bool:
        """It could be used now: its key is there, or it needs none and has models."""
        ready = self.key.state in ("ready", "other_origin")
        return ready or (self.key.state == "not_needed" and self.models > 0)


class LocalServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server found (or not) at its usual address on this computer."""

    endpoint: Endpoint
    answers: bool
    models: tuple[ModelInfo, ...] = ()


LOCAL_LOOK_S = 1.5


class EndpointService:
    """Adds, changes, checks and finds endpoints; sets and forgets their keys."""

    def __init__(self, environment: Environment, changes: Signal[Changes]) -> None:
        self._environment = environment
        self._changes = changes

    def rows(self) -> tuple[EndpointRow, ...]:
        """Every known endpoint but the guide, by name."""
        environment = self._environment
        rows = map(self._row, (e for e in environment.registry.endpoints() if e.id != GUIDE.provider))
        return tuple(sorted(rows, key=lambda row: row.endpoint.name.casefold()))

    def row(self, endpoint_id: str) -> EndpointRow:
        """Raises UnknownModel, with similar names, for an unknown id."""
        return self._row(self._environment.endpoint(endpoint_id))

    def _row(self, endpoint: Endpoint) -> EndpointRow:
        environment = self._environment
        return EndpointRow(
            endpoint=environment.keys.effective(endpoint),
            key=environment.keys.state(endpoint),
            models=len(environment.catalogue.models(endpoint.id)),
        )

    @property
    def problems(self) -> tuple[ConfigurationError, ...]:
        """What is wrong with the user's own endpoint files."""
        return tuple(self._environment.registry.problems)

    @property
    def folder(self) -> Path:
        """Where the user's own endpoint files are."""
        return self._environment.profile.providers

    def shipped(self, endpoint_id: str) -> bool:
        """Whether an endpoint of this id comes with Chatbench (the user's file may override it)."""
        return self._environment.registry.shipped(endpoint_id) is not None

    def reload(self) -> None:
        """Reads the user's files again, after somebody else wrote them; announced if they say
        something else now."""
        registry = self._environment.registry
        before = registry.endpoints(), [problem.message for problem in registry.problems]
        registry.reload()
        if before != (registry.endpoints(), [problem.message for problem in registry.problems]):
            self._changes.emit(Changes(providers=True, models=True))

    @property
    def wires(self) -> tuple[str, ...]:
        return self._environment.registry.wire_ids

    def save(self, endpoint: Endpoint, *, initiator: object | None = None) -> None:
        """Writes the endpoint's file. Raises ConfigurationError (id, URL, wire, header)."""
        self.validate(endpoint)
        self._environment.registry.save(msgspec.structs.replace(endpoint, shipped=False))
        self._changes.emit(Changes(providers=True, models=True, initiator=initiator))

    def validate(self, endpoint: Endpoint) -> None:
        """Raises ConfigurationError or InvalidHeader with what to correct."""
        if not ENDPOINT_ID.match(endpoint.id):
            raise ConfigurationError(
                f"{endpoint.id!r} is not an id.",
                "Use lower-case letters, digits, - and _, beginning with a letter or digit.",
            )
        if endpoint.wire not in self.wires:
            raise ConfigurationError(
                f"There is no wire called {endpoint.wire!r}.", f"Use one of {', '.join(self.wires)}."
            )
        if not endpoint.origin or not endpoint.base_url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"{endpoint.base_url!r} is not a web address.", "Write it as https://host/path."
            )
        if "@" in urlsplit(endpoint.base_url).netloc:
            raise ConfigurationError(
                "The address holds a user name or password.",
                "Leave them out of the address: set a key, or an extra header.",
            )
        self._environment.registry.check_headers(endpoint)

    def new_id(self, name: str) -> str:
        """An id made of a name, not taken yet."""
        words = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower())
        base = "-".join(filter(None, words.split("-"))) or "provider"
        taken = {endpoint.id for endpoint in self._environment.registry.endpoints()}
        candidates = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
        return next(candidate for candidate in candidates if candidate not in taken)

    def remove(self, endpoint_id: str, *, initiator: object | None = None) -> Endpoint:
        """Removes the user's file (a shipped endpoint returns to what it was) and returns what
        it held, for undoing. Raises ConfigurationError where there is no such file."""
        removed = self._environment.registry.remove(endpoint_id)
        self._changes.emit(Changes(providers=True, models=True, initiator=initiator))
        return removed

    async def set_key(self, endpoint_id: str, secret: Secret, *, session: bool = False) -> None:
        """Raises KeyringLocked, NoKeyring; ConfigurationError for an empty key."""
        text = secret.reveal().strip()
        if not text:
            raise ConfigurationError("The key is empty.", "Paste the key as the provider shows it.")
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ConfigurationError(
                "This is not a key: it has spaces or unusual characters.",
                "Paste the key alone, without quotes.",
            )
        await self._environment.keys.set(
            self._environment.endpoint(endpoint_id), Secret(text), session=session
        )
        self._changes.emit(Changes(keys=True, providers=True, models=True))

    async def confirm_key(self, endpoint_id: str) -> None:
        """Binds the stored key to the endpoint's present address."""
        await self._environment.keys.confirm(self._environment.endpoint(endpoint_id))
        self._changes.emit(Changes(keys=True, providers=True, models=True))

    async def forget_key(self, endpoint_id: str) -> bool:
        """False where none was stored. Raises KeyringLocked."""
        gone = await self._environment.keys.remove(endpoint_id)
        self._changes.emit(Changes(keys=True, providers=True, models=True))
        return gone

    async def masked_key(self, endpoint_id: str) -> str:
        """At most the last four characters, for showing. Raises MissingKey, KeyringLocked."""
        endpoint = self._environment.keys.effective(self._environment.endpoint(endpoint_id))
        found = await self._environment.keys.find(endpoint)
        return found.secret.masked() if found else ""

    async def keyring_state(self) -> KeyringState:
        """Whether the system has a keyring that keeps secrets, and whether it is open."""
        return await self._environment.keys.keyring_state()

    async def check(
        self, endpoint: Endpoint, model: ModelRef | None = None
    ) -> AsyncGenerator[CheckStep, None]:
        """Runs the connection check; see `ConnectionCheck.run`."""
        async with aclosing(ConnectionCheck(self._environment, endpoint, model).run()) as steps:
            async for step in steps:
                yield step
        self._changes.emit(Changes(models=True))

    async def look_for_local_servers(self) -> tuple[LocalServer, ...]:
        """Asks the usual addresses of this computer, all at once, for at most 1.5 s each. Whatever
        answers there, it never raises."""
        await asyncio.to_thread(self._environment.http.load)
        local = [e for e in self._environment.registry.endpoints() if e.local and e.wire != "guide"]
        servers = await asyncio.gather(*(self._look(endpoint) for endpoint in local))
        if any(server.models for server in servers):
            self._changes.emit(Changes(models=True, providers=True))
        return tuple(servers)

    async def _look(self, endpoint: Endpoint) -> LocalServer:
        environment = self._environment
        endpoint = environment.keys.effective(endpoint)
        wire = environment.registry.wire(endpoint.wire)
        try:
            async with asyncio.timeout(LOCAL_LOOK_S):
                models = await wire.list_models(endpoint, None, environment.http)
        except (ChatbenchError, TimeoutError):
            return LocalServer(endpoint=endpoint, answers=False)
        environment.catalogue.update_live(endpoint.id, models)
        return LocalServer(endpoint=endpoint, answers=True, models=tuple(models))
