"""From the parts of a message to its boxes, and from more of a part to a few changed boxes."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Final

from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
    VideoPart,
)
from chatbench.rendering.characters import visible
from chatbench.ui.chat.transcript.boxes.attachments import AttachmentsBox
from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.boxes.cards import NoteBox
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.folds import FoldLine, ThoughtBox, ToolCard, is_open
from chatbench.ui.chat.transcript.boxes.plain import plain_boxes
from chatbench.ui.chat.transcript.markdown import MarkdownSegment
from chatbench.ui.chat.transcript.segment import Key, Segment
from chatbench.ui.quantities import duration
from chatbench.ui.quantities import tokens as tokens_of

_TOOL_FOLD: Final = (15, 14)
MEDIA: Final = (ImagePart, FilePart, AudioPart, VideoPart)


class ThinkingSegment(Segment):
    """Reasoning: one line that opens to its words."""

    def __init__(
        self, context: Context, key: Key, part: ThinkingPart, *, live: bool, tokens: int = 0
    ) -> None:
        super().__init__(context, key, part)
        self._live = live
        self._tokens = tokens
        self._began = time.monotonic()
        self._build()

    def update(self, part: Part, *, live: bool) -> int | None:
        assert isinstance(part, ThinkingPart)
        before = (self.part, self._live)
        self.part, self._live = part, live
        if len(self.boxes) > 1 and isinstance(self.boxes[1], ThoughtBox) and live:
            self.boxes[1].grow(part.text)
        elif before != (part, live):
            self._build()
        else:
            return None
        return 0

    def rebuild(self) -> None:
        self._build()

    def words(self) -> str:
        """What the line says."""
        part = self.part
        assert isinstance(part, ThinkingPart)
        if self._live:
            return tr("Thinking")
        if part.redacted and not part.text:
            return tr("The provider keeps this reasoning to itself")
        if part.seconds is not None:
            return tr("Thought for {0}").format(duration(part.seconds))
        return tr("Thought")

    def _build(self) -> None:
        part = self.part
        assert isinstance(part, ThinkingPart)
        tokens = tokens_of(self._tokens) if self._tokens and not self._live else ""
        line = FoldLine(
            self.context,
            self.key,
            "brain",
            self.words(),
            tokens,
            live=self._live,
            since=self._began,
            foldable=bool(part.text),
        )
        self.boxes = [line]
        if part.text and is_open(self.context, self.key):
            self.boxes.append(ThoughtBox(self.context, (*self.key, "words"), part.text))


class ToolSegment(Segment):
    """A tool call and, if it is there, its result."""

    def __init__(
        self, context: Context, key: Key, part: ToolCallPart, result: ToolResultPart | None, *, live: bool
    ) -> None:
        super().__init__(context, key, part)
        self.result = result
        self._live = live
        self._build()

    def update(self, part: Part, *, live: bool) -> int | None:
        if part == self.part and live == self._live:
            return None
        self.part, self._live = part, live
        self._build()
        return 0

    def rebuild(self) -> None:
        self._build()

    def _build(self) -> None:
        part, result = self.part, self.result
        assert isinstance(part, ToolCallPart)
        failed = result is not None and result.is_error
        state = tr("Failed") if failed else tr("Answered") if result is not None else tr("Not run")
        self.boxes = [
            ToolCard(self.context, self.key, part.name, part.arguments, state, live=self._live, failed=failed)
        ]
        if not is_open(self.context, self.key):
            return
        arguments = _pretty(part.arguments)
        self.boxes.append(self._code("arguments", arguments, tr("Arguments")))
        if result is not None:
            words = "\n".join(one.text for one in result.parts if isinstance(one, TextPart))
            self.boxes.append(self._code("result", _pretty(words), tr("Result")))

    def _code(self, name: str, text: str, title: str) -> CodeBox:
        language = "json" if text.lstrip()[:1] in ("{", "[") else ""
        box = CodeBox(self.context, (*self.key, name), text, language, title=title, fold=_TOOL_FOLD)
        box.before, box.snug = 4.0, True
        return box


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


class FixedSegment(Segment):
    """Boxes that are made once for one value of a part."""

    def __init__(self, context: Context, key: Key, part: Part, *, live: bool) -> None:
        super().__init__(context, key, part)
        self._build()

    def update(self, part: Part, *, live: bool) -> int | None:
        if part == self.part:
            return None
        self.part = part
        self._build()
        return 0

    def rebuild(self) -> None:
        self._build()

    def _build(self) -> None:
        part = self.part
        if isinstance(part, MEDIA):
            self.boxes = [AttachmentsBox(self.context, self.key, [part])]
        elif isinstance(part, RefusalPart):
            note = NoteBox(self.context, self.key, tr("The model declined"), "circle-minus", "text2")
            note.snug = True
            self.boxes = [note, *plain_boxes(self.context, self.key, visible(part.text))]
        elif isinstance(part, ToolResultPart):
            words = "\n".join(one.text for one in part.parts if isinstance(one, TextPart))
            self.boxes = [CodeBox(self.context, self.key, words, "", title=tr("Result"), fold=_TOOL_FOLD)]
        elif isinstance(part, UnknownPart):
            self.boxes = self._unknown(part)

    def _unknown(self, part: UnknownPart) -> list[Box]:
        words = tr("Something this version does not know: {0}").format(visible(part.kind))
        boxes: list[Box] = [FoldLine(self.context, self.key, "braces", words)]
        if is_open(self.context, self.key):
            data = json.dumps(part.data, indent=2, ensure_ascii=False, default=str)
            code = CodeBox(self.context, (*self.key, "data"), data, "json", fold=_TOOL_FOLD)
            code.before, code.snug = 4.0, True
            boxes.append(code)
        return boxes


def segment_for(
    context: Context, key: Key, part: Part, parts: Sequence[Part], *, live: bool, reasoning_tokens: int = 0
) -> Segment | None:
    """The segment for a part of an answer; None for what another one shows."""
    if isinstance(part, TextPart):
        return MarkdownSegment(context, key, part, live=live)
    if isinstance(part, ThinkingPart):
        return ThinkingSegment(context, key, part, live=live, tokens=reasoning_tokens)
    if isinstance(part, ToolCallPart):
        results = (one for one in parts if isinstance(one, ToolResultPart) and one.call_id == part.call_id)
        return ToolSegment(context, key, part, next(results, None), live=live)
    if isinstance(part, ToolResultPart) and any(
        isinstance(one, ToolCallPart) and one.call_id == part.call_id for one in parts
    ):
        return None
    return FixedSegment(context, key, part, live=live)
