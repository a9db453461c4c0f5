"""The actions on how everything looks: colours, text size, reading width, motion. Settings keep the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer

from chatbench.core.errors import ChatbenchError
from chatbench.ui.widgets.announce import announce

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbench.core.changes import Changes
    from chatbench.services import Services
    from chatbench.ui.window import MainWindow

TEXT_SIZES: Final = (100, 110, 125, 150, 175, 200)
"""Percent of the usual size."""

_AT_REST_MS: Final = 120
"""Steps of the text's size that follow each other faster are taken as one: each styles every widget."""


class AppearanceActions(QObject):
    """Registers them with a window. They change the preferences, which every window follows; those that
    are on or off follow them too."""

    def __init__(self, services: Services, window: MainWindow) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._wanted: int | None = None
        """Percent that was stepped to and is not in force yet."""
        self._stepping = QTimer(self, interval=_AT_REST_MS, singleShot=True)
        self._stepping.timeout.connect(self._resize_now)
        self._values: dict[str, tuple[str, object]] = {}
        """Of the actions that choose a value: the preference, and what it then is."""
        for key, text, icon, value in (
            ("light", self.tr("Light colours"), "sun", "light"),
            ("dark", self.tr("Dark colours"), "moon", "dark"),
            ("system", self.tr("Colours as the system has them"), "sun-moon", "system"),
        ):
            self._add_choice(key, text, icon, "theme", value)
        self._add("larger", self.tr("Larger text"), partial(self._step, 1), "zoom-in", "Ctrl++")
        # On many keyboards the plus stands above the equals sign.
        self._add(
            "larger-unshifted", self.tr("Larger text, second shortcut"), partial(self._step, 1), "zoom-in",
            "Ctrl+=", listed=False,
        )  # fmt: skip
        self._add("smaller", self.tr("Smaller text"), partial(self._step, -1), "zoom-out", "Ctrl+-")
        self._add("usual", self.tr("Text at 100 %"), self._reset, "a-large-small", "Ctrl+0")
        for key, text, value in (
            ("narrow", self.tr("Short lines"), "narrow"),
            ("normal", self.tr("Lines of the usual length"), "normal"),
            ("wide", self.tr("Long lines"), "wide"),
            ("full", self.tr("Lines as wide as the window"), "full"),
        ):
            self._add_choice(key, text, "wrap-text", "reading_width", value)
        self._add_switch("motion", self.tr("Reduced motion"), "accessibility", "reduced_motion")
        self._add_switch("numbers", self.tr("Line numbers in code"), "list-ordered", "line_numbers")
        self._follow()
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())

    def _add(
        self,
        key: str,
        text: str,
        do: Callable[[], object],
        icon: str,
        shortcut: str = "",
        *,
        listed: bool = True,
    ) -> None:
        self._window.commands.add(
            f"appearance.{key}", text, do, icon=icon, shortcut=shortcut, place=self.tr("Appearance"),
            in_palette=listed,
        )  # fmt: skip

    def _add_choice(self, key: str, text: str, icon: str, name: str, value: object) -> None:
        self._add(key, text, partial(self._keep, **{name: value}), icon)
        self._note(key, name, value)

    def _add_switch(self, key: str, text: str, icon: str, name: str) -> None:
        self._add(key, text, partial(self._turn, name), icon)
        self._note(key, name, True)

    def _note(self, key: str, name: str, value: object) -> None:
        self._values[f"appearance.{key}"] = name, value
        self._window.commands[f"appearance.{key}"].setCheckable(True)

    def _changed(self, changes: Changes) -> None:
        if changes.preferences:
            self._follow()

    def _follow(self) -> None:
        now = self._services.preferences.current
        for key, (name, value) in self._values.items():
            self._window.commands[key].setChecked(getattr(now, name) == value)

    def _keep(self, **chosen: Any) -> None:
        try:
            self._services.preferences.replace(**chosen)
        except ChatbenchError as error:
            self._services.notifier.error(error)
        # What was pressed has changed its own mark, also where nothing else has changed.
        self._follow()

    def _turn(self, name: str) -> None:
        self._keep(**{name: not getattr(self._services.preferences.current, name)})

    def _percent(self) -> int:
        if self._wanted is not None:
            return self._wanted
        return round(self._services.preferences.current.text_scale * 100)

    def _step(self, by: int) -> None:
        now = self._percent()
        further = [size for size in TEXT_SIZES if (size - now) * by > 0]
        if further:
            self._resize(min(further, key=lambda size: abs(size - now)))
            return
        largest, least = (
            self.tr("The text is as large as it gets."),
            self.tr("The text is as small as it gets."),
        )
        self._window.notices.show_notice(largest if by > 0 else least)

    def _reset(self) -> None:
        self._resize(100)

    def _resize(self, percent: int) -> None:
        self._wanted = percent
        if not self._stepping.isActive():
            self._resize_now()
        # Begun behind the styling: keys that came meanwhile are heard before it ends.
        self._stepping.start()
        announce(self._window, self.tr("Text size {0} %").format(self._percent()))

    def _resize_now(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._keep(text_scale=wanted / 100)
