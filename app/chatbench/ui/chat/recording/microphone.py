"""The microphone, by Qt's multimedia module: it comes with an extra."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QObject, Signal

from chatbench.ui.chat.recording.samples import RATE

_MODULE: Final = "PySide6.QtMultimedia"


def _tr(text: str) -> str:
    return QCoreApplication.translate("recording", text)


def missing() -> str:
    """What is not installed, in a sentence; "" where all is."""
    return "" if find_spec(_MODULE) else _tr("Recording needs an extra: pip install chatbench[audio]")


def why_not() -> str:
    """Why nothing can be recorded here and now, in a sentence; "" where something can."""
    if words := missing():
        return words
    try:
        media = import_module(_MODULE)
    except ImportError as error:
        # It is installed, and needs a library of the system that is not, as libpulse.
        return _tr("Recording does not work on this computer: {0}").format(error)
    if media.QMediaDevices.defaultAudioInput().isNull():
        return _tr("This computer has no microphone.")
    return ""


class Microphone(QObject):
    """Listens from `start` to `stop`. ``heard(bytes)`` brings samples as `samples.Samples` takes them,
    ``lost()`` tells that there will be no more."""

    heard = Signal(bytes)
    lost = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._source: Any = None
        self._stream: Any = None

    def start(self) -> None:
        """Opens the default microphone. Only where `why_not` is ""."""
        media = import_module(_MODULE)
        form = media.QAudioFormat()
        form.setSampleRate(RATE)
        form.setChannelCount(1)
        form.setSampleFormat(media.QAudioFormat.SampleFormat.Int16)
        self._source = media.QAudioSource(media.QMediaDevices.defaultAudioInput(), form, self)
        self._stream = self._source.start()
        if self._stream is None:
            self.lost.emit()
            return
        self._stream.readyRead.connect(self._read)
        self._source.stateChanged.connect(self._changed)

    def stop(self) -> None:
        """Closes it; what was heard before has come."""
        source, self._source = self._source, None
        if source is not None:
            source.stop()
            self._stream = None

    def _read(self) -> None:
        if self._stream is not None:
            self.heard.emit(bytes(self._stream.readAll().data()))

    def _changed(self, _state: object) -> None:
        if self._source is not None and self._source.error().value:
            self.lost.emit()
