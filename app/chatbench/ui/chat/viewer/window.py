"""The window that shows one attached file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent, QIntValidator, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import FilePart, ImagePart, MediaPart, StoredFile
from chatbench.rendering.characters import visible
from chatbench.services import Services
from chatbench.ui.actions import Actions
from chatbench.ui.aio import spawn
from chatbench.ui.chat.saving import save_file
from chatbench.ui.chat.viewer.bodies import PictureBody, SoundBody, TextBody
from chatbench.ui.chat.viewer.body import Body
from chatbench.ui.chat.viewer.outside import ending_for, open_outside
from chatbench.ui.chat.viewer.pdf import PdfBody
from chatbench.ui.chat.viewer.picture import STEP
from chatbench.ui.filefacts import facts_of
from chatbench.ui.quantities import number, read_number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import ElidedLabel, IconButton, Label, LineField, Surface, announce

_USUAL: Final = QSize(880, 680)
_LEAST: Final = QSize(360, 300)
_FIT, _WHOLE = methodcaller("fit"), methodcaller("whole")
_FIND, _COPY = methodcaller("open_find"), methodcaller("copy")


def body_for(services: Services, part: MediaPart, parent: QWidget) -> Body:
    """What shows a file of this kind."""
    if isinstance(part, ImagePart):
        return PictureBody(services, part, parent)
    if isinstance(part, FilePart):
        made = PdfBody if part.media_type == "application/pdf" else TextBody
        return made(services, part, parent)
    return SoundBody(part, parent)


class ViewerWindow(Surface):
    """`owner` is the window it belongs to; it goes with that, and at Escape."""

    def __init__(
        self, services: Services, part: MediaPart, siblings: Sequence[MediaPart], owner: QWidget
    ) -> None:
        super().__init__("chrome", parent=owner)
        self.owner = owner
        self._services = services
        self._pictures = [one for one in siblings if isinstance(one, ImagePart)]
        self.part = part
        self.setWindowFlag(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.actions_here = Actions(self)
        self._add_actions()
        self.status = ElidedLabel(font="small", color="text2")
        self.percent = Label(font="small", color="text2")
        self.page = LineField(name=self.tr("Page"))
        self.page.setValidator(QIntValidator(1, 10_000_000, self.page))
        self.page.returnPressed.connect(self._jump)
        self.of_pages = Label(font="small", color="text2")
        self.body = body_for(services, part, self)
        self._lay_out()
        self._show_body()
        self.setMinimumSize(_LEAST)
        kept = services.preferences.current.viewer_size
        self.resize(_USUAL if kept is None else QSize(*(min(max(edge, 100), 8000) for edge in kept)))

    def _add_actions(self) -> None:
        zoom, call = partial(methodcaller, "zoom_by"), self._call
        for key, words, icon, shortcuts, do in (
            ("previous", self.tr("Previous picture"), "chevron-left", ("PgUp",), partial(self.turn, -1)),
            ("next", self.tr("Next picture"), "chevron-right", ("PgDown",), partial(self.turn, 1)),
            ("out", self.tr("Smaller"), "zoom-out", ("-", "Ctrl+-"), partial(call, zoom(1 / STEP))),
            # On many keyboards the plus stands above the equals sign.
            ("in", self.tr("Larger"), "zoom-in", ("+", "=", "Ctrl++"), partial(call, zoom(STEP))),
            ("fit", self.tr("Fit into the window"), "maximize", ("0", "Ctrl+0"), partial(call, _FIT)),
            ("whole", self.tr("As large as it is (100 %)"), "scaling", ("1",), partial(call, _WHOLE)),
            ("text", self.tr("Text beside"), "panel-right", ("T",), self._toggle_text),
            ("find", self.tr("Find"), "search", ("Ctrl+F",), partial(call, _FIND)),
            ("next-hit", self.tr("Next hit"), "", ("F3",), partial(call, methodcaller("find_step", 1))),
            (
                "hit-before",
                self.tr("Previous hit"),
                "",
                ("Shift+F3",),
                partial(call, methodcaller("find_step", -1)),
            ),
            ("copy", self.tr("Copy"), "copy", ("Ctrl+C",), partial(call, _COPY)),
            ("save", self.tr("Save as…"), "download", ("Ctrl+S",), self._save),
            (
                "outside",
                self.tr("Open with the system's program"),
                "external-link",
                ("Ctrl+O",),
                self._open_outside,
            ),
        ):
            action = self.actions_here.add(key, words, do, icon=icon, checkable=key == "text")
            action.setShortcuts([QKeySequence(one) for one in shortcuts])

    def _call(self, act: Callable[[Body], object]) -> None:
        """Have what is shown do something."""
        act(self.body)

    def _lay_out(self) -> None:
        self.buttons = {
            action.objectName(): IconButton.for_action(action)
            for action in self.actions_here
            if not action.icon().isNull()
        }
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(2)
        for key in ("previous", "next", "out"):
            row.addWidget(self.buttons[key])
        row.addWidget(self.percent)
        for key in ("in", "fit", "whole"):
            row.addWidget(self.buttons[key])
        row.addSpacing(8)
        row.addWidget(self.page)
        row.addSpacing(4)
        row.addWidget(self.of_pages)
        row.addStretch(1)
        for key in ("text", "find", "copy", "save", "outside"):
            row.addWidget(self.buttons[key])
        foot = QWidget()
        below = QHBoxLayout(foot)
        below.setContentsMargins(12, 4, 12, 4)
        below.addWidget(self.status)
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        self.set_layout(self._column)
        self._column.addWidget(head)
        self._column.addWidget(self.body, 1)
        self._column.addWidget(foot)

    def _show_body(self) -> None:
        """The window says what it shows, and offers what can be done with it."""
        part, body = self.part, self.body
        name = visible(part.name) or self.tr("File")
        self.setWindowTitle(name)
        words = facts_of(part)
        if isinstance(part, FilePart) and part.pages:
            words += self.tr(" · pages {0} are sent").format(part.pages)
        self.status.set_text(words)
        body.changed.connect(self._follow)
        if isinstance(body, PictureBody):
            body.view.turned.connect(self.turn)
        shown = dict.fromkeys(("out", "in", "fit", "whole"), body.zooms)
        shown |= dict.fromkeys(("find", "next-hit", "hit-before"), body.finds)
        shown |= dict.fromkeys(("previous", "next"), len(self._pictures) > 1 and part in self._pictures)
        shown |= {"text": isinstance(body, PdfBody), "copy": body.zooms or body.finds}
        for key, offered in shown.items():
            self.actions_here[key].setVisible(offered)
            self.actions_here[key].setEnabled(offered)
        if not ending_for(part):
            self.actions_here.set_enabled(
                "outside", False, self.tr("Files of this kind are not handed to other programs.")
            )
        self.percent.setVisible(body.zooms)
        for widget in (self.page, self.of_pages):
            widget.setVisible(isinstance(body, PdfBody))
        self._wear()
        self._follow()
        body.take_keyboard()

    def _wear(self) -> None:
        self.percent.setFixedWidth(theme().metrics("small").horizontalAdvance("0000 %") + 8)
        self.percent.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.page.setFixedWidth(theme().metrics("ui").horizontalAdvance("00000") + 20)

    def _follow(self) -> None:
        """Say how large it is, and which page is in view."""
        percent = self.body.percent
        self.percent.setText("" if percent is None else self.tr("{0} %").format(number(percent)))
        if isinstance(self.body, PdfBody) and self.body.pages is not None:
            if not self.page.hasFocus():
                self.page.setText(str(self.body.pages.current()))
            self.of_pages.setText(self.tr("of {0}").format(number(self.body.pages.count)))

    # What can be done

    def turn(self, step: int) -> None:
        """The next picture of the message, or the one before."""
        if len(self._pictures) < 2 or self.part not in self._pictures:
            return
        at = (self._pictures.index(self.part) + step) % len(self._pictures)
        self.part = self._pictures[at]
        before, self.body = self.body, body_for(self._services, self.part, self)
        self._column.replaceWidget(before, self.body)
        before.hide()
        before.deleteLater()
        self._show_body()
        place = self.tr("{0}, {1} of {2}").format(
            self.windowTitle(), number(at + 1), number(len(self._pictures))
        )
        announce(self, place)

    def _jump(self) -> None:
        page = read_number(self.page.text())
        if page is not None and isinstance(self.body, PdfBody):
            self.body.go_to(page)
            self.body.take_keyboard()
            self._follow()

    def _toggle_text(self) -> None:
        if isinstance(self.body, PdfBody):
            self.body.show_text(self.actions_here["text"].isChecked())

    def _save(self) -> None:
        source = self.part.source
        assert isinstance(source, StoredFile)
        read = partial(self._services.attachments.original, source.sha256)
        spawn(save_file(self, read, self.part.name), owner=self, name="save-attachment", on_error=self._tell)

    def _open_outside(self) -> None:
        spawn(open_outside(self._services, self.part), owner=self, name="open-outside", on_error=self._tell)

    def _tell(self, error: BaseException) -> None:
        """What went wrong stands at the foot."""
        if not isinstance(error, ChatbenchError):
            raise error
        words = f"{error.message} {error.hint}".strip()
        self.status.set_text(words)
        announce(self, words, at_once=True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        size = (self.width(), self.height())
        if size != self._services.preferences.current.viewer_size and not self.isMaximized():
            try:
                self._services.preferences.replace(viewer_size=size, initiator=self)
            except ChatbenchError as error:
                self._services.notifier.error(error)
