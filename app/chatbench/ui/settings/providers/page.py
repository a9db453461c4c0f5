"""The page of the providers: the list, the form, the check; side by side as far as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.endpoints import EndpointRow
from chatbench.ui.settings.form import time_now
from chatbench.ui.settings.providers.check import ConnectionCheckView
from chatbench.ui.settings.providers.editor import EndpointForm
from chatbench.ui.settings.providers.listing import DRAFT, ProviderList
from chatbench.ui.settings.providers.parts import ProviderHead, SavedFoot
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Divider, Surface, announce
from chatbench.ui.widgets.forms import scrolling, words_of

if TYPE_CHECKING:
    from chatbench.ui.window import MainWindow

SAVE_DELAY_MS: Final = 500
LIST_WIDTH, CHECK_WIDTH = 224, 340
THREE_FROM: Final = 1000
TWO_FROM: Final = 640
HEAD_FOLDS_BELOW: Final = 500


class ProvidersPage(Surface):
    """What the reader types is kept as it is typed, with Undo; a new provider is kept once its
    name and its address are right and the field is left."""

    def __init__(self, services: Services, window: MainWindow) -> None:
        super().__init__("page")
        self.services = services
        self._window = window
        self._current: str | None = None
        self._draft: Endpoint | None = None
        self._undo: list[Endpoint] = []
        self._detail_shown = False
        self._touched = False
        self.setAccessibleName(self.tr("Providers"))
        self.timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self.timer.timeout.connect(self.flush)
        self.check = ConnectionCheckView(services)
        self.list = ProviderList(services, self.check.last_failure)
        self.head = ProviderHead()
        self.form = EndpointForm(services)
        self.foot = SavedFoot()
        self._lay_out()
        self._connect()
        self.refresh()
        self._choose_first()

    def _connect(self) -> None:
        self.list.add_requested.connect(self.add_provider)
        self.list.chosen.connect(self._choose)
        self.head.back_requested.connect(self._go_back)
        self.head.duplicate_requested.connect(self.duplicate_provider)
        self.head.remove_requested.connect(self.remove_provider)
        self.form.edited.connect(self._edited)
        self.form.finished.connect(self._left_field)
        self.form.key.saved.connect(self._key_saved)
        self.foot.undo_requested.connect(self.undo_last)
        self.check.fix_wanted.connect(self._fix)
        self.check.finished.connect(lambda _id: self.refresh())

    # Layout.

    def _lay_out(self) -> None:
        self._detail = self._make_detail()
        self._side = Surface("chrome", lines=Qt.Edge.LeftEdge)
        side = QVBoxLayout()
        self._side.set_layout(side, (1, 0, 0, 0))
        holder = QWidget()
        self._side_column = QVBoxLayout(holder)
        self._side_column.setContentsMargins(0, 0, 0, 0)
        side.addWidget(scrolling(holder))
        row = QHBoxLayout()
        row.setSpacing(0)
        self.set_layout(row)
        row.addWidget(self.list)
        row.addWidget(self._detail, 1)
        row.addWidget(self._side)
        self._arrange()

    def _make_detail(self) -> QWidget:
        detail = QWidget()
        inner = QWidget()
        lines = QVBoxLayout(inner)
        lines.setContentsMargins(28, 16, 24, 24)
        lines.setSpacing(0)
        lines.addWidget(self.head)
        lines.addSpacing(16)
        lines.addWidget(self.form)
        self._below = QVBoxLayout()
        self._below.setContentsMargins(0, 20, 0, 0)
        lines.addLayout(self._below)
        lines.addStretch(1)
        column = QVBoxLayout(detail)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scrolling(inner), 1)
        column.addWidget(Divider())
        column.addWidget(self.foot)
        return detail

    def _arrange(self) -> None:
        width, scaled = self.width(), theme().scaled
        three, two = width >= theme().breakpoint(THREE_FROM), width >= theme().breakpoint(TWO_FROM)
        self.list.setMaximumWidth(scaled(LIST_WIDTH) if two else 16_777_215)
        self.list.setMinimumWidth(scaled(LIST_WIDTH) if two else 0)
        self._side.setFixedWidth(scaled(CHECK_WIDTH))
        self._side.setVisible(three)
        self.list.setVisible(two or not self._detail_shown)
        self._detail.setVisible(two or self._detail_shown)
        self.head.back.setVisible(not two)
        room = width - (scaled(LIST_WIDTH) if two else 0) - (scaled(CHECK_WIDTH) if three else 0)
        self.head.set_folded(folded=room < scaled(HEAD_FOLDS_BELOW))
        target = self._side_column if three else self._below
        if target.indexOf(self.check) < 0:
            target.addWidget(self.check)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_side"):
            self._arrange()

    # Which one.

    @property
    def current(self) -> str | None:
        """The id of the provider in the form; "" for one not kept yet."""
        return self._current

    def refresh(self) -> None:
        """Shows what is kept now; what is being typed stays."""
        self.list.refresh(self._current, self._draft)
        if self._current and not self._touched:
            rows = self.services.endpoints.rows()
            row = next((row for row in rows if row.endpoint.id == self._current), None)
            if row is None:
                self._choose_first()
            else:
                self._fill(row)

    def _choose(self, provider: str) -> None:
        self._detail_shown = True
        self._arrange()
        if provider != DRAFT:
            self.show_provider(provider)

    def _choose_first(self) -> None:
        first = self.list.first()
        if first is not None:
            self.show_provider(first)

    def _go_back(self) -> None:
        self.flush()
        self._detail_shown = False
        self._arrange()
        self.list.list.focus_row()

    def show_provider(self, provider: str) -> None:
        """Puts a provider into the form."""
        self.flush()
        self._touched = False
        if provider != self._current:
            self._undo.clear()
            self._tell_saved("")
        self._draft = None
        self._current = provider
        try:
            row = self.services.endpoints.row(provider)
        except ChatbenchError as error:
            self._window.notices.show_notice(words_of(error), "error")
            self._choose_first()
            return
        self.list.refresh(provider, None)
        self._fill(row)

    def _fill(self, row: EndpointRow) -> None:
        endpoint = row.endpoint
        failed = self.check.last_failure(endpoint.id)
        refused = failed.found if failed is not None and failed.fix == "key" else ""
        self.form.show_row(row, refused)
        self.check.show_endpoint(endpoint)
        self.head.show_endpoint(endpoint, own=not self.services.endpoints.shipped(endpoint.id))

    def add_provider(self) -> None:
        """Begins a new provider; nothing is kept before its name and address are right."""
        self.flush()
        self._undo.clear()
        wires = self.services.endpoints.wires
        wire = "openai_chat" if "openai_chat" in wires else wires[0]
        self._draft = Endpoint(id=" ", name="", wire=wire, base_url="")
        self._current = DRAFT
        self._detail_shown = True
        self.form.show_draft(self._draft)
        self.check.show_endpoint(None)
        self.head.show_draft()
        self._tell_saved("")
        self.refresh()
        self._arrange()
        self.form.name.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def duplicate_provider(self) -> None:
        """A copy under another name; keys and what the environment says are not copied."""
        self.flush()
        if not self._current:
            return
        source = self.services.endpoints.row(self._current).endpoint
        name = self.tr("{0} copy").format(source.name)
        made = self.services.endpoints.new_id(name)
        copy = msgspec.structs.replace(source, id=made, name=name, key_env=(), base_url_env=(), shipped=False)
        if self._save(copy):
            self.show_provider(copy.id)
            self.form.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.form.name.selectAll()

    def remove_provider(self) -> None:
        """Takes the user's file away; the notice can put it back."""
        self.timer.stop()
        self._touched = False
        if not self._current:
            return
        provider = self._current
        had_key = self.services.endpoints.row(provider).key.place in {"session", "keyring"}
        try:
            removed = self.services.endpoints.remove(provider, initiator=self)
        except ChatbenchError as error:
            self._window.notices.show_notice(words_of(error), "error")
            return
        self._current = None
        self._undo.clear()
        self.refresh()
        if self.services.endpoints.shipped(provider):
            words = self.tr("{0} is as shipped again.")
            self.show_provider(provider)
        else:
            words = self.tr("{0} was removed.")
            if had_key:
                words = self.tr("{0} was removed. Its key is still kept.")
            self._choose_first()
        undo = (self.tr("Undo"), lambda: self._restore(removed))
        self._window.notices.show_notice(words.format(removed.name), action=undo)
        self.list.list.focus_row()

    def _restore(self, endpoint: Endpoint) -> None:
        if self._save(endpoint):
            self.show_provider(endpoint.id)

    # Keeping.

    def _edited(self, key: str) -> None:
        self._touched = True
        if self._draft is None or key not in {"name", "base_url"}:
            self.timer.start()

    def _left_field(self) -> None:
        if self._draft is not None or self._touched:
            self.flush()

    def flush(self) -> None:
        """Keeps what stands in the form, now, if it differs and is right."""
        self.timer.stop()
        touched, self._touched = self._touched, False
        if self._draft is not None:
            self._keep_draft()
        elif self._current and touched:
            self._keep()

    def _keep(self) -> None:
        assert self._current is not None
        before = self.services.endpoints.row(self._current).endpoint
        wanted = self.form.endpoint()
        problems = self.form.problems()
        self.form.show_errors(problems)
        if problems:
            self._touched = True  # what is wrong stays in its field until it is right or left behind
            self._tell_saved(self.tr("Not saved: correct what is marked."), failed=True)
        elif msgspec.structs.replace(wanted, shipped=before.shipped) != before:
            if self._save(wanted):
                self._undo.append(before)
                self._tell_saved(self.tr("Saved as you type, last at {0}").format(time_now()))
                self.refresh()
        elif not self._undo:
            self._tell_saved("")

    def _keep_draft(self) -> None:
        wanted = self.form.endpoint()
        problems = self.form.problems()
        unwritten = {key for key in ("name", "base_url") if not getattr(wanted, key)}
        self.form.show_errors({key: words for key, words in problems.items() if key not in unwritten})
        if problems:
            return
        endpoint = msgspec.structs.replace(wanted, id=self.services.endpoints.new_id(wanted.name))
        if self._save(endpoint):
            self._draft = None
            self._current = endpoint.id
            self._tell_saved(self.tr("Saved as you type, last at {0}").format(time_now()))
            announce(self, self.tr("{0} is kept.").format(endpoint.name))
            self.refresh()

    def _save(self, endpoint: Endpoint) -> bool:
        try:
            self.services.endpoints.save(endpoint, initiator=self)
        except ChatbenchError as error:
            self._tell_saved(words_of(error), failed=True)
            return False
        return True

    def undo_last(self) -> None:
        """One step back."""
        self.timer.stop()
        self._touched = False
        if not self._undo or not self._current:
            return
        before = self._undo.pop()
        try:
            if before.shipped:
                self.services.endpoints.remove(before.id, initiator=self)
            else:
                self.services.endpoints.save(before, initiator=self)
        except ChatbenchError as error:
            self._tell_saved(words_of(error), failed=True)
            return
        self.form.show_errors({})
        self._tell_saved(self.tr("Undone at {0}").format(time_now()))
        self.refresh()

    def _tell_saved(self, words: str, *, failed: bool = False) -> None:
        self.foot.say(words, failed=failed, can_undo=bool(self._undo))

    # Key and check.

    def _key_saved(self) -> None:
        self.refresh()
        self.check.check(whole=False)

    def _fix(self, what: str) -> None:
        if what == "key":
            self.form.key.focus_field()
        else:
            self.form.base_url.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.form.base_url.selectAll()

    def focus_setting(self, key: str) -> None:
        """Puts the focus on the key where one is wanted, on Add, or on the list."""
        if key == "add":
            self.list.add_button.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif key == "key":
            self._detail_shown = True
            self._arrange()
            if self.form.key.wanted and self.form.rows["key"].isVisibleTo(self):
                self.form.key.focus_field()
            else:
                self.form.base_url.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.list.list.focus_row()
