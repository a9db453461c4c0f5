"""The keys that show and hide the quick chat while one works in other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence

from chatbench.ui.aio import spawn
from chatbench.ui.settings.form import SettingsPage
from chatbench.ui.settings.shortcuts import KeyCapture
from chatbench.ui.widgets.forms import FormRow

if TYPE_CHECKING:
    from chatbench.ui.globalkeys import GlobalShortcut


class QuickKeys(QObject):
    """A row of `page`: what is pressed is asked of the system, and kept when it is had."""

    def __init__(self, page: SettingsPage, shortcut: GlobalShortcut) -> None:
        super().__init__(page)
        self._page = page
        self._shortcut = shortcut
        self.capture = KeyCapture(self.tr("Keys of the quick chat"), form=True)
        self.capture.setEnabled(shortcut.kind != "none")
        self.capture.captured.connect(lambda keys: spawn(self._use(keys), owner=self, name="quick-keys"))
        self.row: FormRow = page.add("quick_keys", self.tr("Quick chat"), self.capture)
        shortcut.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Shows the keys, what the system says of them, and why they do not work."""
        kept = QKeySequence(self._page.services.preferences.current.quick_keys)
        self.capture.show_keys(kept)
        self.row.set_hint(self._hint())
        problem = self._shortcut.problem
        asked = QKeySequence(self._shortcut.asked).toString(QKeySequence.SequenceFormat.NativeText)
        self.row.set_error(self.tr("{0}: {1}").format(asked, problem) if problem else "")

    async def _use(self, keys: str) -> None:
        self.row.set_error("")
        if self._shortcut.kind == "portal" and keys:
            self.row.set_hint(self.tr("Your desktop asks you whether the quick chat may have these keys."))
        if await self._shortcut.use(keys) and self._page.keep(self.row, quick_keys=keys):
            self.refresh()

    def _hint(self) -> str:
        shortcut = self._shortcut
        if shortcut.kind == "none":
            return self.tr("This system lets no program take keys while you work in others.")
        if shortcut.trigger:
            words = self.tr("Your desktop calls it with {0}, which its own settings can change.")
            return words.format(shortcut.trigger)
        if shortcut.kind == "portal":
            return self.tr(
                "Keys that show and hide it while you work in other programs. Your desktop asks you first, "
                "and may give it other keys."
            )
        return self.tr("Keys that show and hide it while you work in other programs.")
