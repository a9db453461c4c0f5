"""The one list of what can be done with a message: its row, its menus and its keys choose from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from chatbench.core.models import GUIDE
from chatbench.ui.chat.conversation.source import siblings_in
from chatbench.ui.chat.transcript.selection import of_message
from chatbench.ui.chat.transcript.states import can_continue

if TYPE_CHECKING:
    from chatbench.core.conversations import TreeMessage
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView


class Offer(NamedTuple):
    """One thing that can be done with a message, as a menu says it; or several in a menu of their own."""

    key: str
    words: str
    inside: tuple[Offer, ...] = ()


def tr(words: str) -> str:
    """Words of this module, translated."""
    return QCoreApplication.translate("MessageActs", words)


def deeds(view: ConversationView, lane: LaneView, message: TreeMessage) -> dict[str, Callable[[], object]]:
    """Everything that can ever be done with a message, by key."""
    acts, edits, mine = view.acts, view.edits, message.role == "user"
    return {
        "copy": partial(copy_message, lane, message),
        "regenerate": partial(acts.regenerate, message),
        "regenerate-model": partial(acts.regenerate_with, message),
        "regenerate-parameters": partial(acts.regenerate_otherwise, message),
        "ways": partial(acts.show_ways, lane, message),
        "retry": partial(acts.retry, lane, message),
        "retry-with": partial(acts.regenerate_with, message),
        "retry-now": partial(acts.retry_now, message),
        "stop": partial(view.stop_lane, lane),
        "edit": partial(edits.edit, message) if mine else partial(edits.rewrite, lane, message),
        "continue": partial(acts.go_on, lane, message),
        "quote": partial(acts.quote, lane, message),
        "quote-selection": partial(acts.quote_selection, lane),
        "fork": partial(acts.fork, lane, message),
        "to-prompt": partial(view.prompt_wanted.emit, lane.id),
        "to-case": partial(view.case_wanted.emit, message.id),
        "previous-branch": partial(acts.step_branch, lane, message, -1),
        "next-branch": partial(acts.step_branch, lane, message, 1),
        "tree": partial(acts.show_tree, lane, message),
        "leave-out": partial(acts.leave_out, message),
        "summarise": partial(acts.summarise, message.id),
        "outline": partial(acts.show_outline, lane, message),
        "inspect": partial(view.selected.emit, message),
        "details": partial(view.selected.emit, message),
        "settings": lambda: view.provider_wanted.emit((message.model or GUIDE).provider),
        "delete": partial(acts.delete, message),
    }


def offers(view: ConversationView, lane: LaneView, message: TreeMessage) -> list[list[Offer]]:
    """What a menu offers now, in groups."""
    if message.state == "streaming":
        return [[Offer("copy", tr("Copy message")), Offer("quote", tr("Quote"))], [Offer("stop", tr("Stop"))]]
    groups = [
        list(_words(message, streaming=view.streaming)),
        [] if view.streaming or message.role == "user" else list(ways(message)),
        list(_branches(view, message)),
        [Offer("", tr("Workbench"), tuple(_handing(message)))] if view.hands_on else [],
        list(_sending(view, message)),
        list(_looking(lane, message)),
        [] if view.streaming else [Offer("delete", tr("Delete"))],
    ]
    return [group for group in groups if group]


def _words(message: TreeMessage, *, streaming: bool) -> Iterator[Offer]:
    yield Offer("copy", tr("Copy message"))
    yield Offer("quote", tr("Quote"))
    if message.role == "user" or not streaming:
        yield Offer("edit", tr("Edit"))


def ways(message: TreeMessage, *, again: bool = True) -> Iterator[Offer]:
    """How an answer can be asked for anew."""
    if again:
        yield Offer("regenerate", tr("Regenerate"))
    yield Offer("regenerate-model", tr("Regenerate with another model…"))
    yield Offer("regenerate-parameters", tr("Regenerate with other parameters…"))
    if again and can_continue(message):
        yield Offer("continue", tr("Continue"))


def _branches(view: ConversationView, message: TreeMessage) -> Iterator[Offer]:
    siblings = [one.id for one in siblings_in(view.conversation, message)]
    at = siblings.index(message.id) if message.id in siblings else 0
    if at > 0:
        yield Offer("previous-branch", tr("Previous branch"))
    if at + 1 < len(siblings):
        yield Offer("next-branch", tr("Next branch"))
    yield Offer("tree", tr("All branches…"))
    yield Offer("fork", tr("Fork to a new chat"))


def _handing(message: TreeMessage) -> Iterator[Offer]:
    """What the workbench takes: the chat as a prompt, a question and its answer as a row."""
    yield Offer("to-prompt", tr("Turn the chat into a prompt"))
    if message.role == "assistant" and message.text:
        yield Offer("to-case", tr("Add the answer to…"))


def _sending(view: ConversationView, message: TreeMessage) -> Iterator[Offer]:
    unsent = message.id in view.marks.unsent
    yield Offer("leave-out", tr("Send it again") if unsent else tr("Leave out of what is sent"))
    yield Offer("summarise", tr("Summarise up to here…"))


def _looking(lane: LaneView, message: TreeMessage) -> Iterator[Offer]:
    if lane.transcript.headings.enough(message.id):
        yield Offer("outline", tr("Outline…"))
    yield Offer("inspect", tr("Inspect"))


def fill(menu: QMenu, groups: list[list[Offer]], do: Callable[[str], object]) -> None:
    """Puts the offers into a menu, behind what stands in it."""
    for group in groups:
        if not menu.isEmpty():
            menu.addSeparator()
        for offer in group:
            if offer.inside:
                fill(menu.addMenu(offer.words), [list(offer.inside)], do)
            else:
                menu.addAction(offer.words, partial(do, offer.key))


def copy_message(lane: LaneView, message: TreeMessage) -> None:
    """All of it as rich text, Markdown and plain text; a question above the lanes as plain text."""
    index = lane.transcript.stack.index_of(message.id)
    if index is not None:
        lane.transcript.copying.start(of_message(index))
    else:
        QGuiApplication.clipboard().setText(message.text)
