"""One message as it stands in the transcript: its boxes, where they are, and what is around them."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF

from chatbench.core.conversations import TreeMessage
from chatbench.core.messages import Part, TextPart, ThinkingPart
from chatbench.core.models import GUIDE
from chatbench.rendering.characters import visible
from chatbench.rendering.citations import Cited, Source, joined, marked, sources_of
from chatbench.ui.chat.transcript import facts
from chatbench.ui.chat.transcript.boxes.attachments import AttachmentsBox
from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.plain import plain_boxes
from chatbench.ui.chat.transcript.boxes.question import QuestionLine
from chatbench.ui.chat.transcript.column import BoxColumn
from chatbench.ui.chat.transcript.frame import ACTIONS_GAP, BEFORE_TURN, BOX_PADDING, Frame
from chatbench.ui.chat.transcript.markdown import MarkdownSegment
from chatbench.ui.chat.transcript.segment import Segment
from chatbench.ui.chat.transcript.segments import MEDIA, segment_for
from chatbench.ui.chat.transcript.source import Entry, Live
from chatbench.ui.chat.transcript.states import Wait, ended_boxes, living_boxes, wait_of
from chatbench.ui.theme import theme

_BELOW_MARGIN: Final = 12.0
"""What parts the facts of one answer from the next name, where no question stands between."""


class Item(BoxColumn):
    """A message that is at hand. Coordinates are from its upper edge and the viewport's left edge."""

    def __init__(
        self, context: Context, entry: Entry, frame: Frame, live: Live | None, *, first: bool = False
    ) -> None:
        super().__init__(frame)
        self.context = context
        self.entry = entry
        self.first = first
        self.changed_at: float | None = None
        """The place of a tick's first change; None when nothing changed."""
        self._segments: list[Segment | None] = []
        self._trailing: list[Box] = []
        self._live = live
        self._version = -1
        self._wait: Wait | None = None
        self._began = time.monotonic()
        self._cited: dict[int, tuple[TextPart, dict[object, Source], Cited]] = {}
        self._characters = 0
        self._facts: list[str] = []
        self._facts_at = 0.0
        self._reserved = 0.0
        self._rebuild()

    @property
    def id(self) -> str:
        """The message's id."""
        return self.entry.message.id

    @property
    def message(self) -> TreeMessage:
        """The message as it was last given."""
        return self.entry.message

    @property
    def mine(self) -> bool:
        """Whether a person wrote it."""
        return self.message.role == "user"

    @property
    def brief(self) -> bool:
        """Whether it is a question of which one line stands here."""
        return self.entry.brief and self.mine

    @property
    def boxed(self) -> bool:
        """Whether its words stand in a box of their own."""
        return self.mine and not self.brief

    @property
    def live(self) -> bool:
        """Whether it is being written."""
        return self._live is not None

    def take(self, entry: Entry, live: Live | None, *, first: bool = False) -> None:
        """A newer version of the message; boxes that are still right stay."""
        self.entry, self._live, self.first = entry, live, first
        self._version = -1
        self._facts = []
        self._rebuild()

    def _parts(self) -> Sequence[Part]:
        parts = self._live.parts() if self._live is not None else self.message.parts
        return joined(parts, live=self._live is not None)

    def _rebuild(self) -> None:
        if self.mine:
            self._build_mine()
        else:
            if self._live is not None:
                self._version = self._live.version
            self._update_segments(self._parts())
            self._trailing = self._state_boxes()
            self.compare()
        self._gather(0)

    def text_segments(self) -> list[MarkdownSegment]:
        """The parts that are words of the answer, in order."""
        return [one for one in self._segments if isinstance(one, MarkdownSegment)]

    def compare(self) -> None:
        """Show the longest part of the words beside what it is to be compared with, if anything."""
        texts = self.text_segments()
        longest = max(texts, key=lambda one: len(one.text), default=None)
        for one in texts:
            one.compare(self.context.compared(self.id) if one is longest else None)

    def holds(self, segment: object) -> bool:
        """Whether a segment is one of the message's."""
        return segment in self._segments

    def regather(self) -> None:
        """A segment has other boxes now."""
        self._gather(0)

    def _build_mine(self) -> None:
        self._trailing = []
        parts = self.message.parts
        media = [part for part in parts if isinstance(part, MEDIA)]
        words = "\n".join(part.text for part in parts if isinstance(part, TextPart))
        if self.brief:
            head = f"{self.entry.author}, {self.clock()}"
            line = QuestionLine(self.context, (self.id, "brief"), words, media, head)
            self._trailing.append(line)
            if not line.opened:
                return
        if media:
            self._trailing.append(AttachmentsBox(self.context, (self.id, "media"), media, self.entry.sent))
        if words or not media:
            plain = plain_boxes(self.context, (self.id, "words"), visible(words))
            plain[0].heading = True
            self._trailing += plain

    def _update_segments(self, parts: Sequence[Part]) -> int | None:
        """Bring the segments up to date; the first one that changed."""
        sources = sources_of(parts)
        first: int | None = None
        for number, part in enumerate(parts):
            growing = self._live is not None and number == len(parts) - 1
            cited = self._cite(number, part, sources) if isinstance(part, TextPart) else None
            if cited is not None and cited.sources:
                part = TextPart(text=cited.text)
            if self._update_segment(number, part, parts, growing=growing) and first is None:
                first = number
            segment = self._segments[number]
            if cited is not None and isinstance(segment, MarkdownSegment):
                changed = segment.show_sources(() if growing else cited.sources)
                first = number if changed and first is None else first
        if len(self._segments) > len(parts):
            del self._segments[len(parts) :]
            first = len(parts) if first is None else first
        return first

    def _update_segment(self, number: int, part: Part, parts: Sequence[Part], *, growing: bool) -> bool:
        """Bring one segment up to date, or make it; whether it changed."""
        old = self._segments[number] if number < len(self._segments) else None
        if old is not None and type(old.part) is type(part):
            return old.update(part, live=growing) is not None
        if number < len(self._segments) and old is None:
            return False
        reasoning = self.message.usage.reasoning_tokens if self.message.usage else 0
        made = segment_for(
            self.context, (self.id, number), part, parts, live=growing, reasoning_tokens=reasoning
        )  # fmt: skip
        self._segments[number:] = [made]
        return True

    def _cite(self, number: int, part: TextPart, sources: dict[object, Source]) -> Cited:
        """The text with its marks, made anew only when something of it changed."""
        known = self._cited.get(number)
        if known is None or known[:2] != (part, sources):
            known = self._cited[number] = (part, sources, marked(part, sources))
        return known[2]

    def tick(self) -> bool:
        """Take what has come of a living answer; True if anything changed.

        ``changed_at`` then is the upper edge of what did.
        """
        if self._live is None:
            return False
        wait = wait_of(self._live)
        if self._live.version == self._version and wait == self._wait:
            return False
        waited = self._wait
        self._version = self._live.version
        parts = self._parts()
        self._characters = sum(len(getattr(part, "text", "")) for part in parts)
        before = {id(box): box.height for box in self.boxes[-3:]}
        old = self.boxes
        first = self._update_segments(parts)
        self.compare()
        if wait != waited or bool(self._trailing) != (wait is not None or not parts):
            self._trailing = self._state_boxes()
        elif first is None:
            return False
        kept = self._gather(self._same(old, before))
        self.changed_at = self.tops[kept] if kept < len(self.tops) else self.height
        return True

    def _same(self, old: list[Box], heights: dict[int, float]) -> int:
        """How many boxes at the beginning are the very same, with the same heights."""
        boxes = self._all()
        count = 0
        for mine, theirs in zip(boxes, old, strict=False):
            if mine is not theirs:
                break
            count += 1
        # What grew in place is among the last ones.
        for at in range(max(0, count - 3), count):
            if heights.get(id(boxes[at])) != boxes[at].height or at == len(boxes) - 1:
                return at
        return max(0, count - 1) if count == len(boxes) else count

    def _all(self) -> list[Box]:
        boxes = [box for segment in self._segments if segment is not None for box in segment.boxes]
        return boxes + self._trailing

    def _gather(self, first: int) -> int:
        self.boxes = self._all()
        self._fit_boxes(first)
        return first

    @property
    def _before(self) -> int:
        """The gap above: an answer has the row of actions of what it answers for one."""
        return BEFORE_TURN if self.mine or self.first else 0

    @property
    def actions_top(self) -> float:
        """Where the row of actions begins."""
        return self.body_bottom + (0 if self.mine else ACTIONS_GAP)

    @property
    def content_top(self) -> float:
        """Where the words begin, or the fill of your own message."""
        return float(self._before + (0 if self.brief else self.frame.head))

    @property
    def body_bottom(self) -> float:
        """Where the words end, the padding of your own message included."""
        if not self.boxes:
            return self.content_top
        end = self.tops[-1] + self.boxes[-1].height
        return end + (BOX_PADDING[1] if self.boxed else 0)

    def measure_height(self) -> None:
        """Words, actions and facts have room, and whatever has it reserved."""
        least = 0.0 if self.frame.folded or self.brief else self._before + self.margin_height()
        below = self.frame.actions
        if self.brief and self.entry.count < 2:
            below = ACTIONS_GAP if len(self.boxes) == 1 else BEFORE_TURN
        self.height = float(math.ceil(max(self.actions_top + below, least, self._reserved)))

    def reserve(self, height: float) -> None:
        """Takes at least so much height: something stands over its words."""
        self._reserved = height
        self.measure_height()

    def margin_height(self) -> float:
        """Height of the facts beside the message, with the room below them."""
        return self.facts_height() + _BELOW_MARGIN

    def facts_height(self) -> float:
        """Height of name, time and facts beside the message."""
        lines = theme().line("ui") + theme().line("small")
        known = len(self.facts()) + len(self.note_lines())
        return lines + (6 + known * theme().line("small") if known else 0)

    def fill_rect(self) -> QRectF:
        """The fill of your own message."""
        top = self.content_top
        return QRectF(self.frame.column_x, top, self.frame.column, self.body_bottom - top)

    def rebuild_part_of(self, box: Box) -> None:
        """A fold of the part ``box`` belongs to was opened or closed."""
        if self.brief:
            self._build_mine()
        for segment in self._segments:
            if segment is not None and box in segment.boxes:
                segment.rebuild()
        self._gather(0)

    def clock(self) -> str:
        """When it was written, as local hour and minute; of the guide, that it is built in."""
        if self.message.model == GUIDE and not self.mine:
            return tr("built in")
        return facts.clock(self.message.created_at)

    def note_lines(self) -> list[str]:
        """What is said of the message beside its time, as lines of the margin."""
        return [line for note in self.entry.notes for line in note.split("\n")]

    def notes(self) -> str:
        """The same in one line."""
        return " · ".join(note.replace("\n", " ") for note in self.entry.notes)

    def facts(self) -> list[str]:
        """What the margin says of the answer; while it is written at most twice a second anew."""
        if self._live is None:
            if not self._facts:
                self._facts = facts.facts(self.message)
            return self._facts
        now = time.monotonic()
        if now - self._facts_at >= 0.5:
            self._facts_at = now
            self._facts = facts.live_facts(self._characters, self._live.output_tokens, now - self._began)
        return self._facts

    def facts_due(self) -> bool:
        """Whether the margin of a living answer should be drawn again."""
        return self._live is not None and time.monotonic() - self._facts_at >= 0.5

    def plain_text(self) -> str:
        """What a screen reader reads."""
        return "\n".join(text for box in self.boxes if (text := box.spoken))

    def _state_boxes(self) -> list[Box]:
        self._wait = wait_of(self._live) if self._live is not None else None
        if self._live is not None:
            return living_boxes(self.context, self.message, self._live, self._wait)
        empty = not any(segment is not None and segment.boxes for segment in self._segments)
        return ended_boxes(self.context, self.message, empty=empty)

    @property
    def stands(self) -> str:
        """Its state as it is shown: a living answer is "streaming", or "waiting" to be sent."""
        if self._live is None:
            return self.message.state
        return "waiting" if self._wait is not None else "streaming"

    def thinks(self) -> bool:
        """Whether something in it moves: a gauge stands in one of the boxes."""
        return self.live and bool(self._parts()) and isinstance(self._parts()[-1], ThinkingPart)

    def cursor(self) -> tuple[int, Box] | None:
        """The box the block cursor stands in, while the answer is written."""
        if not self.live or not self.boxes:
            return None
        last = self.boxes[-1]
        return (len(self.boxes) - 1, last) if last.cursor_follows else None
