"""One attached file: where it is on its way, and what each model would get of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from PySide6.QtGui import QPixmap

from chatbench.core.messages import FilePart, MediaPart, Part
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.services.attachments import Outlook

if TYPE_CHECKING:
    import asyncio

Progress = Callable[[int, int], None]
Take = Callable[[str, Progress], Awaitable[MediaPart]]
"""Reads and stores a file; it is given a password ("": none) and whom to tell how far it is."""
State = Literal["loading", "locked", "ready", "refused"]
PDF = "application/pdf"


class Gets(NamedTuple):
    """What the model of one lane gets. `letter` is "" where there is one lane."""

    letter: str
    info: ModelInfo
    outlook: Outlook


@dataclass(eq=False)
class Attachment:
    """One file in the composer. `part` is what is sent; only while `state` is "ready"."""

    name: str
    state: State = "loading"
    part: Part | None = None
    reason: str = ""
    take: Take | None = field(default=None, repr=False)
    """Reads it, as long as it was not read."""
    path: Path | None = None
    """Where it lies, of what is a file of this computer."""
    picture: QPixmap | None = field(default=None, repr=False)
    gets: tuple[Gets, ...] = field(default=(), repr=False)
    """Of each lane, the one in use first; () as long as nobody knows."""
    scan: bool = False
    """A PDF without words."""
    done: int = 0
    total: int = 0
    """How far its reading is; 0 of 0 where nothing tells."""
    counting: bool = False
    """Its words are being read, to count them."""
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_pdf(self) -> bool:
        """Whether it has pages."""
        return isinstance(self.part, FilePart) and self.part.media_type == PDF

    @property
    def uncounted(self) -> bool:
        """Whether its words are to be read before all is known that its forms take."""
        return self.is_pdf and any(form.tokens is None for one in self.gets for form in one.outlook.forms)

    @property
    def in_use(self) -> Outlook | None:
        """What the lane in use gets."""
        return self.gets[0].outlook if self.gets else None

    def tokens_at(self, model: ModelRef) -> int | None:
        """About how many tokens it takes at the model of a lane: 0 where that takes it in no form, None
        where nobody knows."""
        seen = next((one.outlook for one in self.gets if one.info.ref == model), None)
        if seen is None:
            return None
        return seen.chosen.tokens if seen.chosen is not None else 0

    @property
    def tokens(self) -> int | None:
        """About how many tokens it takes at the model of the lane in use; None where nobody knows."""
        seen = self.in_use
        return seen.chosen.tokens if seen is not None and seen.chosen is not None else None
