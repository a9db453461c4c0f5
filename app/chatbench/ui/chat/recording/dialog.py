"""The dialog while something is recorded: its length, its level, and a way to end it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.ui.chat.recording.microphone import Microphone
from chatbench.ui.chat.recording.samples import MOST_S, Samples
from chatbench.ui.filefacts import time_of
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, Meter, announce

_WIDE: Final = 360


class RecordDialog(QDialog):
    """Records from `begin` on. ``recorded(bytes)`` brings a WAV file, ``given_up(bytes)`` what was heard
    until it was cancelled, where anything was; it deletes itself."""

    recorded = Signal(bytes)
    given_up = Signal(bytes)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Record"))
        self._samples = Samples()
        self.microphone = Microphone(self)
        self.microphone.heard.connect(self._take)
        self.microphone.lost.connect(self._lose)
        self.length = Label(time_of(0), font="figure", weight=600)
        self.length.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.level = Meter()
        self.level.setAccessibleName(self.tr("How loud it is"))
        self.note = Label(
            self.tr("At most {0} minutes. Nothing is sent before you send it.").format(MOST_S // 60),
            font="small",
            color="text2",
            wrap=True,
        )
        give_up, self.stop_button = (
            Button(self.tr("Cancel")),
            Button(self.tr("Stop and attach"), kind="primary"),
        )
        give_up.clicked.connect(self.reject)
        self.stop_button.clicked.connect(self._stop)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(give_up)
        foot.addWidget(self.stop_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        for widget in (self.length, self.level, self.note):
            column.addWidget(widget)
        column.addLayout(foot)
        self.setMinimumWidth(theme().scaled(_WIDE))
        self.finished.connect(lambda _result: self.microphone.stop())
        self.stop_button.setFocus()

    def begin(self) -> None:
        """Open, and listen."""
        self.open()
        self.microphone.start()
        announce(self, self.tr("Recording"))

    def _take(self, data: bytes) -> None:
        self.level.set_fraction(self._samples.add(data))
        self.length.setText(time_of(int(self._samples.seconds)))
        if self._samples.full:
            self._stop()

    def _lose(self) -> None:
        """What was heard until then is not lost."""
        self.note.setText(self.tr("The microphone gives no sound any more."))
        announce(self, self.note.text(), at_once=True)
        self.stop_button.setEnabled(self._samples.seconds > 0)

    def reject(self) -> None:
        """Cancelled, or closed, perhaps by a slip."""
        self.microphone.stop()
        if self._samples.seconds:
            self.given_up.emit(self._samples.wav())
        super().reject()

    def _stop(self) -> None:
        self.microphone.stop()
        if self._samples.seconds:
            self.recorded.emit(self._samples.wav())
        self.accept()
