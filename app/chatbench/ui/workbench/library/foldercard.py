"""A linked folder: where it is, what it holds, what is wrong in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.prompts import PromptEntry
from chatbench.services.prompts import Unread
from chatbench.ui import quantities
from chatbench.ui.widgets import Button, Card, ElidedLabel, Flow, IconButton, Label, Mark

Conflict = Literal["file", "here"]
"""Which side of a prompt that was changed on both becomes the newest version."""
_SHOWN: Final = 20


class FolderCard(Card):
    """`open_wanted(key)` of a prompt; `settled(PromptEntry, Conflict)`."""

    open_wanted = Signal(str)
    settled = Signal(object, str)

    def __init__(self, path: Path, name: str, *, is_home: bool) -> None:
        super().__init__()
        self._path = path
        self._state: object = None
        where = self.tr("The profile’s own folder") if is_home else name
        self.title = ElidedLabel(where, weight=600)
        self.place = ElidedLabel(
            str(path), font="code-small", color="text2", elide=Qt.TextElideMode.ElideMiddle
        )
        self.fact = Label(font="small", color="text3", wrap=True)
        self.show_button = IconButton(
            "folder-open", self.tr("Open {0} in the file manager").format(path.name)
        )
        self.show_button.clicked.connect(partial(_open, path))
        self.unlink = IconButton("unlink", self.tr("Unlink {0}").format(path.name))
        self.unlink.setVisible(not is_home)
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self.title, self.place, self.fact):
            words.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addLayout(words, 1)
        head.addWidget(self.show_button, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.unlink, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(14, 10, 14, 12)
        self._column.setSpacing(8)
        self._column.addLayout(head)
        self._rows: list[QWidget] = []

    @property
    def rows(self) -> tuple[QWidget, ...]:
        """What is to be looked after, a row each."""
        return tuple(self._rows)

    def show_state(
        self, count: int, both: Sequence[PromptEntry], unread: Sequence[Unread], strangers: Sequence[Path]
    ) -> None:
        """`count` prompts are read; `both` were changed here and there."""
        state = (
            count,
            tuple(both),
            tuple((one.path, one.error.message) for one in unread),
            tuple(strangers),
        )
        if state == self._state:
            return
        self._state = state
        held = self.tr("{0} prompt") if count == 1 else self.tr("{0} prompts")
        told = [held.format(quantities.number(count))]
        if strangers:
            names = ", ".join(path.name for path in strangers[:3]) + (" …" if len(strangers) > 3 else "")
            told.append(self.tr("passed over as something else: {0}").format(names))
        self.fact.setText(" · ".join(told))
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [*map(self._conflict, both), *map(self._unread, unread[:_SHOWN])]
        if len(unread) > _SHOWN:
            more = self.tr("… and {0} more files.").format(quantities.number(len(unread) - _SHOWN))
            self._rows.append(Label(more, font="small", color="text3"))
        for row in self._rows:
            self._column.addWidget(row)

    def _conflict(self, entry: PromptEntry) -> QWidget:
        words = self.tr("“{0}” was changed here and in its file. What is not taken stays as a version.")
        see, file, here = Button(self.tr("Open it"), size="small", kind="quiet"), *self._ways(entry)
        see.clicked.connect(partial(self.open_wanted.emit, f"prompt:{entry.id}"))
        return _row("git-compare", "warning", words.format(entry.name), (file, here, see))

    def _ways(self, entry: PromptEntry) -> tuple[Button, Button]:
        file = Button(self.tr("Take the file’s"), size="small")
        file.clicked.connect(partial(self.settled.emit, entry, "file"))
        here = Button(self.tr("Write this one"), size="small")
        here.clicked.connect(partial(self.settled.emit, entry, "here"))
        return file, here

    def _unread(self, unread: Unread) -> QWidget:
        shown = Button(self.tr("Show the file"), size="small")
        shown.setAccessibleName(self.tr("Show {0} in the file manager").format(unread.path.name))
        shown.clicked.connect(partial(_open, unread.path.parent))
        buttons = () if unread.path == self._path else (shown,)
        return _row("circle-alert", "danger", _breakable(unread.error.message), buttons)


def _row(icon: str, tone: Literal["warning", "danger"], words: str, buttons: Sequence[Button]) -> QWidget:
    """A mark, the words, and below them what can be done."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    line.addWidget(Mark(icon, tone, size=14), 0, Qt.AlignmentFlag.AlignTop)
    column = QVBoxLayout()
    column.setSpacing(4)
    column.addWidget(Label(words, font="small", wrap=True))
    if buttons:
        below = QWidget()
        policy = below.sizePolicy()
        policy.setHeightForWidth(True)
        below.setSizePolicy(policy)
        flow = Flow(below)
        for button in buttons:
            flow.addWidget(button)
        column.addWidget(below)
    line.addLayout(column, 1)
    return row


def _breakable(words: str) -> str:
    """With places where a long path can go on in the next line."""
    return words.replace("/", "/\u200b").replace("\\", "\\\u200b")


def _open(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
