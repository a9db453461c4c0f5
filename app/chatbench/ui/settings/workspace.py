"""The settings as a whole: the list of sections with its search, and the page in view."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.services import Services
from chatbench.ui.settings.about import AboutPage
from chatbench.ui.settings.appearance import AppearancePage
from chatbench.ui.settings.form import SettingsPage
from chatbench.ui.settings.general import GeneralPage
from chatbench.ui.settings.navigation import Entry, NavList
from chatbench.ui.settings.providerfiles import ProviderFilesPage
from chatbench.ui.settings.providers import ProvidersPage
from chatbench.ui.settings.shortcuts import ShortcutsPage
from chatbench.ui.settings.storage import StoragePage
from chatbench.ui.widgets import Label, SearchField, Surface

if TYPE_CHECKING:
    from chatbench.ui.globalkeys import GlobalShortcut
    from chatbench.ui.window import MainWindow


class _Section(NamedTuple):
    """A page, and what the search finds in it: (field, words)."""

    id: str
    title: str
    icon: str
    make: Callable[[], SettingsPage | ProvidersPage]
    settings: tuple[tuple[str, str], ...]


class SettingsSidebar(Surface):
    """`page_chosen(id, setting)` when the reader picks a section, or a setting found."""

    page_chosen = Signal(str, str)

    def __init__(self, sections: tuple[_Section, ...]) -> None:
        super().__init__("chrome")
        self._sections = sections
        self.search = SearchField(self.tr("Search settings"))
        self.search.textChanged.connect(lambda _text: self._show())
        self.search.returnPressed.connect(self._take_first)
        self.search.stepped.connect(lambda _step: self.list.focus_row())
        self.list: NavList = NavList(self.tr("Settings"))
        self.list.chosen.connect(self._choose)
        self._nothing = Label(self.tr("Nothing is called that."), font="small", color="text3")
        self._nothing.setContentsMargins(8, 8, 8, 0)
        column = QVBoxLayout()
        column.setSpacing(6)
        self.set_layout(column, (8, 8, 8, 8))
        column.addWidget(self.search)
        column.addWidget(self.list)
        column.addWidget(self._nothing)
        column.addStretch(1)
        self._show()

    def set_current(self, page: str) -> None:
        """Marks a section."""
        self.list.set_current(page)

    def _show(self) -> None:
        words = self.search.text().casefold().split()
        entries: list[Entry] = []
        for section in self._sections:
            found = [
                (key, label)
                for key, label in section.settings
                if words and all(word in f"{label} {key}".casefold() for word in words)
            ]
            if not words or found or all(word in section.title.casefold() for word in words):
                entries.append(Entry(section.id, section.title, section.icon))
            entries += [Entry(f"{section.id}/{key}", label, below=section.title) for key, label in found]
        self.list.show_entries(entries)
        self._nothing.setVisible(not entries)

    def _take_first(self) -> None:
        rows = self.list.rows()
        found = next((row for row in rows if "/" in row.entry.id), next(iter(rows), None))
        if found is not None:
            self._choose(found.entry.id)

    def _choose(self, key: str) -> None:
        page, _, setting = key.partition("/")
        self.page_chosen.emit(page, setting)


class SettingsWorkspace(QWidget):
    """The pane. Pages are made when they are first shown."""

    def __init__(self, services: Services, window: MainWindow, quick_keys: GlobalShortcut) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self._quick_keys = quick_keys
        self._pages: dict[str, SettingsPage | ProvidersPage] = {}
        self._current = ""
        self._sections = self._make_sections()
        self.sidebar = SettingsSidebar(self._sections)
        self.sidebar.page_chosen.connect(self._chosen)
        self._stack = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(disconnect)
        self.show_page("providers")

    def _make_sections(self) -> tuple[_Section, ...]:
        services, window, keys = self._services, self._window, self._quick_keys
        return (
            _Section("general", self.tr("General"), "settings-2", lambda: GeneralPage(services, keys), (
                ("default_model", self.tr("Default model")),
                ("title_source", self.tr("Titles of chats")),
                ("send_with", self.tr("Send with Enter or Ctrl+Enter")),
                ("thinking_open", self.tr("Thinking unfolded")),
                ("spelling", self.tr("Spelling, dictionary, language")),
                ("max_attempts", self.tr("Attempts, retries")),
                ("read_timeout_s", self.tr("Patience, timeout")),
                ("quick_keys", self.tr("Quick chat, global shortcut, hotkey")),
                ("quick", self.tr("Quick chat, command")),
            )),
            _Section("appearance", self.tr("Appearance"), "palette", lambda: AppearancePage(services), (
                ("theme", self.tr("Colours: light, dark, theme")),
                ("text_scale", self.tr("Text size, font, zoom")),
                ("reading_width", self.tr("Reading width")),
                ("line_numbers", self.tr("Line numbers of code")),
                ("reduced_motion", self.tr("Motion, animation")),
            )),
            _Section("providers", self.tr("Providers"), "plug", lambda: ProvidersPage(services, window), (
                ("list", self.tr("Keys of providers")),
                ("add", self.tr("Add a provider")),
            )),
            _Section("files", self.tr("Files at providers"), "files", lambda: ProviderFilesPage(services), (
                ("provider", self.tr("Uploaded files, expiry")),
                ("upload", self.tr("Upload a file")),
            )),
            _Section(
                "shortcuts", self.tr("Shortcuts"), "keyboard",
                lambda: ShortcutsPage(services, window.commands),
                (("shortcuts", self.tr("Keys of actions")),),
            ),
            _Section("storage", self.tr("Storage"), "hard-drive", lambda: StoragePage(services), (
                ("open_folder", self.tr("Profile folder")),
                ("database", self.tr("Check the database")),
                ("keyring", self.tr("Keyring of the system")),
            )),
            _Section("about", self.tr("About"), "info", lambda: AboutPage(services), (
                ("version", self.tr("Version, licence")),
            )),
        )  # fmt: skip

    @property
    def current_page(self) -> str:
        """The id of the page in view."""
        return self._current

    def page(self, key: str) -> SettingsPage | ProvidersPage:
        """A page, made if it was not yet."""
        if key not in self._pages:
            section = next(section for section in self._sections if section.id == key)
            self._pages[key] = section.make()
            self._stack.addWidget(self._pages[key])
        return self._pages[key]

    def show_page(self, key: str, setting: str = "") -> None:
        """Shows a page, with the focus on one of its settings if it is named."""
        page = self.page(key)
        self._current = key
        self._stack.setCurrentWidget(page)
        self.sidebar.set_current(key)
        page.refresh()
        if setting:
            page.focus_setting(setting)

    def show_provider(self, provider: str) -> None:
        """The form of a provider, at its key; "" begins a new provider."""
        self.show_page("providers")
        page = self.page("providers")
        assert isinstance(page, ProvidersPage)
        if provider:
            page.show_provider(provider)
            page.focus_setting("key")
        else:
            page.add_provider()

    def activate(self) -> None:
        """The section comes into view."""
        self.page(self._current).refresh()
        self.sidebar.list.focus_row(self._current)

    def _chosen(self, key: str, setting: str) -> None:
        self.show_page(key, setting)
        if self._window.layout_mode in {"both-drawers", "compact"}:
            self._window.set_sidebar_open(False)
            self.page(key).setFocus(Qt.FocusReason.OtherFocusReason)

    def _changed(self, changes: Changes) -> None:
        page = self._pages.get(self._current)
        if page is None or changes.initiator is page or not self.isVisible():
            return
        shows_files = isinstance(page, ProviderFilesPage)
        stale = changes.providers or changes.keys
        if stale or (changes.files if shows_files else changes.preferences or changes.models):
            page.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        providers = self._pages.get("providers")
        if isinstance(providers, ProvidersPage):
            providers.flush()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.page(self._current).refresh()
