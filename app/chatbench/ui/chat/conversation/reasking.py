"""A question being edited where it stands: its words and files, Cancel, Save and Ask again."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.messages import user
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.ui.chat.composer.attaching import Attaching
from chatbench.ui.chat.composer.attachments import Attachments
from chatbench.ui.chat.composer.editor import Editor
from chatbench.ui.chat.composer.recipients import ESTIMATE_AFTER_MS
from chatbench.ui.chat.composer.strip import AttachmentStrip
from chatbench.ui.chat.conversation.overlay import paint_sheet
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.chat.transcript.frame import BOX_PADDING
from chatbench.ui.quantities import ABOUT, AT_LEAST, tokens
from chatbench.ui.quantities import estimate as price_of
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, ElidedLabel, describe

_GAP: Final = 8
_LEAST_LINES: Final = 2


class Reasking(QWidget):
    """The words of `draft`, beside the message `draft.edits`.

    `asked(Draft)` and `saved(Draft)` when it is to be sent or only kept, `changed(Draft)` with every
    change, `left()` when it is given up. It goes nowhere by itself: the owner ends it. The keys that
    send are those of the composer; Ctrl+S saves, Escape leaves.
    """

    asked = Signal(object)
    saved = Signal(object)
    changed = Signal(object)
    left = Signal()
    grown = Signal()

    def __init__(
        self,
        services: Services,
        conversation_id: str,
        was: Draft,
        draft: Draft,
        info: ModelInfo,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._services = services
        self.was = was
        """What it was before."""
        self._streaming = False
        self._most = 10_000
        self.attachments = Attachments(services, conversation_id, self)
        self.attaching = Attaching(self.attachments, conversation_id, self)
        self.strip = AttachmentStrip(self.attachments, self)
        self.editor = Editor(self)
        self.editor.setAccessibleName(self.tr("Words of the question"))
        self.editor.takes_escape = True
        self.estimate = ElidedLabel(font="small", color="text3", parent=self)
        self.estimate.setToolTip(
            self.tr("Tokens in, if this is asked: the chat before it, and what is written here")
        )
        self._before: tuple[ModelRef, int] | None = None
        self._estimating = QTimer(self)
        self._estimating.setSingleShot(True)
        self._estimating.setInterval(ESTIMATE_AFTER_MS)
        self._estimating.timeout.connect(self._estimate)
        self.cancel = Button(self.tr("Cancel"), kind="quiet", parent=self)
        self.save = Button(self.tr("Save"), parent=self)
        self.ask = Button(self.tr("Ask again"), kind="primary", parent=self)
        self._lay_out()
        self.attachments.set_model(info)
        self.attachments.replace(draft.attachments, draft.unread)
        self.editor.set_text(draft.text)
        self._connect()
        self._take_preferences()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.estimate, 1)
        for button in (self.cancel, self.save, self.ask):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(BOX_PADDING[0], BOX_PADDING[1], BOX_PADDING[0], BOX_PADDING[1])
        column.setSpacing(_GAP)
        column.addWidget(self.strip)
        column.addWidget(self.editor)
        column.addStretch(1)
        column.addLayout(row)

    def _connect(self) -> None:
        self.editor.textChanged.connect(self._changed)
        self.editor.send_wanted.connect(self._ask)
        self.editor.escaped.connect(self.left)
        self.editor.files_given.connect(self.attaching.mime)
        self.editor.html_pasted.connect(self.attaching.html)
        self.editor.grown.connect(self.grown)
        self.editor.installEventFilter(self)
        self.attachments.changed.connect(self._changed)
        self.strip.emptied.connect(lambda: self.editor.setFocus(Qt.FocusReason.OtherFocusReason))
        self.cancel.clicked.connect(self.left)
        self.save.clicked.connect(self._save)
        self.ask.clicked.connect(self._ask)
        disconnect = self._services.changes.connect(self._told)
        self.destroyed.connect(lambda *_: disconnect())

    @property
    def message_id(self) -> str:
        """The question it is about."""
        return self.was.edits or ""

    def draft(self) -> Draft:
        """What stands here, beside the question."""
        return Draft(text=self.editor.text(), attachments=self.attachments.parts, edits=self.was.edits)

    def set_before(self, model: ModelRef, context_tokens: int) -> None:
        """To whom it would be asked, and about how many tokens go before it: then it says what it takes."""
        self._before = (model, context_tokens)
        self._estimate()

    def _estimate(self) -> None:
        if self._before is None:
            return
        model, before = self._before
        draft = self.draft()
        known, unknown = self.attachments.tokens(model)
        told = self._services.models.estimate(model, [user(draft.text)], on_top_of=before + known)
        cost = None if unknown else told.cost
        sign = AT_LEAST if unknown else ABOUT
        words = f"{tokens(told.tokens, sign)} · {price_of(cost, free=told.free)}"
        self.estimate.set_text(left_to_right(words))
        self.estimate.setAccessibleName(self.tr("Before asking: {0}").format(words))

    def set_streaming(self, streaming: bool) -> None:
        """Whether an answer is being written: then nothing can be asked."""
        self._streaming = streaming
        self._offer()

    def height_over(self, words: int, room: int) -> int:
        """How high it is: as its words need, within `room`."""
        around = 2 * BOX_PADDING[1] + _GAP + self.ask.sizeHint().height()
        if not self.strip.isHidden():
            around += _GAP + max(self.strip.minimumHeight(), self.strip.sizeHint().height())
        line = theme().line("prose")
        self.editor.set_most_height(max(line * _LEAST_LINES, room - around))
        return max(words, around + self.editor.height())

    def _refusal(self) -> str:
        if self._streaming:
            return self.tr("The answer is still being written. Stop it, or wait for its end.")
        if self.attachments.loading:
            return self.tr("An attachment is still being read.")
        if (held := self.attachments.held_back()) is not None:
            return held
        if self.editor.is_blank() and not self.attachments.parts:
            return self.tr("Write something first.")
        return ""

    def _offer(self) -> None:
        refusal = self._refusal()
        unchanged = "" if self.draft() != self.was else self.tr("Nothing was changed.")
        keys = "Ctrl+Return" if self.editor.send_with_control else "Return"
        self.ask.setEnabled(not refusal)
        describe(self.ask, self.tr("Ask again"), keys, refusal)
        self.save.setEnabled(not (refusal or unchanged))
        describe(self.save, self.tr("Save, and ask nobody"), "Ctrl+S", refusal or unchanged)

    def _changed(self) -> None:
        self._offer()
        self._estimating.start()
        self.changed.emit(self.draft())
        self.grown.emit()

    def _ask(self) -> None:
        if self.ask.isEnabled():
            self.asked.emit(self.draft())

    def _save(self) -> None:
        if self.save.isEnabled():
            self.saved.emit(self.draft())

    def _take_preferences(self) -> None:
        self.editor.send_with_control = self._services.preferences.current.send_with == "ctrl+enter"
        self._offer()

    def _told(self, changes: Changes) -> None:
        if changes.preferences:
            self._take_preferences()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        saves = (
            watched is self.editor
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_S
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        )
        if saves and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif saves and event.type() == QEvent.Type.KeyPress:
            self._save()
            return True
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_sheet(self)
