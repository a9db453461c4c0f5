"""The page of the providers: the list, the form, the check; side by side as far as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.endpoints import EndpointRow
from chatbench.ui.settings.form import scrolling, time_now, words_of
from chatbench.ui.settings.navigation import Entry, NavList
from chatbench.ui.settings.providers.check import ConnectionCheckView
from chatbench.ui.settings.providers.editor import EndpointForm
from chatbench.ui.theme import theme
from chatbench.ui.widgets import (
    Button,
    Card,
    Divider,
    ElidedLabel,
    Flow,
    Label,
    Mark,
    Pill,
    Surface,
    announce,
)

if TYPE_CHECKING:
    from chatbench.ui.window import MainWindow

SAVE_DELAY_MS: Final = 500
LIST_WIDTH, CHECK_WIDTH, FORM_WIDTH = 224, 340, 600
THREE_FROM: Final = 1000
TWO_FROM: Final = 640
MOST_WITHOUT_KEY: Final = 6
HEAD_FOLDS_BELOW: Final = 500
DRAFT: Final = ""

_RANK: Final = {
    name: place
    for place, name in enumerate(
        ("openai", "anthropic", "gemini", "mistral", "openrouter", "groq", "deepseek", "xai")
    )
}
"""The providers most people look for stand first among those without a key."""


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
        self._show_all = False
        self._detail_shown = False
        self._touched = False
        self.setAccessibleName(self.tr("Providers"))
        self.timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self.timer.timeout.connect(self.flush)
        self.add_button = Button(self.tr("Add a provider"), icon="plus", stretch=True)
        self.add_button.clicked.connect(self.add_provider)
        self.list = NavList(self.tr("Providers"))
        self.list.chosen.connect(self._choose)
        self.show_all = Button(kind="link", size="small", label="")
        self.show_all.clicked.connect(self._toggle_all)
        self.form = EndpointForm(services)
        self.form.edited.connect(self._edited)
        self.form.finished.connect(self._left_field)
        self.form.key.saved.connect(self._key_saved)
        self.check = ConnectionCheckView(services)
        self.check.fix_wanted.connect(self._fix)
        self.check.finished.connect(lambda _id: self.refresh())
        self._lay_out()
        self.refresh()
        self._choose_first()

    # Layout.

    def _lay_out(self) -> None:
        self._list_panel = self._make_list()
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
        row.addWidget(self._list_panel)
        row.addWidget(self._detail, 1)
        row.addWidget(self._side)
        self._arrange()

    def _make_list(self) -> Surface:
        panel = Surface("page", lines=Qt.Edge.RightEdge)
        self.problems = QWidget()
        self._problem_column = QVBoxLayout(self.problems)
        self._problem_column.setContentsMargins(0, 4, 0, 4)
        self._problem_column.setSpacing(6)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(0)
        column.addWidget(self.problems)
        column.addWidget(self.list)
        column.addWidget(self.show_all, 0, Qt.AlignmentFlag.AlignLeading)
        column.addStretch(1)
        outer = QVBoxLayout()
        outer.setSpacing(0)
        panel.set_layout(outer, (0, 0, 1, 0))
        head = QHBoxLayout()
        head.setContentsMargins(8, 8, 8, 4)
        head.addWidget(self.add_button)
        outer.addLayout(head)
        outer.addWidget(scrolling(inner), 1)
        return panel

    def _make_detail(self) -> QWidget:
        detail = QWidget()
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(28, 16, 24, 24)
        self._column.setSpacing(0)
        self._column.addLayout(self._make_head())
        self._column.addSpacing(16)
        self._column.addWidget(self.form)
        self._below = QVBoxLayout()
        self._below.setContentsMargins(0, 20, 0, 0)
        self._column.addLayout(self._below)
        self._column.addStretch(1)
        column = QVBoxLayout(detail)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scrolling(inner), 1)
        column.addWidget(Divider())
        column.addWidget(self._make_foot())
        return detail

    def _make_head(self) -> QVBoxLayout:
        self.back = Button(self.tr("Providers"), icon="chevron-left", kind="quiet", size="small")
        self.back.clicked.connect(self._go_back)
        self._title = ElidedLabel(font="title", weight=600)
        self._pill = Pill(self.tr("added by you"))
        self.duplicate = Button(self.tr("Duplicate"), icon="copy")
        self.duplicate.clicked.connect(self.duplicate_provider)
        self.remove = Button(self.tr("Remove"), icon="trash-2", kind="destructive")
        self.remove.clicked.connect(self.remove_provider)
        self._file = ElidedLabel(font="small", color="text3", elide=Qt.TextElideMode.ElideMiddle)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self._title)
        first.addWidget(self._pill)
        first.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(first)
        words.addWidget(self._file)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.duplicate)
        buttons.addWidget(self.remove)
        buttons.addStretch(0)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(8)
        self._head.addLayout(words, 1)
        self._head.addLayout(buttons)
        head = QVBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeading)
        head.addLayout(self._head)
        return head

    def _make_foot(self) -> QWidget:
        foot = QWidget()
        self._saved_mark = Mark("check", "success", size=14)
        self._saved = Label(font="small", color="text2", wrap=True)
        self.undo = Button(self.tr("Undo"), icon="undo-2")
        self.undo.clicked.connect(self.undo_last)
        row = QHBoxLayout(foot)
        row.setContentsMargins(28, 7, 24, 7)
        row.setSpacing(8)
        row.addWidget(self._saved_mark)
        row.addWidget(self._saved, 1)
        row.addWidget(self.undo)
        return foot

    def _arrange(self) -> None:
        width = self.width()
        three, two = width >= theme().breakpoint(THREE_FROM), width >= theme().breakpoint(TWO_FROM)
        self._list_panel.setMaximumWidth(theme().scaled(LIST_WIDTH) if two else 16_777_215)
        self._list_panel.setMinimumWidth(theme().scaled(LIST_WIDTH) if two else 0)
        self._side.setFixedWidth(theme().scaled(CHECK_WIDTH))
        self._side.setVisible(three)
        self._list_panel.setVisible(two or not self._detail_shown)
        self._detail.setVisible(two or self._detail_shown)
        self.back.setVisible(not two)
        room = width - (self._list_panel.maximumWidth() if two else 0) - (self._side.width() if three else 0)
        folded = room < theme().scaled(HEAD_FOLDS_BELOW)
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._head.setDirection(down if folded else across)
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

    # The list.

    @property
    def current(self) -> str | None:
        """The id of the provider in the form; "" for one not kept yet."""
        return self._current

    def refresh(self) -> None:
        """Shows what is kept now; what is being typed stays."""
        rows = self.services.endpoints.rows()
        self.list.show_entries(self._entries(rows))
        self.list.set_current(self._current if self._current is not None else "")
        self._show_problems()
        if self._current and not self._touched:
            row = next((row for row in rows if row.endpoint.id == self._current), None)
            if row is None:
                self._choose_first()
            else:
                self._fill(row)

    def _entries(self, rows: tuple[EndpointRow, ...]) -> list[Entry]:
        used, without, others = [], [], []
        for row in sorted(rows, key=lambda row: _RANK.get(row.endpoint.id, len(_RANK))):
            if row.in_use or (row.key.state == "other_origin"):
                used.append(self._entry(row, self.tr("In use")))
            elif row.key.state == "missing":
                without.append(self._entry(row, self.tr("Without a key")))
            else:
                others.append(self._entry(row, self.tr("Not found on this computer")))
        hidden = len(without[MOST_WITHOUT_KEY:]) + len(others)
        self.show_all.setVisible(hidden > 0)
        everything = len(rows)
        self.show_all.set_label(
            self.tr("Show fewer") if self._show_all else self.tr("Show all {0}").format(everything)
        )
        if not self._show_all:
            mine = {row.endpoint.id for row in rows if not row.endpoint.shipped} | {self._current}
            without = [e for n, e in enumerate(without) if n < MOST_WITHOUT_KEY or e.id in mine]
            others = [e for e in others if e.id in mine]
        used.sort(key=lambda entry: entry.title.casefold())
        entries = [*used, *without, *others]
        if self._draft is not None:
            entries.insert(0, Entry(DRAFT, self._draft.name or self.tr("New provider"), "circle-dashed"))
        return entries

    def _entry(self, row: EndpointRow, head: str) -> Entry:
        endpoint = row.endpoint
        failed = self.check.last_failure(endpoint.id) if hasattr(self, "check") else None
        if row.key.state == "other_origin":
            return Entry(
                endpoint.id, endpoint.name, "circle-alert", "warning", self.tr("Key is for another address"),
                head=head,
            )  # fmt: skip
        if failed is not None:
            broken = self.tr("{0} failed").format(failed.name)
            words = self.tr("Key was refused") if failed.fix == "key" else broken
            return Entry(endpoint.id, endpoint.name, "circle-alert", "danger", words, head=head)
        if not row.in_use:
            return Entry(endpoint.id, endpoint.name, "circle", "text3", head=head)
        models = self.tr("1 model") if row.models == 1 else self.tr("{0} models").format(row.models)
        models = models if row.models else self.tr("no models listed")
        below = self.tr("{0}, this computer").format(models) if endpoint.local else models
        return Entry(endpoint.id, endpoint.name, "circle-check", "success", below, self.tr("ready"), head)

    def _toggle_all(self) -> None:
        self._show_all = not self._show_all
        self.refresh()

    def _show_problems(self) -> None:
        problems = self.services.endpoints.problems
        while (item := self._problem_column.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for problem in problems:
            self._problem_column.addWidget(self._problem_card(problem))
        self.problems.setVisible(bool(problems))

    def _problem_card(self, problem: ChatbenchError) -> Card:
        card = Card(fill="dangersoft", border="danger")
        column = QVBoxLayout(card)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        column.addWidget(Label(problem.message, font="small", color="danger", weight=600, wrap=True))
        column.addWidget(Label(problem.hint, font="small", color="text2", wrap=True))
        again = Button(self.tr("Read again"), size="small")
        again.clicked.connect(self.services.endpoints.reload)
        folder = Button(self.tr("Open the folder"), size="small")
        folder.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.services.endpoints.folder)))
        )
        buttons = QWidget()
        flow = Flow(buttons)
        flow.addWidget(again)
        flow.addWidget(folder)
        column.addWidget(buttons)
        return card

    # Which one.

    def _choose(self, provider: str) -> None:
        self._detail_shown = True
        self._arrange()
        if provider != DRAFT:
            self.show_provider(provider)

    def _choose_first(self) -> None:
        rows = self.list.rows()
        if rows:
            self.show_provider(rows[0].entry.id)

    def _go_back(self) -> None:
        self.flush()
        self._detail_shown = False
        self._arrange()
        self.list.focus_row()

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
        self.list.show_entries(self._entries(self.services.endpoints.rows()))
        self.list.set_current(provider)
        self._fill(row)

    def _fill(self, row: EndpointRow) -> None:
        endpoint = row.endpoint
        failed = self.check.last_failure(endpoint.id)
        refused = failed.found if failed is not None and failed.fix == "key" else ""
        self.form.show_row(row, refused)
        self.check.show_endpoint(endpoint)
        self._title.set_text(endpoint.name)
        own = not self.services.endpoints.shipped(endpoint.id)
        self._pill.set_state(self.tr("added by you") if own else self.tr("changed by you"))
        self._pill.setVisible(not endpoint.shipped)
        kept = self.tr("Kept as {0}").format(f"providers/{endpoint.id}.toml")
        self._file.set_text(self.tr("Comes with Chatbench") if endpoint.shipped else kept)
        self.duplicate.setVisible(True)
        self.remove.set_label(self.tr("Remove") if own else self.tr("As shipped"))
        self.remove.setVisible(not endpoint.shipped)

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
        self._title.set_text(self.tr("New provider"))
        self._pill.hide()
        self._file.set_text(self.tr("Not kept yet: it needs a name and an address."))
        self.duplicate.hide()
        self.remove.hide()
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
        copy = msgspec.structs.replace(
            source, id=self.services.endpoints.new_id(name), name=name, key_env=(), base_url_env=(),
            shipped=False,
        )  # fmt: skip
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
        shipped = self.services.endpoints.shipped(provider)
        words = self.tr("{0} is as shipped again.") if shipped else self.tr("{0} was removed.")
        if not shipped and had_key:
            words = self.tr("{0} was removed. Its key is still kept.")
        self._window.notices.show_notice(
            words.format(removed.name), action=(self.tr("Undo"), lambda: self._restore(removed))
        )
        self.refresh()
        if shipped:
            self.show_provider(provider)
        else:
            self._choose_first()
        self.list.focus_row()

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
        elif msgspec.structs.replace(wanted, shipped=False) != msgspec.structs.replace(before, shipped=False):
            if self._save(wanted):
                self._undo.append(before)
                self._tell_saved(self.tr("Saved as you type, last at {0}").format(time_now()))
                self.refresh()
        elif not self._undo:
            self._tell_saved("")

    def _keep_draft(self) -> None:
        wanted = self.form.endpoint()
        problems = self.form.problems()
        untouched = not wanted.name and not wanted.base_url
        half = {key for key in ("name", "base_url") if not getattr(wanted, key)}
        self.form.show_errors({} if untouched else {k: v for k, v in problems.items() if k not in half})
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
        self._saved.setText(words or self.tr("Saved as you type."))
        self._saved.set_color("danger" if failed else "text2")
        self._saved_mark.set_icon(*(("circle-alert", "danger") if failed else ("check", "success")))
        self._saved_mark.setVisible(bool(words))
        self.undo.setVisible(bool(self._undo))

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
        """Puts the focus on a field of the form, on the list, or on Add."""
        if key == "add":
            self.add_button.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif key == "key":
            self._detail_shown = True
            self._arrange()
            if self.form.key.wanted and self.form.rows["key"].isVisibleTo(self):
                self.form.key.focus_field()
            else:
                self.form.base_url.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.list.focus_row()
