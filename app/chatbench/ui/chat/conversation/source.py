"""The transcript's source over the services: a skeleton at once, messages when they are asked for."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from PySide6.QtCore import QDateTime, QLocale, QObject, Signal
from PySide6.QtGui import QImage

from chatbench.core.conversations import Conversation, Lane, TreeMessage
from chatbench.core.errors import ChatbenchError
from chatbench.core.marks import NO_MARKS
from chatbench.core.messages import FilePart, StoredFile
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.services.context import Marks, Why, arranged
from chatbench.services.history import Extent
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.notes import notes_of, origin_note, unsent_note
from chatbench.ui.chat.conversation.sentfiles import SentFiles
from chatbench.ui.chat.conversation.unnamed import UnnamedLive, unnamed
from chatbench.ui.chat.transcript.source import Entry, Live, Place, Sent

_KEPT = 400
_PICTURES_KEPT = 100
_PICTURE_CHARACTERS = 200
"""How many characters of text a row of pictures is as high as."""


class ConversationSource(QObject):
    """Messages of the shown branch. `loaded(ids)` and `thumbnail_ready(sha256)` follow what was
    asked for."""

    loaded = Signal(object)
    thumbnail_ready = Signal(str)

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self.path: tuple[TreeMessage, ...] = ()
        """The whole branch, hidden messages too."""
        self._path: tuple[TreeMessage, ...] = ()
        self._outlines: dict[str, TreeMessage] = {}
        self._sizes: list[int] = []
        self._siblings: dict[str, _Stands] = {}
        self._befores: dict[str, TreeMessage] = {}
        """Branches to the left of what is shown, whole."""
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._asked: set[str] = set()
        self._pictures: OrderedDict[tuple[str, int, int], QImage | None] = OrderedDict()
        self._texts: dict[str, str] = {}
        self._kinds: dict[str, tuple[str, str]] = {}
        """Media type and name of documents, by their SHA-256."""
        self._sent = SentFiles()
        self.conversation: Conversation | None = None
        self.marks: Marks = NO_MARKS
        """What is sent otherwise than it stands here; told before `show`."""
        self._whys: dict[str, Why] = {}
        self._shared: frozenset[str] = frozenset()
        self._model: ModelRef | None = None
        """The lane's own."""
        self.unnamed_as = ""
        """The lane's letter while the models' names are hidden."""

    def stale(self, conversation: Conversation, lane: Lane) -> list[str]:
        """The ids at hand that this outline knows a newer version of. Read them before `show`, so
        that nothing is blank in between."""
        return [
            message.id
            for message in conversation.path(lane.leaf)
            if message.id in self._entries and self._outlines.get(message.id) != message
        ]

    def show(
        self,
        conversation: Conversation,
        lane: Lane,
        extents: Mapping[str, Extent],
        fresh: Sequence[TreeMessage] = (),
        shared: frozenset[str] = frozenset(),
    ) -> None:
        """Takes a new outline, and the messages that were `stale`. Questions that are `shared` stand in
        whole above all lanes: here the first is passed over, and the others are one line each."""
        self.conversation = conversation
        self.path = conversation.path(lane.leaf)
        self._path = self.path[1:] if self.path and self.path[0].id in shared else self.path
        self._shared = shared
        self._model = lane.model
        self._outlines = {message.id: message for message in self._path}
        self._sizes = [0 if m.id in shared else _size(extents.get(m.id)) for m in self._path]
        self._siblings = _siblings(conversation, self._path)
        self._sent.follow(conversation, self.path)
        for message in fresh:
            self._texts.pop(message.id, None)
            self._remember(message)
        placed = arranged(self.path, self.marks, None) if self.marks else ()
        self._whys = {one.message.id: one.why for one in placed if one.message is not None}
        for identifier, entry in self._entries.items():
            position, count, _ = self._siblings.get(identifier, _ALONE)
            notes = self._notes(entry.message)
            fresh_entry = replace(
                entry, position=position, count=count, notes=notes, brief=identifier in shared,
                named_above=self._named_above(entry.message), sent=self._sent.of(entry.message),
            )  # fmt: skip
            if fresh_entry != entry:
                self._entries[identifier] = fresh_entry

    def is_shared(self, message_id: str) -> bool:
        """Whether it is a question of this branch that stands above all lanes."""
        return message_id in self._shared and any(one.id == message_id for one in self.path)

    def ids(self) -> Sequence[str]:
        return [message.id for message in self._path]

    def sizes(self) -> Sequence[int]:
        return self._sizes

    def message(self, message_id: str) -> TreeMessage | None:
        """A message of the branch, whole if it is at hand."""
        entry = self._entries.get(message_id)
        if entry is not None:
            return entry.message
        return next((message for message in self._path if message.id == message_id), None)

    def at_hand(self, message_id: str) -> TreeMessage | None:
        """A message of the branch if its words are at hand."""
        entry = self._entries.get(message_id)
        return entry.message if entry is not None else None

    def entry(self, index: int) -> Entry | None:
        message = self._path[index]
        entry = self._entries.get(message.id)
        answer = self._services.chat.live(message.id)
        if answer is not None and (entry is None or entry.message.state != answer.state):
            # Also one that is over and could not be written: the disk knows less of it.
            entry = self._remember(answer.message)
        if entry is None:
            return None
        self._entries.move_to_end(message.id)
        if not self.unnamed_as:
            return entry
        # The form in which a file went tells of the model.
        return unnamed(replace(entry, sent=()), self.unnamed_as, _moment(entry.message))

    def request(self, ids: Sequence[str]) -> None:
        wanted = [one for one in ids if one not in self._asked and one not in self._entries]
        if wanted:
            self._asked.update(wanted)
            spawn(self._load(wanted), owner=self, name="load-messages")

    async def _load(self, ids: list[str]) -> None:
        try:
            left = {one: self._siblings[one].before for one in ids if one in self._siblings}
            found = await self._services.history.messages([*ids, *filter(None, left.values())])
            whole = {message.id: message for message in found}
            self._befores |= {one: whole[one] for one in left.values() if one in whole}
            await self._read_sent([whole[one] for one in ids if one in whole])
            for one in ids:
                if one in whole:
                    self._remember(whole[one])
        finally:
            self._asked.difference_update(ids)
        self.loaded.emit(ids)

    async def _read_sent(self, read: Sequence[TreeMessage]) -> None:
        """Learns how the files of these questions went to the models."""
        for message in read:
            self._sent.remember(message)
        unread = [answer for message in read for answer in self._sent.unread(message)]
        for answer in await self._services.history.messages(unread) if unread else ():
            self._sent.remember(answer)

    async def sent_of(self, question: TreeMessage) -> Sent:
        """How the files of a whole question went to the models, unless their names are hidden."""
        if self.unnamed_as:
            return ()
        await self._read_sent([question])
        return self._sent.of(question)

    def live(self, index: int) -> Live | None:
        answer = self._services.chat.live(self._path[index].id)
        if answer is None or answer.state != "streaming":
            return None
        return UnnamedLive(answer) if self.unnamed_as else answer

    async def prepare_find(self) -> None:
        """Reads the words of the whole branch, so that `matches` knows all of them."""
        if self.conversation is None or len(self._texts) >= len(self._path):
            return
        whole = await self._services.history.load(self.conversation.id)
        shown = {message.id for message in self._path}
        self._texts = {m.id: m.text.casefold() for m in whole.messages if m.id in shown}

    def forget_find(self) -> None:
        """The words are no longer needed."""
        self._texts = {}

    def matches(self, needle: str) -> Sequence[tuple[int, int]]:
        wanted = needle.casefold()
        if not wanted:
            return []
        found: list[tuple[int, int]] = []
        for index, message in enumerate(self._path):
            text = self._texts.get(message.id)
            if text is None:
                entry = self._entries.get(message.id)
                text = entry.message.text.casefold() if entry else ""
            if count := text.count(wanted):
                found.append((index, count))
        return found

    def thumbnail(self, sha256: str, width: int, height: int) -> QImage | None:
        key = (sha256, width, height)
        if key not in self._pictures:
            self._pictures[key] = None
            while len(self._pictures) > _PICTURES_KEPT:
                self._pictures.popitem(last=False)
            spawn(self._draw(key), owner=self, name="thumbnail")
        self._pictures.move_to_end(key)
        return self._pictures[key]

    async def _draw(self, key: tuple[str, int, int]) -> None:
        sha256, width, height = key
        try:
            kind, name = self._kinds.get(sha256, ("", ""))
            service = self._services.attachments
            data = await service.thumbnail(sha256, width, height, media_type=kind, name=name)
        except ChatbenchError:
            return
        if key in self._pictures:
            self._pictures[key] = QImage.fromData(data)
            self.thumbnail_ready.emit(sha256)

    def _remember(self, message: TreeMessage) -> Entry:
        position, count, _ = self._siblings.get(message.id, _ALONE)
        author, place, title = self._who(message)
        self._sent.remember(message)
        for part in message.parts:
            if isinstance(part, FilePart) and isinstance(part.source, StoredFile):
                self._kinds[part.source.sha256] = part.media_type, part.name
        entry = Entry(
            message=message, author=author, place=place, title=title, position=position, count=count,
            notes=self._notes(message), brief=message.id in self._shared,
            named_above=self._named_above(message), sent=self._sent.of(message),
        )  # fmt: skip
        self._entries[message.id] = entry
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)
        return entry

    def _notes(self, message: TreeMessage) -> tuple[str, ...]:
        before = self._siblings.get(message.id, _ALONE).before
        shown = self._entries.get(before)
        left = self._befores.get(before) if shown is None else shown.message
        notes = notes_of(self._services.models, message, left)
        if message.sent_from and self.conversation is not None:
            notes = (origin_note(self.conversation, message),)
        unsent = unsent_note(self._whys.get(message.id, ""))
        return (*notes, unsent) if unsent else notes

    def _who(self, message: TreeMessage) -> tuple[str, Place, str]:
        moment = _moment(message)
        if message.role == "user" or message.model is None:
            return self.tr("You"), "", moment
        return (
            self._services.models.info(message.model).title.removeprefix("Claude "),
            self._place(message.model),
            f"{message.model}, {moment}",
        )

    def _named_above(self, message: TreeMessage) -> bool:
        """Beside other lanes, the head of the lane names its model."""
        several = self.conversation is not None and len(self.conversation.lanes) > 1
        return several and message.model is not None and message.model == self._model

    def _place(self, model: ModelRef) -> Place:
        if model == GUIDE:
            return "compass"
        return "hard-drive" if self._services.models.info(model).local else "cloud"


