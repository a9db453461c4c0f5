"""Fragments: pieces of text that prompts share."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.ui import quantities
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, Surface, announce
from chatbench.ui.widgets.forms import scrolling, words_of
from chatbench.ui.workbench.library.fragmentform import FragmentForm
from chatbench.ui.workbench.listing import WorkbenchList
from chatbench.ui.workbench.rows import Row

_WIDE: Final = 640
_LIST_WIDTH: Final = 240
_LIST_HEIGHT: Final = 150


class FragmentsPage(Surface):
    """`open_wanted(key)` of a prompt; `told(words, undo)` with what takes it back, or None."""

    open_wanted = Signal(str)
    told = Signal(str, object)

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__("page", parent=parent)
        self._services = services
        self._current = ""
        self.setAccessibleName(self.tr("Fragments"))
        self.new = Button(self.tr("New fragment"), icon="plus")
        self.new.clicked.connect(lambda _checked: self.begin())
        self.list = WorkbenchList(self)
        self.list.setAccessibleName(self.tr("Fragments"))
        self.list.chosen.connect(lambda row: self.show_fragment(row.id))
        self.list.delete_wanted.connect(lambda row: self._do(self._delete(row.id)))
        self.form = FragmentForm()
        self.form.save_wanted.connect(lambda: self._do(self._save()))
        self.form.update_wanted.connect(lambda: self._do(self._update()))
        self.form.delete_wanted.connect(lambda: self._do(self._delete(self._current)))
        self.form.pin_wanted.connect(lambda prompt_id, sha256: self._do(self._pin(prompt_id, sha256)))
        self.form.open_wanted.connect(self.open_wanted)
        self._reading = Rereading(self._read, self, "fragments")
        self._lay_out()
        self._disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(self._disconnect)
        self.form.begin()
        self._reading.again()

    def _lay_out(self) -> None:
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(28, 20, 28, 24)
        body.setSpacing(12)
        body.addWidget(Label(self.tr("Fragments"), font="title", wrap=True))
        about = self.tr(
            'A fragment is a piece of text that prompts share: they name it as {{ fragment("name") }}. '
            "A change of it changes them all, but for those that are pinned."
        )
        body.addWidget(Label(about, color="text2", wrap=True))
        line = QHBoxLayout()
        line.addWidget(self.new)
        line.addStretch(1)
        body.addLayout(line)
        self._both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._both.setSpacing(20)
        self._both.addWidget(self.list)
        self._both.addWidget(self.form, 1)
        body.addLayout(self._both, 1)
        column = QVBoxLayout()
        self.set_layout(column)
        column.addWidget(scrolling(inner))
        self._fold()

    def release(self) -> None:
        """Stops listening."""
        self._disconnect()

    # What is in view.

    def begin(self, text: str = "", source: str = "") -> None:
        """A new fragment, of these words or from there."""
        self._put_aside()
        self._begin(text, source)

    def _begin(self, text: str = "", source: str = "", name: str = "") -> None:
        self._current = ""
        self.list.set_current("")
        self.form.begin(text, source)
        self.form.name.setText(name)

    def show_fragment(self, name: str) -> None:
        """Shows one of them."""
        if name != self._current:
            self._put_aside()
        self._current = name
        self._reading.again()

    def _put_aside(self) -> None:
        """What was written and not saved can be had again."""
        if not self.form.is_changed:
            return
        text, source, name = self.form.text.toPlainText(), self.form.source.text(), self.form.name.text()
        known = self.form.fragment is not None
        self.form.fragment = None

        async def again() -> None:
            if not known:
                self._begin(text, source, name)
                return
            self._current = name
            self._reading.again()
            await self._reading.ended()
            self.form.source.setText(source)
            self.form.text.setPlainText(text)

        words = self.tr("What was written in “{0}” is not saved.").format(name or self.tr("New fragment"))
        self.told.emit(words, lambda: self._do(again()))

    async def _read(self) -> None:
        prompts = self._services.prompts
        fragments = await prompts.fragments()
        uses = await prompts.fragment_uses()
        rows = []
        for one in fragments:
            count = len(uses.get(one.name, ()))
            used = self.tr("used by {0} prompt") if count == 1 else self.tr("used by {0} prompts")
            said = used.format(quantities.number(count))
            fact = quantities.number(count) if count else ""
            rows.append(
                Row(kind="fragment", title=one.name, id=one.name, fact=fact, icon="text-quote", said=said)
            )
        self.list.show_rows(rows, f"fragment:{self._current}")
        self.list.setVisible(bool(rows))
        found = next((one for one in fragments if one.name == self._current), None)
        if found is not None:
            versions = await prompts.fragment_versions(found.name)
            if found.name == self._current:
                self.form.show_fragment(found, versions, uses.get(found.name, ()))
        elif self._current:
            self._begin()

    def _changed(self, changes: Changes) -> None:
        if changes.prompts:
            self._reading.again()

    # What is done.

    async def _save(self) -> None:
        name, text, source = self.form.wanted()
        prompts = self._services.prompts
        taken = {one.name for one in await prompts.fragments()}
        if self.form.fragment is None and " ".join(name.split()) in taken:
            self.form.say(self.tr("There is a fragment called “{0}” already.").format(name.strip()))
            return
        saved = await prompts.save_fragment(name, text, source=source)
        self.form.fragment = saved
        self.form.source.setText(saved.source)
        self.form.text.setPlainText(saved.text)
        self._current = saved.name
        self._reading.again()

    async def _update(self) -> None:
        before = await self._services.prompts.fragment(self._current)
        saved = await self._services.prompts.update_fragment(self._current)
        self.form.text.setPlainText(saved.text)
        same = (
            self.tr("{0} is as it was.") if saved.sha256 == before.sha256 else self.tr("{0} was read anew.")
        )
        self.told.emit(same.format(saved.name), None)

    async def _delete(self, name: str) -> None:
        prompts = self._services.prompts
        gone = await prompts.delete_fragment(name)

        def undo() -> None:
            self._do(prompts.save_fragment(gone.name, gone.text, source=gone.source))

        self.told.emit(self.tr("“{0}” deleted").format(name), undo)

    async def _pin(self, prompt_id: str, sha256: str) -> None:
        saved = await self._services.prompts.pin_fragment(prompt_id, self._current, sha256)
        entry = await self._services.prompts.get(prompt_id)
        words = self.tr("{0} is saved as version {1}.")
        self.told.emit(words.format(entry.name, saved.number), None)

    def _do(self, work: Awaitable[object]) -> None:
        spawn(self._done(work), owner=self, name="fragments")

    async def _done(self, work: Awaitable[object]) -> None:
        self.form.say("")
        try:
            await work
        except ChatbenchError as error:
            self.form.say(words_of(error))
            announce(self, words_of(error), at_once=True)

    # How it stands.

    def _fold(self) -> None:
        """Narrow, the list stands above what is in view."""
        wide = self.width() >= theme().scaled(_WIDE)
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._both.setDirection(across if wide else down)
        self.list.setFixedWidth(theme().scaled(_LIST_WIDTH)) if wide else self.list.setMaximumWidth(
            16_777_215
        )
        self.list.setMaximumHeight(16_777_215 if wide else theme().scaled(_LIST_HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()
