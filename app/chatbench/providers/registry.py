"""The endpoints there are: shipped TOML files, and the user's own, which override by id."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from chatbench.core.endpoints import ENDPOINT_ID, Endpoint
from chatbench.core.errors import ConfigurationError, InvalidHeader
from chatbench.core.resources import resource
from chatbench.providers.http import check_headers
from chatbench.providers.wire import Wire
from chatbench.storage.failures import system_error
from chatbench.storage.textfiles import broken_toml, line_words, replace_file

_WIRES: Final = {
    "openai_responses": ("chatbench.providers.openai_responses", "OpenAIResponses"),
    "openai_chat": ("chatbench.providers.openai_chat", "OpenAIChat"),
    "anthropic": ("chatbench.providers.anthropic", "Anthropic"),
    "gemini": ("chatbench.providers.gemini", "Gemini"),
    "mistral": ("chatbench.providers.mistral", "Mistral"),
    "cohere": ("chatbench.providers.cohere", "Cohere"),
    "ollama": ("chatbench.providers.ollama", "Ollama"),
    "guide": ("chatbench.providers.guide", "Guide"),
}
"""Wire id → module and class; a wire is imported when the first call needs it."""


class Registry:
    """Reads the files once; `reload` reads them again. A broken file of the user's takes no
    other down: what is wrong with it stands in `problems`."""

    def __init__(self, user_folder: Path) -> None:
        self._folder = user_folder
        self._shipped = _shipped(resource("providers"))
        self._own: dict[str, Endpoint] = {}
        self._registered: dict[str, Endpoint] = {}
        self._instances: dict[str, Wire] = {}
        self.problems: list[ConfigurationError] = []
        self.reload()

    @property
    def wire_ids(self) -> tuple[str, ...]:
        """The wires an endpoint may name."""
        return tuple(name for name in _WIRES if name != "guide")

    def reload(self) -> None:
        """Reads the user's files again."""
        self._own, self.problems = {}, []
        for path in sorted(self._folder.glob("*.toml")):
            try:
                endpoint = _read(path)
                if endpoint.wire not in self.wire_ids:
                    raise ConfigurationError(
                        f"{path.name}: there is no wire called {endpoint.wire!r}.",
                        f"Use one of {', '.join(self.wire_ids)}.",
                    )
            except ConfigurationError as error:
                self.problems.append(error)
            else:
                self._own[endpoint.id] = endpoint

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint, the user's in place of the shipped one of the same id, and one that was
        registered in place of both."""
        return tuple({**self._shipped, **self._own, **self._registered}.values())

    def get(self, endpoint_id: str) -> Endpoint | None:
        found = self._registered.get(endpoint_id) if self._registered else None
        return found or self._own.get(endpoint_id) or self._shipped.get(endpoint_id)

    def register(self, endpoint: Endpoint) -> None:
        """Adds an endpoint for as long as the program runs, in place of one of the same id.

        Raises ConfigurationError for an id, a wire or an address that is none; InvalidHeader.
        """
        if not ENDPOINT_ID.match(endpoint.id):
            raise ConfigurationError(f"{endpoint.id!r} is not an id.", "Use a-z, 0-9, - and _.")
        if endpoint.wire not in self.wire_ids:
            raise ConfigurationError(
                f"There is no wire called {endpoint.wire!r}.", f"Use one of {', '.join(self.wire_ids)}."
            )
        if not endpoint.origin:
            raise ConfigurationError(
                f"{endpoint.base_url!r} is not a web address.", "Write it as https://host/path."
            )
        _check_headers(endpoint)
        self._registered[endpoint.id] = endpoint

    def unregister(self, endpoint_id: str) -> bool:
        """Takes a registered endpoint away again; False where there was none."""
        return self._registered.pop(endpoint_id, None) is not None

    @property
    def registered(self) -> tuple[Endpoint, ...]:
        """What was registered, the newest last."""
        return tuple(self._registered.values())

    def shipped(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint as it is shipped, whatever the user made of it."""
        return self._shipped.get(endpoint_id)

    def shipped_with_variable(self, variable: str) -> tuple[Endpoint, ...]:
        """The shipped endpoints whose key this environment variable holds."""
        return tuple(e for e in self._shipped.values() if variable in e.key_env)

    def wire(self, wire_id: str) -> Wire:
        """The wire of that id. Raises ConfigurationError where there is none."""
        found = self._instances.get(wire_id)
        if found is None:
            if wire_id not in _WIRES:
                raise ConfigurationError(
                    f"There is no wire called {wire_id!r}.", f"Use one of {', '.join(self.wire_ids)}."
                )
            module, name = _WIRES[wire_id]
            found = cast(Wire, getattr(importlib.import_module(module), name)())
            self._instances[wire_id] = found
        return found

    def check_headers(self, endpoint: Endpoint) -> None:
        """Raises InvalidHeader for an extra header, or a name for the key's, that HTTP does not allow;
        ConfigurationError for a way to send the key that there is none."""
        _check_headers(endpoint)

    def save(self, endpoint: Endpoint) -> None:
        """Writes the user's file for an endpoint, keeping its comments. Raises StorageError."""
        import tomlkit

        path = self._path(endpoint.id)
        told: dict[str, Any] = msgspec.to_builtins(endpoint)
        told.pop("shipped", None)
        try:
            document = tomlkit.parse(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            document = tomlkit.document()
        for name in set(document) - set(told):
            del document[name]
        for name, value in told.items():
            if document.get(name) != value:
                document[name] = value
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise system_error(error, path) from error
        replace_file(path, tomlkit.dumps(document).encode())
        self._own[endpoint.id] = msgspec.structs.replace(endpoint, shipped=False)

    def remove(self, endpoint_id: str) -> Endpoint:
        """Deletes the user's file and returns what it held. Raises ConfigurationError where
        there is none, StorageError."""
        own = self._own.get(endpoint_id)
        if own is None:
            known = endpoint_id in self._shipped
            raise ConfigurationError(
                f"{endpoint_id} comes with Chatbench and cannot be removed."
                if known
                else f"There is no provider called {endpoint_id!r}.",
                "It is not used as long as it has no key." if known else "See `chatbench providers list`.",
            )
        try:
            self._path(endpoint_id).unlink(missing_ok=True)
        except OSError as error:
            raise system_error(error, self._path(endpoint_id)) from error
        return self._own.pop(endpoint_id)

    def _path(self, endpoint_id: str) -> Path:
        if not ENDPOINT_ID.match(endpoint_id):
            raise ConfigurationError(f"{endpoint_id!r} is not an id.", "Use a-z, 0-9, - and _.")
        return self._folder / f"{endpoint_id}.toml"


def _check_headers(endpoint: Endpoint) -> None:
    kind, colon, name = endpoint.auth.partition(":")
    if kind not in ("bearer", "none", "header") or bool(colon) != (kind == "header"):
        raise ConfigurationError(
            f"{endpoint.auth!r} is no way to send a key.", "Use bearer, none, or header:NAME."
        )
    check_headers({**endpoint.headers, name: ""} if colon else endpoint.headers)


@cache
def _shipped(folder: Path) -> Mapping[str, Endpoint]:
    """Those that come with the program, which do not change while it runs."""
    return {
        path.stem: msgspec.structs.replace(_read(path), shipped=True)
        for path in sorted(folder.glob("*.toml"))
    }


def _read(path: Path) -> Endpoint:
    """One file. Raises ConfigurationError that names the file, and the line where that is known."""
    data = b""
    try:
        data = path.read_bytes()
        endpoint = msgspec.toml.decode(data, type=Endpoint)
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}.", f"See {path}.") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise broken_toml(path, data, error) from error
    if not ENDPOINT_ID.match(endpoint.id) or endpoint.id != path.stem:
        raise ConfigurationError(
            f"{path.name}{line_words(data, 'id')}: the id is {endpoint.id!r}.",
            f"The id of this file must be {path.stem!r}.",
        )
    try:
        _check_headers(endpoint)
    except ConfigurationError as error:
        line = line_words(data, "headers" if isinstance(error, InvalidHeader) else "auth")
        raise type(error)(f"{path.name}{line}: {error.message}", f"{error.hint} See {path}.") from error
    return endpoint
