"""The secret field: what it hands over once, and never shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from chatbench.ui.widgets import Button, SecretField

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LEFT = Qt.MouseButton.LeftButton
CANARY = "sk-canary-0123456789-7Qxe"


def everything_said(field: SecretField) -> str:
    """All text any part of the widget holds, shows or reads out."""
    said = []
    for widget in field.findChildren(QWidget):
        said += [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip()]
        text = getattr(widget, "text", None)
        if callable(text):
            said.append(str(text()))
    return "\n".join(said)


def visible_labels(field: SecretField) -> list[str]:
    return [label.text() for label in field.findChildren(QLabel) if label.isVisible()]


def button(field: SecretField, label: str) -> Button:
    return next(found for found in field.findChildren(Button) if found.label() == label)


def shown_field(qtbot: QtBot) -> SecretField:
    field = SecretField(name="Key", placeholder="Paste an OpenAI key")
    qtbot.addWidget(field)
    field.show()
    return field


def test_a_new_key_is_handed_over_once_and_forgotten(qtbot: QtBot) -> None:
    field = shown_field(qtbot)
    line = field.findChildren(QLineEdit)[0]
    assert line.echoMode() is QLineEdit.EchoMode.Password
    assert not button(field, "Save and check").isEnabled()
    given: list[str] = []
    field.submitted.connect(given.append)
    QTest.keyClicks(line, f" {CANARY} ")
    QTest.mouseClick(button(field, "Save and check"), LEFT)
    assert given == [CANARY]
    assert CANARY not in everything_said(field)


def test_a_stored_key_shows_its_place_and_four_characters(qtbot: QtBot) -> None:
    field = shown_field(qtbot)
    field.set_stored("In the keyring of your system", CANARY, problem="The server refused it.")
    said = everything_said(field)
    assert CANARY not in said
    assert "6789" not in said
    assert "7Qxe" in said
    assert "In the keyring of your system" in said
    assert "The server refused it." in [
        label.text() for label in field.findChildren(QLabel) if label.isVisible()
    ]
    field.set_problem("")
    assert not any("refused" in label.text() for label in field.findChildren(QLabel) if label.isVisible())


def test_replace_can_be_cancelled_and_forget_asks(qtbot: QtBot) -> None:
    field = shown_field(qtbot)
    field.set_stored("In the keyring of your system", "7Qxe")
    line = field.findChildren(QLineEdit)[0]
    assert not line.isVisible()
    QTest.mouseClick(button(field, "Replace…"), LEFT)
    assert line.isVisible()
    QTest.keyClicks(line, "half")
    QTest.mouseClick(button(field, "Cancel"), LEFT)
    assert not line.isVisible()
    assert line.text() == ""
    with qtbot.waitSignal(field.forget_requested):
        QTest.mouseClick(button(field, "Forget"), LEFT)


def test_a_key_from_the_environment_cannot_be_forgotten_here(qtbot: QtBot) -> None:
    field = shown_field(qtbot)
    field.set_stored("From OPENAI_API_KEY", "7Qxe", can_forget=False)
    assert not button(field, "Forget").isVisible()
