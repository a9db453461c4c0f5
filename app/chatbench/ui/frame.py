"""The window as it is first painted: its frame, before anything that goes into it is imported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QEvent, QObject, QSize, QTimer

from chatbench.services.preferences import Preferences
from chatbench.ui.chat.arrangement import Arrangement
from chatbench.ui.chat.quick.place import QuickPlace
from chatbench.ui.chat.section import chats_spec
from chatbench.ui.settings import settings_spec
from chatbench.ui.theme import theme
from chatbench.ui.window import MainWindow, PaneParts
from chatbench.ui.workbench.arrangement import WorkbenchPlace
from chatbench.ui.workbench.section import workbench_spec

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from chatbench.ui.window.panes import Builder


_LARGEST: Final = 16_000
_DECORATION: Final = QSize(8, 40)
"""About what a window manager puts around a window; the true size is known only after showing."""
_PATIENCE_S: Final = 1.0
"""A window that starts minimised is never painted."""


class WindowPlace(Arrangement, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a window: `size` in logical pixels, and what is open in it."""

    size: tuple[int, int] | None = None
    maximized: bool = False
    sidebar: bool = True
    inspector: bool = False
    workbench: WorkbenchPlace = WorkbenchPlace()


class Places(WindowPlace, frozen=True, kw_only=True, omit_defaults=True):
    """What `Preferences.window` keeps: the first window's place, those of the `others`, the quick
    chat's."""

    others: tuple[WindowPlace, ...] = ()
    quick: QuickPlace = QuickPlace()

    @property
    def first(self) -> WindowPlace:
        """The first window's."""
        return msgspec.convert(self, WindowPlace, from_attributes=True)

    @classmethod
    def of(cls, preferences: Preferences) -> Places:
        """As remembered; the usual place where that makes no sense."""
        try:
            return msgspec.convert(preferences.window, cls)
        except msgspec.ValidationError:
            return cls()


class Frame:
    """The main window with its rail; there is nothing in it before `fill`."""

    def __init__(self, preferences: Preferences, place: WindowPlace | None = None) -> None:
        self._builders: dict[str, Builder] = {}
        apply_preferences(preferences)
        self.window = MainWindow(
            [
                chats_spec(partial(self._build, "chats")),
                workbench_spec(partial(self._build, "workbench")),
                settings_spec(partial(self._build, "settings")),
            ],
            shortcuts=preferences.shortcuts,
        )
        self.window.rail.blockSignals(True)
        self._restore(place or Places.of(preferences))

    def fill(self, **builders: Builder) -> None:
        """How each section is built, by its id."""
        self._builders = builders
        self.window.rail.blockSignals(False)

    async def painted(self) -> None:
        """Returns after the first paint of the shown window, or after a second without one."""
        import asyncio

        handle = self.window.windowHandle()
        exposed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watch = _Exposure(partial(_settle, exposed))
        handle.installEventFilter(watch)
        await asyncio.wait({exposed}, timeout=_PATIENCE_S)
        handle.removeEventFilter(watch)

    def _build(self, section: str, window: MainWindow) -> PaneParts:
        return self._builders[section](window)

    def _restore(self, place: WindowPlace) -> None:
        if place.size is not None:
            self.window.resize(*(min(edge, _LARGEST) for edge in place.size))
        room = self.window.screen().availableSize() - _DECORATION
        self.window.resize(self.window.size().boundedTo(room))
        if place.maximized:
            self.window.setWindowState(self.window.windowState().WindowMaximized)
        self.window.restore_areas(sidebar_open=place.sidebar, inspector_open=place.inspector)


class _Exposure(QObject):
    """Calls back when a window's contents have been asked for, and painted."""

    def __init__(self, painted: Callable[[], None]) -> None:
        super().__init__()
        self._painted = painted

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Expose:
            QTimer.singleShot(0, self, self._painted)
        return False


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def apply_preferences(preferences: Preferences) -> None:
    """Takes colours, text size and motion from the preferences."""
    theme().apply(
        scheme=preferences.theme,
        text_factor=preferences.text_scale,
        motion="reduced" if preferences.reduced_motion else "system",
    )
