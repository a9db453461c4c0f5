"""Where a key comes from, in which order, and to which address it may go.

Order: the key of this session, the key stored in the system's keyring, the environment. A stored
or session key is bound to the origin it was given for. A key from the environment belongs to the
address from the same environment, else to the vendor's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from chatbench.core.endpoints import Endpoint, origin_of
from chatbench.core.errors import ConfigurationError, MissingKey
from chatbench.core.secrets import Secret
from chatbench.providers.registry import Registry
from chatbench.storage.keyring import KeyringState, KeyStore

KeyPlace = Literal["session", "keyring", "environment"]


class FoundKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that may be sent to `origin`. `variable` names the environment variable it is from."""

    secret: Secret
    place: KeyPlace
    origin: str
    variable: str = ""
    saved_at: int | None = None


class KeyState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key without reading the keyring.

    "other_origin": there is one, but it was given for another address and must be confirmed.
    """

    state: Literal["not_needed", "ready", "missing", "other_origin"]
    place: KeyPlace | None = None
    variable: str = ""
    origin: str = ""
    saved_at: int | None = None


class Keys:
    """The one way to a key. Reads of the keyring happen off the calling thread and are kept in
    memory afterwards."""

    def __init__(self, store: KeyStore, registry: Registry, environ: Mapping[str, str]) -> None:
        self._store = store
        self._registry = registry
        self._environ = environ
        self._read: dict[str, FoundKey] = {}
        self.version = 0
        """Grows with every change that is made here."""

    def effective(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with its address from the environment, where the user has set none of
        their own. A local one that is elsewhere by its address is no longer called local."""
        if endpoint.shipped:
            for name in endpoint.base_url_env:
                if url := self._environ.get(name, "").strip():
                    return _moved(endpoint, url)
        return endpoint

    def at(self, endpoint: Endpoint, url: str) -> Endpoint:
        """The endpoint at an address a caller gave. A key or a header that belongs to the address
        it has does not go there. Raises ConfigurationError for what is no address."""
        moved = msgspec.structs.replace(_moved(endpoint, url.strip()), base_url_env=(), shipped=False)
        if not moved.origin:
            raise ConfigurationError(f"{url!r} is not a web address.", "Write it as https://host/path.")
        if "@" in urlsplit(moved.base_url).netloc:
            raise ConfigurationError(
                "The address holds a user name or password.",
                "Leave them out of the address: give a key, or an extra header.",
            )
        if moved.origin == endpoint.origin:
            return moved
        variables = endpoint.key_env if endpoint.shipped else ()
        return msgspec.structs.replace(moved, headers={}, key_env=variables)

    def state(self, endpoint: Endpoint) -> KeyState:
        """Never touches the keyring."""
        endpoint = self.effective(endpoint)
        if not endpoint.needs_key:
            return KeyState(state="not_needed")
        known = self._store.known(endpoint.id)
        if known is not None:
            return KeyState(
                state="ready" if known.origin == endpoint.origin else "other_origin",
                place="session" if known.session else "keyring",
                origin=known.origin,
                saved_at=known.saved_at,
            )
        if (variable := self._variable(endpoint)) is not None:
            origin = self._environment_origin(endpoint, variable)
            ready = origin == endpoint.origin
            return KeyState(
                state="ready" if ready else "other_origin",
                place="environment",
                variable=variable,
                origin=origin,
            )
        return KeyState(state="missing")

    async def find(self, endpoint: Endpoint) -> FoundKey | None:
        """The key for an endpoint whose address is already the effective one; None if it needs
        none.

        Raises MissingKey (none known, or bound to another address), KeyringLocked, NoKeyring.
        """
        state = self.state(endpoint)
        if state.state == "not_needed":
            return None
        if state.state == "missing":
            raise MissingKey(
                f"No key for {endpoint.name} yet.",
                f"Add one in Settings, run `chatbench keys set {endpoint.id}`, or set {endpoint.key_env[0]}."
                if endpoint.key_env
                else f"Add one in Settings, or run `chatbench keys set {endpoint.id}`.",
                provider=endpoint.id,
            )
        if state.state == "other_origin":
            raise _bound_elsewhere(endpoint, state)
        if state.place == "environment":
            secret = Secret(self._environ[state.variable].strip())
            return FoundKey(secret=secret, place="environment", origin=state.origin, variable=state.variable)
        return await self._stored(endpoint, state)

    async def _stored(self, endpoint: Endpoint, state: KeyState) -> FoundKey:
        found = self._read.get(endpoint.id)
        if found is not None and (found.origin, found.saved_at) == (endpoint.origin, state.saved_at):
            return found
        stored = await self._store.get(endpoint.id)
        if stored is None:
            raise MissingKey(
                f"The key for {endpoint.name} is no longer in the keyring.",
                f"Set it again: `chatbench keys set {endpoint.id}`.",
                provider=endpoint.id,
            )
        if stored.origin != endpoint.origin:
            raise _bound_elsewhere(endpoint, msgspec.structs.replace(state, origin=stored.origin))
        found = FoundKey(
            secret=stored.secret,
            place=state.place or "keyring",
            origin=stored.origin,
            saved_at=stored.saved_at,
        )
        self._read[endpoint.id] = found
        return found

    async def set(self, endpoint: Endpoint, secret: Secret, *, session: bool = False) -> None:
        """Stores a key for the endpoint's present address. Raises KeyringLocked, NoKeyring."""
        endpoint = self.effective(endpoint)
        self._read.pop(endpoint.id, None)
        try:
            await self._store.set(endpoint.id, secret, endpoint.origin, session=session)
        finally:
            self.version += 1

    async def confirm(self, endpoint: Endpoint) -> None:
        """Binds the stored key to the endpoint's present address.

        Raises MissingKey where none is stored, KeyringLocked, NoKeyring.
        """
        endpoint = self.effective(endpoint)
        stored = await self._store.get(endpoint.id)
        if stored is None:
            raise MissingKey(
                f"There is no stored key for {endpoint.name} to confirm.",
                f"Set one: `chatbench keys set {endpoint.id}`.",
                provider=endpoint.id,
            )
        known = self._store.known(endpoint.id)
        session = known is not None and known.session
        await self.set(endpoint, stored.secret, session=session)

    async def remove(self, endpoint_id: str) -> bool:
        """Forgets a stored key; False where there was none. Raises KeyringLocked."""
        self._read.pop(endpoint_id, None)
        try:
            return await self._store.delete(endpoint_id)
        finally:
            self.version += 1

    async def keyring_state(self) -> KeyringState:
        """Whether the system has a keyring that keeps secrets, and whether it is open."""
        return await self._store.state()

    def _variable(self, endpoint: Endpoint) -> str | None:
        return next((name for name in endpoint.key_env if self._environ.get(name, "").strip()), None)

    def _environment_origin(self, endpoint: Endpoint, variable: str) -> str:
        """Where the variable's key may go. One of a vendor's own variables is the vendor's key,
        whichever endpoint names it; any other belongs to the endpoint that names it."""
        vendors = self._registry.shipped_with_variable(variable)
        vendor = next((v for v in vendors if v.id == endpoint.id), vendors[0] if vendors else endpoint)
        for name in vendor.base_url_env:
            if url := self._environ.get(name, "").strip():
                return origin_of(url)
        return vendor.origin