class _Stands(NamedTuple):
    """The place of a message among its siblings (from 1), and the one before it ("": none)."""

    place: int
    of: int
    before: str


_ALONE = _Stands(1, 1, "")


def _moment(message: TreeMessage) -> str:
    """When it was written, at length."""
    at = QDateTime.fromMSecsSinceEpoch(message.created_at)
    return QLocale().toString(at, QLocale.FormatType.LongFormat)


def _size(extent: Extent | None) -> int:
    if extent is None:
        return 0
    return extent.text_length + 40 * extent.line_count + _PICTURE_CHARACTERS * bool(extent.media_count)


def siblings_in(conversation: Conversation, message: TreeMessage) -> tuple[TreeMessage, ...]:
    """The branches a reader steps through at a message: beside other lanes, those of its own lane."""
    found = conversation.siblings(message.id)
    if len(conversation.lanes) > 1 and message.role == "assistant":
        return tuple(one for one in found if one.lane_id == message.lane_id)
    return found


def _siblings(conversation: Conversation, path: Sequence[TreeMessage]) -> dict[str, _Stands]:
    """Where those messages of the path stand that have siblings."""
    apart = len(conversation.lanes) > 1

    def group_of(message: TreeMessage) -> tuple[str | None, str, str]:
        lane = message.lane_id if apart and message.role == "assistant" else ""
        return message.parent_id, message.role, lane

    counts = Counter(group_of(message) for message in conversation.messages)
    if not any(count > 1 for count in counts.values()):
        return {}
    groups: dict[tuple[str | None, str, str], list[TreeMessage]] = {}
    for message in conversation.messages:
        if counts[group_of(message)] > 1:
            groups.setdefault(group_of(message), []).append(message)
    found: dict[str, _Stands] = {}
    for message in path:
        group = groups.get(group_of(message))
        if group is not None:
            ordered = [one.id for one in sorted(group, key=lambda one: (one.position, one.id))]
            at = ordered.index(message.id)
            found[message.id] = _Stands(1 + at, len(ordered), ordered[at - 1] if at else "")
    return found
