"""The actions that attach what is on the screen, or what a microphone hears."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale
from shiboken6 import isValid

from chatbench.ui.aio import spawn
from chatbench.ui.chat import screenshot
from chatbench.ui.chat.recording.microphone import missing, why_not
from chatbench.ui.widgets.tooltips import tip

if TYPE_CHECKING:
    from chatbench.ui.actions import Actions
    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.chat.recording.dialog import RecordDialog

View = Callable[[], "ConversationView | None"]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Capturing", text)


def add_capture_actions(commands: Actions, current: View) -> None:
    """Registers them with a window; they are about the chat that is in view. What cannot be done here is
    disabled, with the reason."""
    place, areas = _tr("Chat"), screenshot.areas()
    part: screenshot.Area = "region" if "region" in areas else "desktop"
    for key, words, act, icon, reason in (
        ("screenshot", _tr("Screenshot of a part…"), partial(_shoot, part), "crop", screenshot.why_not()),
        (
            "screen",
            _tr("Screenshot of the screen"),
            partial(_shoot, "screen"),
            "monitor",
            screenshot.why_not(),
        ),
        ("record", _tr("Record…"), _record, "mic", missing()),
    ):
        action = f"chat.attach-{key}"
        commands.add(action, words, partial(_on_view, current, act), icon=icon, place=place)
        if reason:
            commands.set_enabled(action, False, reason)
            commands[action].setToolTip(tip(reason))


def _on_view(current: View, act: Callable[[ConversationView], object]) -> None:
    view = current()
    if view is not None:
        act(view)


def _shoot(area: screenshot.Area, view: ConversationView) -> None:
    spawn(_attach_picture(area, view), owner=view, name="screenshot")


async def _attach_picture(area: screenshot.Area, view: ConversationView) -> None:
    try:
        image = await screenshot.take(view.window(), area)
    except screenshot.ScreenshotRefused as refused:
        view.window_frame.notices.show_notice(refused.words)
        return
    if image is not None:
        view.composer.attachments.add_picture(image, _named(_tr("Screenshot {0}"), "png"))
        view.composer.setFocus()


def _record(view: ConversationView) -> None:
    from chatbench.ui.chat.recording.dialog import RecordDialog

    if reason := why_not():
        view.window_frame.notices.show_notice(reason)
        return
    dialog = RecordDialog(view.window())
    attach_recording(dialog, view, _named(_tr("Recording {0}"), "wav"))
    dialog.begin()


def attach_recording(dialog: RecordDialog, view: ConversationView, name: str) -> None:
    """What was recorded goes to the chat; what was given up may still."""
    notices = view.window_frame.notices

    def attach(data: bytes) -> None:
        if isValid(view):
            view.composer.attachments.add_bytes(data, name)

    def offer(data: bytes) -> None:
        words = _tr("The recording was thrown away.")
        notices.show_notice(words, action=(_tr("Undo"), lambda: attach(data)))

    dialog.recorded.connect(attach)
    dialog.given_up.connect(offer)


def _named(words: str, ending: str) -> str:
    """A file's name with the time of day, which tells several apart."""
    now = QLocale.c().toString(QDateTime.currentDateTime(), "yyyy-MM-dd HH.mm.ss")
    return f"{words.format(now)}.{ending}"
