"""Names a user gives to models: aliases, the default model, the default embedding model.

They stand in the profile's `preferences.toml`, where the window and the terminal keep them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import msgspec

from chatbench.core.errors import ConfigurationError, UnknownModel
from chatbench.core.models import ModelRef
from chatbench.storage.settings import SettingsFile

if TYPE_CHECKING:
    from chatbench.client.environment import Environment

T = TypeVar("T")
_Which = Literal["default_model", "default_embedding_model"]


class _Unset(msgspec.Struct, frozen=True):
    """Tells `default=None` from no `default` at all."""


_UNSET: Final = _Unset()


class Names(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `preferences.toml` says of names. The default models are provider/model-id, or "" where
    none is set; `aliases` lead to provider/model-id, or to another alias."""

    default_model: str = ""
    default_embedding_model: str = ""
    aliases: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name in ("default_model", "default_embedding_model"):
            check_ref(name, getattr(self, name))


def check_ref(name: str, text: str) -> None:
    """Raises ValueError where the setting `name` is neither empty nor provider/model-id."""
    if text:
        try:
            ModelRef.parse(text)
        except ValueError:
            raise ValueError(f"`{name}` must be provider/model-id") from None


def get_aliases(*, environment: Environment | None = None) -> dict[str, str]:
    """Alias → what it stands for. Raises ConfigurationError where the file is broken."""
    return dict(_read(_of(environment)).aliases)


def set_alias(alias: str, model: str, *, environment: Environment | None = None) -> str:
    """Lets `alias` stand for a model, and returns which: of an alias of an alias the model in the end.

    Raises UnknownModel with near names; ConfigurationError for an alias that is none, or where the
    file is broken; StorageError where it cannot be written.
    """
    environment = _of(environment)

    def edit(names: Names) -> Names:
        ref = environment.resolve(model, names.aliases)
        return msgspec.structs.replace(names, aliases=with_alias(names.aliases, alias, ref))

    return _file(environment).change(edit).aliases[alias.strip()]


def remove_alias(alias: str, *, environment: Environment | None = None) -> None:
    """Forgets an alias. Raises KeyError where there is none of that name; ConfigurationError and
    StorageError as `set_alias`."""

    def edit(names: Names) -> Names:
        return msgspec.structs.replace(names, aliases=without_alias(names.aliases, alias))

    _file(_of(environment)).change(edit)


def set_default_model(model: str | None, *, environment: Environment | None = None) -> None:
    """Makes a model (or what an alias stands for) the default of every program on this profile;
    None: there is none. Raises as `set_alias`."""
    _set("default_model", model, environment)


def set_default_embedding_model(model: str | None, *, environment: Environment | None = None) -> None:
    """The same for embeddings."""
    _set("default_embedding_model", model, environment)


def get_default_model(default: T | _Unset = _UNSET, *, environment: Environment | None = None) -> str | T:
    """provider/model-id of the default model. Where none is set: `default` if it is given, else
    UnknownModel is raised."""
    return _get("default_model", default, environment)


def get_default_embedding_model(
    default: T | _Unset = _UNSET, *, environment: Environment | None = None
) -> str | T:
    """The same for embeddings."""
    return _get("default_embedding_model", default, environment)


def resolve(environment: Environment, name: str | None, model_hint: str = "") -> ModelRef:
    """The model meant by a name, the user's aliases included; None means the default model. See
    `Environment.resolve`. Raises UnknownModel."""
    names = _read(environment)
    if name is not None:
        return environment.resolve(name, names.aliases, model_hint)
    if not names.default_model:
        raise no_default("default_model")
    return ModelRef.parse(names.default_model)


def no_default(which: _Which) -> UnknownModel:
    """No model was named, and there is none to fall back on."""
    if which == "default_model":
        return UnknownModel(
            "No model was named, and no default model is set.",
            "Name one, or set it: `chatbench models default provider/model-id`.",
        )
    return UnknownModel(
        "No embedding model was named, and no default embedding model is set.",
        "Name one, or set it: `chatbench models default --embedding provider/model-id`.",
    )


def with_alias(aliases: Mapping[str, str], alias: str, ref: ModelRef) -> dict[str, str]:
    """The aliases with one more, or another meaning. Raises ConfigurationError where `alias` could
    not be told from a model's full name, or is no name."""
    alias = alias.strip()
    if not alias or not alias.isprintable() or "/" in alias:
        raise ConfigurationError(
            f"{alias!r} cannot be an alias.", "Choose a short name without a slash, such as fast."
        )
    return {**aliases, alias: str(ref)}


def without_alias(aliases: Mapping[str, str], alias: str) -> dict[str, str]:
    """The aliases without one. Raises KeyError where it is not among them."""
    rest = dict(aliases)
    del rest[alias]
    return rest


def _set(which: _Which, model: str | None, environment: Environment | None) -> None:
    environment = _of(environment)

    def edit(names: Names) -> Names:
        ref = str(environment.resolve(model, names.aliases)) if model else ""
        return msgspec.structs.replace(names, **{which: ref})

    _file(environment).change(edit)


def _get(which: _Which, default: T | _Unset, environment: Environment | None) -> str | T:
    found: str = getattr(_read(_of(environment)), which)
    if found:
        return found
    if isinstance(default, _Unset):
        raise no_default(which)
    return default


def _of(environment: Environment | None) -> Environment:
    if environment is not None:
        return environment
    from chatbench.client.defaults import default_environment

    return default_environment()


def _file(environment: Environment) -> SettingsFile[Names]:
    return SettingsFile(environment.profile.preferences, Names)


def _read(environment: Environment) -> Names:
    path = environment.profile.preferences
    try:
        status = path.stat()
    except OSError:
        return _file(environment).read()
    return _read_at(path, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _read_at(path: Path, *state: int) -> Names:
    """What the file says; read once for each state it is in, for every call may ask."""
    return SettingsFile(path, Names).read()
