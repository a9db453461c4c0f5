"""Where a transcript gets its messages from: pulled, a few at a time, never pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from PySide6.QtGui import QImage

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.holds import Hold
from chatbench.core.messages import Part

Sent = tuple[tuple[str, str, str], ...]
"""Of files the SHA-256, the letter of a lane ("" where there is one) and the form in which it went there."""
Place = Literal["", "cloud", "hard-drive", "compass"]
"""Where the words went: out of this computer, nowhere (a local model), to the guide."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as it is shown.

    ``author`` is the name in the margin, ``title`` the whole name with provider and date for the
    tooltip; ``position`` of ``count`` siblings counts from 1.
    """

    message: TreeMessage
    author: str
    place: Place = ""
    title: str = ""
    position: int = 1
    count: int = 1
    notes: tuple[str, ...] = ()
    """What is said beside its time, such as "edited"; a line break is where one may be broken."""
    brief: bool = False
    """A question that stands in whole elsewhere: here one line of it heads the answer."""
    named_above: bool = False
    """Its author is named over all messages: it is drawn here only where it is another."""
    sent: Sent = ()
    """In which forms its files went to the models."""


class Live(Protocol):
    """An answer that is being written."""

    @property
    def version(self) -> int:
        """Unchanged means that ``parts`` would be the same."""

    @property
    def output_tokens(self) -> int | None:
        """Tokens so far, where the provider says."""

    @property
    def retry_at(self) -> float | None:
        """Monotonic time of the next attempt, while one is waited for."""

    @property
    def waiting_for(self) -> ErrorReport | None:
        """Why the next attempt is waited for."""

    @property
    def held(self) -> Hold | None:
        """What it waits for before it is sent at all."""

    def parts(self) -> tuple[Part, ...]:
        """What has come so far."""


class Source(Protocol):
    """The messages of one lane, from its first to its leaf. Everything here returns at once."""

    def ids(self) -> Sequence[str]:
        """Message ids in reading order."""

    def sizes(self) -> Sequence[int]:
        """Roughly how many characters each message has: for the scroll bar, before it is loaded."""

    def entry(self, index: int) -> Entry | None:
        """A message; None if it is not at hand (then it is asked for with ``request``)."""

    def request(self, ids: Sequence[str]) -> None:
        """Load these; afterwards the owner calls the view's ``loaded``."""

    def live(self, index: int) -> Live | None:
        """The answer being written into this message, if one is."""

    def matches(self, needle: str) -> Sequence[tuple[int, int]]:
        """(index, how often) for every message whose words hold ``needle``, case ignored."""

    def thumbnail(self, sha256: str, width: int, height: int) -> QImage | None:
        """A picture of an attachment with that many pixels of the screen.

        None if it is not ready (``thumbnail_ready`` follows) or never.
        """


class ListSource:
    """A source over entries that are all at hand."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.entries = list(entries)
        self.living: dict[str, Live] = {}

    def ids(self) -> Sequence[str]:
        return [entry.message.id for entry in self.entries]

    def sizes(self) -> Sequence[int]:
        return [len(entry.message.text) for entry in self.entries]

    def entry(self, index: int) -> Entry | None:
        return self.entries[index]

    def request(self, ids: Sequence[str]) -> None:
        """Nothing is ever missing."""

    def live(self, index: int) -> Live | None:
        return self.living.get(self.entries[index].message.id)

    def matches(self, needle: str) -> Sequence[tuple[int, int]]:
        wanted = needle.casefold()
        found = ((at, entry.message.text.casefold().count(wanted)) for at, entry in enumerate(self.entries))
        return [(at, count) for at, count in found if count]

    def thumbnail(self, sha256: str, width: int, height: int) -> QImage | None:
        return None
