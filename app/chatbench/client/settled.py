"""A client's settings as plain values, and back."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from chatbench.client.asking import parameters_of
from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Limits
from chatbench.core.errors import ConfigurationError
from chatbench.core.secrets import Secret, may_be_secret
from chatbench.providers.http import Timeouts

if TYPE_CHECKING:
    from chatbench.client.llm import LLMClient

_VALUES: dict[str, Any] = {"retries": RetryPolicy, "timeouts": Timeouts, "limits": Limits}
_PLAIN: dict[str, type] = {
    "name": str, "model_hint": str, "system": str, "api_version": str, "base_url": str, "broken": str,
    "progress": str, "at_once": int, "keep_raw": bool, "history": bool,
}  # fmt: skip
_LISTS = ("models", "fallbacks")
_MAPPINGS = ("extra_headers", "extra_query")


def to_dict(client: LLMClient, key: Secret | None) -> dict[str, Any]:
    """Everything that differs from the default. Header values may be secrets, and so may be what goes
    into the address under the name of one: they come with the key or not at all."""
    told: dict[str, Any] = {name: [str(model) for model in getattr(client, name)] for name in _LISTS}
    told |= {
        name: getattr(client, name) for name in _PLAIN if isinstance(getattr(client, name), _PLAIN[name])
    }
    told["weights"] = client.weights if isinstance(client.weights, str) else list(client.weights)
    for name in ("budget", *_VALUES):
        value = getattr(client, name)
        told[name] = None if value is None else msgspec.to_builtins(value)
    told["parameters"] = [parameters.to_dict() for parameters in client.parameters]
    query = client.extra_query
    told["extra_query"] = {name: query[name] for name in query if key is not None or not may_be_secret(name)}
    if key is not None:
        told["key"] = key.reveal()
        told["extra_headers"] = dict(client.extra_headers)
    empty: tuple[object, ...] = (None, "", [], {})
    # What is kept of the wire is True, False, or as the call is made.
    return {
        name: value
        for name, value in told.items()
        if value not in empty and (value is not False or name == "keep_raw")
    }


def from_dict(told: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for a client. Raises ConfigurationError that names what is wrong."""
    arguments: dict[str, Any] = {}
    for name, value in told.items():
        if name == "budget":
            arguments[name] = _budget(value)
        elif name in _VALUES:
            arguments[name] = _settings(name, value, _VALUES[name])
        elif name in _PLAIN:
            arguments[name] = _converted(name, value, _PLAIN[name])
        elif name in _LISTS:
            arguments[name] = [value] if isinstance(value, str) else _converted(name, value, list[str])
        elif name in _MAPPINGS:
            arguments[name] = _converted(name, value, dict[str, str])
        elif name == "weights":
            arguments[name] = value if isinstance(value, str) else _converted(name, value, list[float])
        elif name == "parameters":
            several = isinstance(value, list)
            found = [parameters_of(one, {}) for one in (value if several else [value])]
            arguments[name] = found if several else found[0]
        elif name == "key":
            arguments[name] = _converted(name, value, str)
        else:
            arguments |= parameters_of(None, {name: value}).given()
    return arguments


def decoded(text: str | bytes) -> dict[str, Any]:
    """JSON or TOML as a table. Raises ConfigurationError."""
    data = text.encode() if isinstance(text, str) else text
    try:
        if data.lstrip()[:1] == b"{":
            return msgspec.json.decode(data, type=dict[str, Any])
        return tomllib.loads(data.decode())
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The client's settings cannot be read: {error}.", "Give JSON or TOML."
        ) from error


def _budget(value: Any) -> Budget:
    """As `Budget.of` takes it: dollars for the run, a limit, several, or a whole budget."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return Budget.of(value)
    if isinstance(value, Mapping) and "limits" not in value:
        return Budget.of(_settings("budget", value, BudgetLimit))
    whole = value if isinstance(value, Mapping) else {"limits": value}
    budget: Budget = _settings("budget", whole, Budget)
    for limit in whole["limits"]:
        _settings("budget", limit, BudgetLimit)
    return budget


def _settings(name: str, value: Any, kind: type[msgspec.Struct]) -> Any:
    """One that is not known would be a wish that nobody keeps."""
    known = kind.__struct_fields__
    if isinstance(value, Mapping) and (strange := [field for field in value if field not in known]):
        raise ConfigurationError(f"{name} has no {strange[0]!r}.", f"It has {', '.join(known)}.")
    return _converted(name, value, kind)


def _converted(name: str, value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {error}.", "Correct the client's settings.") from error
