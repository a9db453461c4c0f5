"""Several models beside each other, for tests of the real window."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMenu, QWidget
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import add_loopback, finished, press, until, view_of, write

from chatbench.core.models import ModelRef
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.lane import LaneView
from chatbench.ui.session import Session

FIRST = ModelRef("loopback", "model-a")
OTHER = ModelRef("loopback", "model-b")


async def two_lanes(session: Session, server: LoopbackServer) -> ConversationView:
    """A chat in which two models are asked."""
    session.window.resize(1440, 900)
    view = view_of(session)
    view.choose_model(add_loopback(session, server.base_url("openai_chat")))
    view.composer.lane_added.emit(OTHER)
    await until(lambda: len(view.lanes.views) == 2, "the second lane")
    return view


async def ask(view: ConversationView, words: str) -> None:
    """Types words, presses Enter, and waits until no lane is written any more and all show their ends."""
    before = len(view.conversation.messages)
    write(view, words)
    press(view.composer.editor, Qt.Key.Key_Return)
    await until(lambda: len(view.conversation.messages) > before, "the question")
    await finished(view)
    asked = [lane.transcript.stack for lane in view.lanes.views]
    await until(lambda: all(stack.following for stack in asked), "the ends of the lanes")


def writing(view: ConversationView) -> list[LaneView]:
    """The lanes in which words have come and the answer is not over."""
    return [lane for lane in view.lanes.views if (live := lane.live()) is not None and live.parts()]


def shown(lane: LaneView) -> list[str]:
    """Who speaks in a lane, from top to bottom."""
    messages = [lane.source.message(one) for one in lane.source.ids()]
    return [f"{one.role}:{one.model.id if one.model else ''}" for one in messages if one]


def choose(words: str) -> None:
    """Chooses an action of the menu that is open, by its keys."""
    (opened,) = [one for one in open_menus() if any(act.text() == words for act in one.actions())]
    action = next(act for act in opened.actions() if act.text() == words)
    assert action.isEnabled(), words
    opened.setActiveAction(action)
    press(opened, Qt.Key.Key_Return)


def tell(server: LoopbackServer, model: str, text: str, *, pace: float = 0.0) -> None:
    """What a model answers from here on, whatever is asked."""
    server.told[model] = replies.events(openai_chat.answer(openai_chat.pieces(text), model=model), pace=pace)


def spoken_in(lane: LaneView) -> str:
    """What a screen reader reads in a lane."""
    return "\n".join(item.plain_text() for item in lane.transcript.stack.items())


def open_menus() -> list[QMenu]:
    """The menus that stand open."""
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, QMenu) and one.isVisible()]


def open_dialogs() -> list[QDialog]:
    """The dialogs that stand open."""
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]


def everything_said(root: QWidget) -> str:
    """Every word a reader can see, hear or hover over below a widget."""
    found: list[str] = []
    for widget in (root, *root.findChildren(QWidget)):
        if not widget.isVisible():
            continue
        found += (widget.accessibleName(), widget.accessibleDescription(), widget.toolTip())
        if isinstance(widget, QAbstractButton):
            found.append(widget.text())
        elif callable(text := getattr(widget, "text", None)):
            found.append(str(text()))
    found += _spoken(QAccessible.queryAccessibleInterface(root))
    return "\n".join(found)


def _spoken(node: QAccessibleInterface | None) -> Iterator[str]:
    if node is None or node.state().invisible:
        return
    for kind in (QAccessible.Text.Name, QAccessible.Text.Description, QAccessible.Text.Value):
        yield node.text(kind)
    for at in range(node.childCount()):
        yield from _spoken(node.child(at))