def _bound_elsewhere(endpoint: Endpoint, state: KeyState) -> MissingKey:
    if state.place == "environment":
        hint = f"Set a key for this address: `chatbench keys set {endpoint.id}`."
        said = f"{state.variable} holds the key for {state.origin}"
    else:
        hint = f"Run `chatbench keys confirm {endpoint.id}` to send it there, or set another."
        said = f"The key for {endpoint.name} was given for {state.origin}"
    return MissingKey(f"{said}, and the address is now {endpoint.origin}.", hint, provider=endpoint.id)


_EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - read, never listened on
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def _moved(endpoint: Endpoint, url: str) -> Endpoint:
    """The endpoint at an address from the environment. A local server's may be a host or a port
    alone (OLLAMA_HOST): what is missing is the usual; one that listens everywhere is asked here."""
    if not endpoint.local:
        return msgspec.structs.replace(endpoint, base_url=url)
    usual = urlsplit(endpoint.base_url)
    try:
        parts = urlsplit(url if "://" in url else f"{usual.scheme}://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return msgspec.structs.replace(endpoint, base_url=url)
    if "://" not in url:
        port = port or usual.port
    host = (usual.hostname or "") if host in _EVERYWHERE else host
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port else ""
    base_url = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), parts.query, ""))
    return msgspec.structs.replace(endpoint, base_url=base_url, local=host in _HERE)
