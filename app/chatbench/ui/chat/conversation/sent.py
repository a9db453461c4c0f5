"""The dialog of what will be sent: item by item with its share, left out or summarised by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.messages import StoredFile
from chatbench.services import Services
from chatbench.services.context import ContextItem, ContextView
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.chat.inspector.context import ContextList, can_leave_out, share_words, why_words
from chatbench.ui.quantities import number
from chatbench.ui.theme import ColorRole
from chatbench.ui.widgets import Button, Label, Meter
from chatbench.ui.widgets.dialogs import fit_dialog

_SIZE: Final = (680, 620)
WARN_FROM: Final = 0.8


class SentDialog(QDialog):
    """Follows the conversation while it is open, and deletes itself. `summary_wanted(message_id)`.

    `draft` tells what stands in the composer when it is read.
    """

    summary_wanted = Signal(str)

    def __init__(
        self,
        services: Services,
        conversation_id: str,
        lane_id: str,
        draft: Callable[[], Draft],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("What will be sent"))
        self._services = services
        self._id, self._lane_id, self._draft = conversation_id, lane_id, draft
        self._reading = Rereading(self._read, self, "context-view")
        self.told = Label(font="ui", weight=600)
        self.about = Label(font="small", color="text2", wrap=True)
        self.meter = Meter(height=6)
        self.list = ContextList(self)
        self.list.toggled.connect(self._toggle)
        self.list.turned.connect(self._offer)
        self.leave_out = Button(self.tr("Leave out"))
        self.leave_out.clicked.connect(lambda: self._toggle(self.list.current()))
        self.summarise = Button(self.tr("Summarise up to here…"), icon="list-collapse")
        self.summarise.clicked.connect(self._summarise)
        self._lay_out()
        fit_dialog(self, *_SIZE)
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())
        self._offer(None)
        self.refresh()
        self.list.setFocus()

    def _lay_out(self) -> None:
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.leave_out)
        foot.addWidget(self.summarise)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.told)
        column.addWidget(self.meter)
        column.addWidget(self.about)
        column.addWidget(self.list, 1)
        column.addLayout(foot)

    def refresh(self) -> None:
        """Reads it again; several calls in a row read once."""
        self._reading.again()

    async def _read(self) -> None:
        self._show(await self._services.context.view(self._id, self._lane_id, self._draft()))

    def _changed(self, changes: Changes) -> None:
        if self._id in changes.conversations:
            self.refresh()

    def _show(self, view: ContextView) -> None:
        self.meter.setVisible(view.share is not None)
        title = self._services.models.info(view.model).title
        if view.window and view.share is not None:
            words = self.tr("≈ {0} of {1} tokens, {2}")
            self.told.setText(words.format(number(view.tokens), number(view.window), share_words(view.share)))
            tone: ColorRole = (
                "danger" if view.share >= 1 else "warning" if view.share >= WARN_FROM else "accent"
            )
            self.meter.set_fraction(view.share, tone)
        else:
            words = self.tr("≈ {0} tokens, size of the window unknown")
            self.told.setText(words.format(number(view.tokens)))
        unsent = sum(1 for item in view.items if item.why)
        self.about.setText(
            self.tr("To {0}: {1} parts, {2} of them not sent.").format(title, number(len(view.items)), unsent)
            if unsent
            else self.tr("To {0}: {1} parts.").format(title, number(len(view.items)))
        )
        self.list.show_items(view.items)

    def _offer(self, item: ContextItem | None) -> None:
        """What can be done with the marked item."""
        mine = item is not None and can_leave_out(item)
        summary = item is not None and item.kind == "summary"
        back = item is not None and item.why == "person"
        words = self.tr("Withdraw the summary") if summary else self.tr("Leave out")
        self.leave_out.set_label(self.tr("Send it again") if back else words)
        self.leave_out.setEnabled(mine)
        reason = why_words(item.why) if item is not None and not mine else ""
        self.leave_out.setToolTip(reason)
        ends = item is not None and bool(item.message_id) and not summary and item.why != "summarised"
        self.summarise.setEnabled(ends)

    def _toggle(self, item: ContextItem | None) -> None:
        if item is None or not can_leave_out(item):
            return
        context = self._services.context
        if item.kind == "summary":
            spawn(context.unsummarise(self._id, item.summary_id), name="unsummarise")
        elif item.part is not None and isinstance(item.part.source, StoredFile):
            sha256 = item.part.source.sha256
            out = item.why != "person"
            spawn(context.leave_out_file(self._id, item.message_id, sha256, out), name="leave-out-file")
        else:
            spawn(context.leave_out(self._id, item.message_id, item.why == ""), name="leave-out")

    def _summarise(self) -> None:
        item = self.list.current()
        if item is not None and item.message_id:
            self.summary_wanted.emit(item.message_id)
