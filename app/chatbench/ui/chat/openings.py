"""Where each open conversation is: in one place of one window, so that it has one composer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from chatbench.ui.chat.arrangement import ScrollPlace

MOST_CLOSED = 25


class Holder(Protocol):
    """What has conversations open: the workspace of a window, the quick chat."""

    def holds(self, conversation_id: str) -> bool:
        """Whether it has this one open."""

    def shows(self, conversation_id: str) -> bool:
        """Whether this one is in view there."""

    def bring(self, conversation_id: str, message_id: str = "") -> None:
        """Comes to the front with it."""

    def attach_to(self, conversation_id: str, paths: Sequence[Path]) -> None:
        """Attaches files to the draft of one that it has open."""

    async def let_go(self, conversation_id: str) -> None:
        """Closes it, with its draft kept. Raises StorageError."""


class Closed(NamedTuple):
    """A tab that was closed, and where it stood; None: its whole window is gone."""

    conversation_id: str
    place: int | None


class Openings:
    """All holders of one program; the tabs closed last; where each conversation was scrolled to."""

    def __init__(self) -> None:
        self._holders: list[Holder] = []
        self._closed: list[Closed] = []
        self.scrolled: dict[str, ScrollPlace] = {}

    def join(self, holder: Holder) -> None:
        """A window comes."""
        self._holders.append(holder)

    def leave(self, holder: Holder) -> None:
        """A window goes."""
        self._holders.remove(holder)

    def holder(self, conversation_id: str) -> Holder | None:
        """Who has it open."""
        return next((one for one in self._holders if one.holds(conversation_id)), None)

    def in_view(self, conversation_id: str) -> bool:
        """Whether it is in view anywhere."""
        return any(one.shows(conversation_id) for one in self._holders)

    async def let_go(self, conversation_id: str) -> None:
        """Closes it wherever it is open. Raises StorageError."""
        holder = self.holder(conversation_id)
        if holder is not None:
            await holder.let_go(conversation_id)

    def note_closed(self, conversation_id: str, place: int | None = None) -> None:
        """A tab was closed, and may be wanted again."""
        self.forget(conversation_id)
        self._closed.append(Closed(conversation_id, place))
        del self._closed[:-MOST_CLOSED]

    def forget(self, conversation_id: str) -> None:
        """It is open again, or gone."""
        self._closed = [one for one in self._closed if one.conversation_id != conversation_id]

    def last_closed(self) -> Closed | None:
        """The tab that was closed last and is not open; it is not offered again."""
        return self._closed.pop() if self._closed else None
