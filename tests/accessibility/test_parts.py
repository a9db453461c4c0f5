"""The parts of a message that assistive technology was given are taken back when they are gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAccessible, QAccessibleInterface
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from tests.ui.transcript.samples import RICH

from chatbench.core.conversations import TreeMessage
from chatbench.core.messages import TextPart
from chatbench.ui.chat.transcript.source import Entry, ListSource
from chatbench.ui.chat.transcript.view import TranscriptView


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[TranscriptView]:
    """A question and a rich answer."""
    made = TranscriptView()
    texts = {"m0": "A question.", "m1": f"## A heading\n\n{RICH}"}
    made.set_source(ListSource([_entry(one, text) for one, text in texts.items()]))
    made.resize(900, 700)
    made.show()
    qtbot.waitExposed(made)
    yield made
    if isValid(made):
        made.close()
        made.deleteLater()
        qtbot.waitUntil(lambda: not isValid(made))


def _entry(identifier: str, text: str) -> Entry:
    message = TreeMessage(
        id=identifier, conversation_id="c", parent_id=None, turn_id="t", parts=(TextPart(text=text),),
        role="user" if identifier == "m0" else "assistant",
    )  # fmt: skip
    return Entry(message, "You" if identifier == "m0" else "Model")


def _all(node: QAccessibleInterface) -> list[QAccessibleInterface]:
    found = []
    for at in range(node.childCount()):
        child = node.child(at)
        assert child is not None
        found += [child, *_all(child)]
    return found


def _messages(view: TranscriptView) -> list[QAccessibleInterface]:
    root = QAccessible.queryAccessibleInterface(view)
    return [root.child(at) for at in range(root.childCount())]


def test_what_assistive_technology_knows_goes_with_the_view(view: TranscriptView, qtbot: QtBot) -> None:
    known = [QAccessible.uniqueId(part) for message in _messages(view) for part in (message, *_all(message))]
    assert len(known) > 20
    assert all(QAccessible.accessibleInterface(one) is not None for one in known)
    view.close()
    view.deleteLater()
    qtbot.waitUntil(lambda: not isValid(view))
    assert not any(QAccessible.accessibleInterface(one) for one in known)


def test_every_part_has_words_a_place_and_its_parent(view: TranscriptView) -> None:
    _, answer = _messages(view)
    within = answer.rect()
    for part in _all(answer):
        state = part.state()
        spoken = part.text(QAccessible.Text.Name)
        assert spoken or part.role() == QAccessible.Role.Separator, part.role()
        assert part.parent() is not None
        if not state.offscreen:
            assert within.adjusted(-4, -4, 4, 4).contains(part.rect().center()), spoken
    roles = {part.role() for part in _all(answer)}
    assert {QAccessible.Role.Heading, QAccessible.Role.Paragraph, QAccessible.Role.Button} <= roles


def test_a_button_is_pressed_through_its_action(view: TranscriptView, qtbot: QtBot) -> None:
    _, answer = _messages(view)
    more = next(part for part in _all(answer) if part.text(QAccessible.Text.Name) == "More")
    with qtbot.waitSignal(view.more_requested):
        more.actionInterface().doAction("Press")
