"""What the user has chosen, in `preferences.toml`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from chatbench.client.names import Names, check_ref
from chatbench.core.changes import Changes
from chatbench.core.errors import ConfigurationError
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.storage.settings import SettingsFile


class Preferences(Names, frozen=True, kw_only=True, omit_defaults=True):
    """Every setting with its default, the names among them. `text_scale` is a factor (1.0 to 2.0)."""

    favourites: tuple[str, ...] = ()
    theme: Literal["system", "light", "dark"] = "system"
    text_scale: float = 1.0
    reduced_motion: bool = False
    reading_width: Literal["narrow", "normal", "wide", "full"] = "normal"
    lanes: Literal["columns", "grid", "tabs", "stacked"] = "columns"
    """How several models stand in a conversation."""
    lanes_linked: bool = True
    """Whether they scroll together."""
    send_with: Literal["enter", "ctrl+enter"] = "enter"
    thinking_open: bool = False
    line_numbers: bool = False
    """Whether lines of code are numbered."""
    spelling: str = "system"
    """"off", "system" (the languages of the computer) or one language, as its dictionary is called."""
    title_source: Literal["words", "model"] = "words"
    title_model: str = ""
    """provider/model-id; "" is the conversation's own."""
    max_attempts: int = 4
    read_timeout_s: float = 120.0
    quick_keys: str = ""
    """The keys that call the quick chat from other programs, in portable words; "" for none."""
    viewer_size: tuple[int, int] | None = None
    """Width and height of the windows that show attached files, in logical pixels; None: as they come."""
    python_checks: tuple[str, ...] = ()
    """SHA-256 (hex) of the code of Python checks that may run."""
    shortcuts: dict[str, str] = msgspec.field(default_factory=dict)
    window: dict[str, Any] = msgspec.field(default_factory=dict)
    """Geometry and what was open: written by the window, read by the window."""

    def __post_init__(self) -> None:
        if not 1.0 <= self.text_scale <= 2.0:
            raise ValueError("`text_scale` must lie between 1.0 and 2.0")
        if self.max_attempts < 1:
            raise ValueError("`max_attempts` must be at least 1")
        if self.read_timeout_s <= 0:
            raise ValueError("`read_timeout_s` must be greater than 0")
        check_ref("title_model", self.title_model)
        super().__post_init__()

    @property
    def default_model_ref(self) -> ModelRef | None:
        return ModelRef.parse(self.default_model) if self.default_model else None

    @property
    def title_model_ref(self) -> ModelRef | None:
        return ModelRef.parse(self.title_model) if self.title_model else None


class PreferencesStore:
    """The current preferences, and the one way to change them.

    A broken file is left as it is: `problem` tells of it, the defaults hold, and nothing is
    written until the file can be read again.
    """

    def __init__(self, path: Path, changes: Signal[Changes]) -> None:
        self._file = SettingsFile(path, Preferences)
        self._changes = changes
        self.current = Preferences()
        self.problem: ConfigurationError | None = None
        self.reload()

    def reload(self) -> None:
        """Reads the file again."""
        self.problem = None
        try:
            self.current = self._file.read()
        except ConfigurationError as error:
            error.hint += " Until then the defaults hold."
            self.problem = error

    def replace(self, *, initiator: object | None = None, **values: Any) -> Preferences:
        """Sets the named values; see `change`. Raises ConfigurationError for a value that is not
        allowed."""

        def edit(current: Preferences) -> Preferences:
            try:
                return msgspec.convert({**msgspec.structs.asdict(current), **values}, Preferences)
            except (msgspec.ValidationError, ValueError) as error:
                raise ConfigurationError(
                    f"This setting is not allowed: {error}.", "Choose another."
                ) from error

        return self.change(edit, initiator=initiator)

    def change(
        self, edit: Callable[[Preferences], Preferences], *, initiator: object | None = None
    ) -> Preferences:
        """Writes what `edit` makes of the file as it is now (another process may have written it
        meanwhile), and announces it.

        Raises ConfigurationError while the file is broken; StorageError where it cannot be written.
        """
        before = self.current
        self.reload()
        if self.problem is not None:
            raise self.problem
        self.current = self._file.change(edit)
        if self.current != before:
            self._changes.emit(Changes(preferences=True, initiator=initiator))
        return self.current
