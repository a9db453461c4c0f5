"""What the user has chosen, in `preferences.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from chatbench.core.changes import Changes
from chatbench.core.errors import ConfigurationError
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.storage.textfiles import broken_toml, replace_file


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every setting with its default. `text_scale` is a factor (1.0 to 2.0)."""

    default_model: str = ""
    favourites: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    theme: Literal["system", "light", "dark"] = "system"
    text_scale: float = 1.0
    reduced_motion: bool = False
    reading_width: Literal["narrow", "normal", "wide", "full"] = "normal"
    send_with: Literal["enter", "ctrl+enter"] = "enter"
    thinking_open: bool = False
    max_attempts: int = 4
    read_timeout_s: float = 120.0
    shortcuts: dict[str, str] = {}
    window: dict[str, Any] = {}
    """Geometry and what was open: written by the window, read by the window."""

    def __post_init__(self) -> None:
        if not 1.0 <= self.text_scale <= 2.0:
            raise ValueError("`text_scale` must lie between 1.0 and 2.0")
        if self.max_attempts < 1:
            raise ValueError("`max_attempts` must be at least 1")
        if self.read_timeout_s <= 0:
            raise ValueError("`read_timeout_s` must be greater than 0")
        if self.default_model:
            try:
                ModelRef.parse(self.default_model)
            except ValueError:
                raise ValueError("`default_model` must be provider/model-id") from None

    @property
    def default_model_ref(self) -> ModelRef | None:
        return ModelRef.parse(self.default_model) if self.default_model else None


class PreferencesStore:
    """The current preferences, and the one way to change them.

    A broken file is left as it is: `problem` tells of it, the defaults hold, and nothing is
    written until the file can be read again.
    """

    def __init__(self, path: Path, changes: Signal[Changes]) -> None:
        self._path = path
        self._changes = changes
        self.current = Preferences()
        self.problem: ConfigurationError | None = None
        self.reload()

    def reload(self) -> None:
        """Reads the file again."""
        self.problem = None
        try:
            self.current = self._read()
        except ConfigurationError as error:
            self.problem = error

    def replace(self, *, initiator: object | None = None, **values: Any) -> Preferences:
        """Sets the named values in the file as it is now (another process may have written it
        meanwhile), and announces it.

        Raises ConfigurationError for a value that is not allowed, or while the file is broken;
        StorageError where it cannot be written.
        """
        before = self.current
        self.reload()
        if self.problem is not None:
            raise self.problem
        merged = {**msgspec.structs.asdict(self.current), **values}
        try:
            wanted = msgspec.convert(merged, Preferences)
        except (msgspec.ValidationError, ValueError) as error:
            raise ConfigurationError(f"This setting is not allowed: {error}.", "Choose another.") from error
        if wanted != self.current:
            self._write(wanted)
            self.current = wanted
        if wanted != before:
            self._changes.emit(Changes(preferences=True, initiator=initiator))
        return wanted

    def _read(self) -> Preferences:
        """Raises ConfigurationError that names the line."""
        data = b""
        try:
            data = self._path.read_bytes()
            return msgspec.toml.decode(data, type=Preferences)
        except FileNotFoundError:
            return Preferences()
        except OSError as error:
            raise ConfigurationError(
                f"{self._path.name} cannot be read: {error.strerror}.", f"Allow reading {self._path}."
            ) from error
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            told = broken_toml(self._path, data, error)
            told.hint += " Until then the defaults hold."
            raise told from error

    def _write(self, wanted: Preferences) -> None:
        import tomlkit

        try:
            document = tomlkit.parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            document = tomlkit.document()
        told = msgspec.to_builtins(wanted)
        for name in set(document) - set(told):
            if name in Preferences.__struct_fields__:
                del document[name]
        for name, value in told.items():
            if document.get(name) != value:
                document[name] = value
        replace_file(self._path, tomlkit.dumps(document).encode())
