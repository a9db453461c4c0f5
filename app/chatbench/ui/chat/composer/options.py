"""How one attachment is sent: its possible forms with what each takes, its pages, its detail."""

from __future__ import annotations

from functools import partial
from typing import Final, cast

from msgspec.structs import replace
from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QStyle, QVBoxLayout, QWidget

from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import Detail, FileForm, FilePart, ImagePart
from chatbench.core.models import ModelInfo
from chatbench.services.attachments import Form
from chatbench.ui import icons
from chatbench.ui.chat.composer.attachment import Attachment
from chatbench.ui.chat.composer.attachments import Attachments
from chatbench.ui.chat.composer.sendwords import form_words, how, name_of, picture_words, tokens_words
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import estimate, number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import (
    Button,
    ElidedLabel,
    Label,
    LineField,
    PaintedButton,
    Popup,
    Select,
    box,
    describe,
    ring_inside,
)
from chatbench.ui.widgets.paint import draw_title

_WIDTH: Final = 340
_CHECK_AFTER_MS: Final = 200
_NATIVE: Final = ("native", "text", "pages")


class FileOptions(Popup):
    """Beside a card. A choice holds at once; Escape or a press outside closes it.

    ``preview_wanted()``, ``save_wanted()`` and ``remove_wanted()`` are asked of the owner.
    """

    preview_wanted = Signal()
    save_wanted = Signal()
    remove_wanted = Signal()

    def __init__(self, attachments: Attachments, item: Attachment, parent: QWidget) -> None:
        super().__init__(parent, name=attachments.tr("How {0} is sent").format(name_of(item)))
        self._attachments = attachments
        self._item = item
        self.forms: dict[str, FormRow] = {}
        self.pages: LineField | None = None
        self.detail: Select | None = None
        self._checking = QTimer(self)
        self._checking.setSingleShot(True)
        self._checking.setInterval(_CHECK_AFTER_MS)
        self._checking.timeout.connect(self._take_pages)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(14, 12, 14, 12)
        self._column.setSpacing(8)
        self.body.addLayout(self._column)
        self._build()
        self.setFixedWidth(theme().scaled(_WIDTH) + self.body.contentsMargins().left() * 2)
        attachments.changed.connect(self._follow)

    def _build(self) -> None:
        part = self._item.part
        self._column.addWidget(
            ElidedLabel(name_of(self._item), weight=600, elide=Qt.TextElideMode.ElideMiddle)
        )
        self._group = QButtonGroup(self)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        self._column.addLayout(self._rows)
        self._show_forms()
        if self._item.is_pdf:
            self._add_pages(cast(FilePart, part))
        if isinstance(part, ImagePart):
            self._add_detail(part)
        self._lanes = Label(font="small", color="text2", wrap=True)
        self._column.addWidget(self._lanes)
        self._show_lanes()
        self._add_buttons()

    # The forms.

    def _show_forms(self) -> None:
        seen = self._item.in_use
        if seen is None:
            return
        info = self._item.gets[0].info
        for form in seen.forms:
            row = self.forms.get(form.sent_as)
            if row is None:
                row = self.forms[form.sent_as] = FormRow(self)
                row.clicked.connect(partial(self._choose, form.sent_as))
                self._rows.addWidget(row)
                self._group.addButton(row)
            row.show_form(self._name(form, info), self._facts(form, info), form.why_not)
            row.setChecked(seen.chosen is not None and form.sent_as == seen.chosen.sent_as)

    def _name(self, form: Form, info: ModelInfo) -> str:
        part = self._item.part
        words = picture_words(part, info) if isinstance(part, ImagePart) else form_words(form)
        return words[:1].upper() + words[1:]

    def _facts(self, form: Form, info: ModelInfo) -> str:
        if form.why_not:
            return ""
        told = tokens_words(form.tokens)
        if form.tokens is None or self._attachments.blind:
            return told
        cost = self._attachments.services.models.estimate(info.ref, (), on_top_of=form.tokens)
        return f"{told} · {left_to_right(estimate(cost.cost, free=cost.free))}"

    def _choose(self, sent_as: str) -> None:
        part = self._item.part
        if isinstance(part, FilePart) and sent_as in _NATIVE:
            self._attachments.revise(self._item, replace(part, form=cast(FileForm, sent_as)))

    # Pages and detail.

    def _add_pages(self, part: FilePart) -> None:
        count = part.page_count
        self.pages = LineField(part.pages, name=self.tr("Pages that are sent"), parent=self)
        self.pages.setPlaceholderText(self.tr("All {0}, or like 1-3, 7").format(number(count)))
        self._note = Label(font="small", color="danger", wrap=True)
        self._note.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Label(self.tr("Pages"), color="text2"))
        row.addWidget(self.pages, 1)
        self._column.addLayout(row)
        self._column.addWidget(self._note)
        self.pages.textEdited.connect(lambda _text: self._checking.start())
        self.pages.editingFinished.connect(self._take_pages)

    def _take_pages(self) -> None:
        self._checking.stop()
        part = self._item.part
        if self.pages is None or not isinstance(part, FilePart):
            return
        wanted = replace(part, pages=self.pages.text().strip())
        try:
            self._attachments.services.attachments.pages_sent(wanted, part.page_count)
        except AttachmentRefused as error:
            self._say(error.message)
            return
        self._say("")
        self._attachments.revise(self._item, wanted)

    def _say(self, problem: str) -> None:
        self._note.setText(problem)
        self._note.setVisible(bool(problem))
        if self.pages is not None:
            self.pages.setAccessibleDescription(problem)
        self.adjustSize()

    def _add_detail(self, part: ImagePart) -> None:
        self.detail = Select(name=self.tr("Detail"), compact=True, parent=self)
        for key, words in (
            ("", self.tr("As the model likes")),
            ("low", self.tr("Low: fewer tokens")),
            ("high", self.tr("High")),
            ("original", self.tr("Original")),
        ):
            self.detail.addItem(words, key)
        self.detail.setCurrentIndex(
            max(0, self.detail.findData("" if part.detail == "auto" else part.detail))
        )
        self.detail.currentIndexChanged.connect(self._take_detail)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Label(self.tr("Detail"), color="text2"))
        row.addWidget(self.detail, 1)
        self._column.addLayout(row)

    def _take_detail(self) -> None:
        part = self._item.part
        if self.detail is not None and isinstance(part, ImagePart):
            chosen = cast(Detail, self.detail.currentData())
            self._attachments.revise(self._item, replace(part, detail=chosen))

    # The rest.

    def _show_lanes(self) -> None:
        gets = self._item.gets
        ways = [f"{one.letter}: {how(self._item, one)}" for one in gets]
        differ = len({how(self._item, one) for one in gets}) > 1
        notes = list(ways) if differ else []
        if self._item.scan:
            notes.append(self.tr("It is a scan: there is no text in it to send."))
        self._lanes.setText("\n".join(notes))
        self._lanes.setVisible(bool(notes))

    def _add_buttons(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.preview = Button(self.tr("Preview"), size="small")
        self.save = Button(self.tr("Save a copy…"), size="small")
        self.remove = Button(self.tr("Remove"), kind="quiet", size="small")
        for button, wanted in (
            (self.preview, self.preview_wanted),
            (self.save, self.save_wanted),
            (self.remove, self.remove_wanted),
        ):
            button.clicked.connect(self.close)
            button.clicked.connect(lambda _checked=False, wanted=wanted: wanted.emit())
            row.addWidget(button)
        row.addStretch(1)
        self._column.addLayout(row)

    def _follow(self) -> None:
        if self._item not in self._attachments.items:
            self.close()
            return
        self._show_forms()
        self._show_lanes()
        self.adjustSize()


class FormRow(PaintedButton):
    """One form: its name, what it takes, or why it is none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = self._facts = self._why_not = ""
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_form(self, name: str, facts: str, why_not: str) -> None:
        """Says it."""
        self._name, self._facts = name, facts
        self._why_not = why_not = why_not[:1].upper() + why_not[1:]
        self.setText(name)
        describe(self, ", ".join(one for one in (name, facts) if one), None, why_not)
        self.setEnabled(not why_not)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(200), theme().line("ui") + theme().line("small") + 10)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = self.state_fill(None)
        if fill is not None:
            box(painter, self.rect(), theme().corner("control"), fill)
        direction, edge, upper = self.layoutDirection(), theme().icon_size(14), theme().line("ui")
        inner = self.rect().adjusted(8, 5, -8, -5)
        if self.isChecked():
            mark = QRect(inner.x(), inner.y(), edge, upper)
            icons.draw(painter, "check", QStyle.visualRect(direction, self.rect(), mark), "accenttext")
        text = inner.adjusted(edge + 8, 0, 0, 0)
        painter.setFont(theme().font("ui", 500))
        painter.setPen(theme().color("text" if self.isEnabled() else "text3"))
        line = QRect(text.x(), text.y(), text.width(), upper)
        draw_title(painter, QStyle.visualRect(direction, self.rect(), line), self._name, direction)
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text2"))
        line = QRect(text.x(), text.y() + upper, text.width(), theme().line("small"))
        room = QStyle.visualRect(direction, self.rect(), line)
        draw_title(painter, room, self._why_not or self._facts, direction)
        ring_inside(painter, self, self.rect(), theme().corner("control"))
        painter.end()
