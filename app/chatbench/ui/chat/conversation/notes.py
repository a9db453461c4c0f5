"""What is said of a message beside its time: how its words came about, and what was asked otherwise."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QCoreApplication

from chatbench.core.conversations import Conversation, Lane, TreeMessage
from chatbench.core.models import ModelRef
from chatbench.rendering.differences import parameter_differences
from chatbench.services.context import Why
from chatbench.services.models import ModelService
from chatbench.ui.chat.inspector.parameters import specs

LETTERS: Final = "ABCDEFGH"
"""What the open lanes are called, in their order."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("notes", text)


def notes_of(models: ModelService, message: TreeMessage, before: TreeMessage | None) -> tuple[str, ...]:
    """A few words each. `before` is the branch to the left of the message, where there is one: what was
    asked otherwise than there is named."""
    if message.role == "user":
        return ()
    notes = []
    if message.model is None:
        notes.append(_tr("written by hand"))
    elif message.edited:
        notes.append(_tr("edited"))
    if message.continues:
        notes.append(_tr("continued"))
    if message.prompt:
        notes.append(_tr("merged"))
    if before is not None and before.lane_id == message.lane_id and None not in (before.model, message.model):
        notes += _changed(models, message, before)
    return tuple(notes)


def origin_note(conversation: Conversation, message: TreeMessage) -> str:
    """Which lane a question was an answer of before it was sent on."""
    letter = lane_of_origin(conversation, message)
    return _tr("from lane {0}").format(letter) if letter else _tr("from another lane")


def lane_of_origin(conversation: Conversation, message: TreeMessage) -> str:
    """The letter of the open lane whose answer was sent on as this question; "" where there is none."""
    given = next((one for one in conversation.messages if one.id == message.sent_from), None)
    lanes = [lane.id for lane in conversation.lanes]
    return LETTERS[lanes.index(given.lane_id)] if given is not None and given.lane_id in lanes else ""


def unsent_note(why: Why) -> str:
    """That a message of the branch is not sent, where somebody wanted it so; else ""."""
    return {"person": _tr("not sent"), "summarised": _tr("in the summary")}.get(why, "")


def _changed(models: ModelService, message: TreeMessage, before: TreeMessage) -> list[str]:
    words: list[str] = []
    known = {spec.name: spec for spec in specs()}
    for one in parameter_differences(_asked(before), _asked(message)):
        if isinstance(one.a, ModelRef):
            words.append(_tr("instead of\n{0}").format(models.info(one.a).title.removeprefix("Claude ")))
        elif one.name == "system":
            words.append(_tr("other\nsystem prompt"))
        elif (spec := known.get(one.name)) is not None:
            old, new = (_value(spec.write, value) for value in (one.a, one.b))
            words.append(f"{spec.label.lower()}\n{old} → {new}")
        else:
            words.append(one.name)
    return words


def _value(write: Any, value: Any) -> str:
    return _tr("default") if value is None else str(write(value))


def _asked(message: TreeMessage) -> Lane:
    return Lane(id="", model=message.model, system=message.system, parameters=message.parameters)
