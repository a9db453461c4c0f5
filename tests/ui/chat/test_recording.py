"""Recording: what is made of samples, the dialog, and what is said where nothing can be recorded."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Callable, Coroutine
from math import pi, sin
from pathlib import Path
from typing import Any

import PySide6
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chatbench.core.messages import AudioPart
from chatbench.services import Services
from chatbench.ui.actions import Actions
from chatbench.ui.chat.capturecommands import add_capture_actions
from chatbench.ui.chat.recording.dialog import RecordDialog
from chatbench.ui.chat.recording.microphone import missing, why_not
from chatbench.ui.chat.recording.samples import MOST_S, RATE, Samples, level

Run = Callable[[Coroutine[Any, Any, None]], None]
NEEDED = "Recording needs an extra: pip install chatbench[audio]"


def tone(seconds: float, loudness: float = 0.5) -> bytes:
    """A sine of 440 Hz."""
    samples = (round(32_767 * loudness * sin(2 * pi * 440 * n / RATE)) for n in range(int(seconds * RATE)))
    return array("h", samples).tobytes()


def test_what_was_heard_is_a_wav_file_however_it_was_cut() -> None:
    heard, samples = tone(1.5), Samples()
    for at in range(0, len(heard), 999):
        samples.add(heard[at : at + 999])
    assert samples.seconds == 1.5
    with wave.open(io.BytesIO(samples.wav())) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.readframes(file.getnframes()) == heard


def test_no_more_than_an_hour_is_taken() -> None:
    samples = Samples()
    for _ in range(MOST_S // 60 + 1):
        assert not samples.full or samples.seconds == MOST_S
        samples.add(bytes(60 * RATE * 2))
    assert samples.full
    assert samples.seconds == MOST_S


@pytest.mark.parametrize(
    ("data", "least", "most"),
    [(b"", 0, 0), (bytes(200), 0, 0), (tone(0.1, 1.0), 0.94, 0.96), (tone(0.1, 0.01), 0.25, 0.3)],
)
def test_the_level_is_in_decibels(data: bytes, least: float, most: float) -> None:
    assert least <= level(data) <= most


def test_the_dialog_shows_time_and_level_and_gives_a_file(
    qapp: QApplication, services: Services, run_async: Run
) -> None:
    owner = QWidget()
    owner.show()
    dialog = RecordDialog(owner)
    dialog.open()
    files: list[bytes] = []
    dialog.recorded.connect(files.append)
    dialog.microphone.heard.emit(tone(61))
    assert dialog.length.text() == "1:01"
    assert dialog.level._fraction > 0.8
    QTest.mouseClick(dialog.stop_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    (data,) = files

    async def scenario() -> None:
        part = await services.attachments.attach_bytes(data, "Recording.wav", None)
        assert isinstance(part, AudioPart)
        assert part.seconds == 61

    run_async(scenario())
    owner.close()
    owner.deleteLater()


def test_escape_takes_it_away_and_a_lost_microphone_does_not(qapp: QApplication) -> None:
    owner = QWidget()
    owner.show()
    for lost in (False, True):
        dialog = RecordDialog(owner)
        dialog.open()
        files: list[bytes] = []
        given_up: list[bytes] = []
        dialog.recorded.connect(files.append)
        dialog.given_up.connect(given_up.append)
        dialog.microphone.heard.emit(tone(1))
        if lost:
            dialog.microphone.lost.emit()
            assert dialog.note.text() == "The microphone gives no sound any more."
            QTest.keyClick(dialog.stop_button, Qt.Key.Key_Space)
        else:
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert not dialog.isVisible()
        assert (len(files), len(given_up)) == (lost, not lost)
    owner.close()
    owner.deleteLater()


def test_where_nothing_was_heard_nothing_is_given_up(qapp: QApplication) -> None:
    owner = QWidget()
    owner.show()
    dialog = RecordDialog(owner)
    dialog.open()
    given_up: list[bytes] = []
    dialog.given_up.connect(given_up.append)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert given_up == []
    owner.close()
    owner.deleteLater()


def test_without_the_extra_the_action_says_so(qapp: QApplication) -> None:
    assert missing() == NEEDED
    assert why_not() == NEEDED
    window = QWidget()
    actions = Actions(window)
    add_capture_actions(actions, lambda: None)
    record = actions["chat.attach-record"]
    assert not record.isEnabled()
    assert record.property("reason") == NEEDED
    shot = actions["chat.attach-screenshot"]
    assert not shot.isEnabled()
    assert shot.property("reason") == "Nothing on this computer gives pictures of its screen."
    window.deleteLater()


def test_a_library_that_the_system_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = "libpulse.so.0: cannot open shared object file"
    (tmp_path / "QtMultimedia.py").write_text(f"raise ImportError({lacking!r})")
    monkeypatch.setattr(PySide6, "__path__", [*PySide6.__path__, str(tmp_path)])
    assert missing() == ""
    assert why_not() == f"Recording does not work on this computer: {lacking}"
