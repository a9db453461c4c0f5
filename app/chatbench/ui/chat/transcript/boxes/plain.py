"""Plain text as boxes of some lines each, so that a very long one costs only what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatbench.ui.chat.transcript import paragraphs
from chatbench.ui.chat.transcript.boxes.base import Context
from chatbench.ui.chat.transcript.boxes.text import PROSE, TextBox
from chatbench.ui.chat.transcript.typeset import Style


def plain_boxes(
    context: Context, key: tuple[Any, ...], text: str, style: Style = PROSE, chunk: int = 2_000
) -> list[TextBox]:
    """Plain text as boxes of some lines each, so that a very long one costs only what is seen."""
    made: list[TextBox] = []
    for number, piece in enumerate(_chunks(text, chunk)):
        size = (len(piece), piece.count("\n") + 1)
        box = TextBox(context, (*key, number), lambda piece=piece: paragraphs.plain(piece), size, style)  # type: ignore[misc]
        box.continued = number > 0
        made.append(box)
    return made


def _chunks(text: str, size: int) -> Sequence[str]:
    lines = text.split("\n")
    if len(text) <= size and len(lines) <= 40:
        return [text]
    pieces: list[str] = []
    gathered: list[str] = []
    room = size
    for line in lines:
        while len(line) > 2 * size:
            if gathered:
                pieces.append("\n".join(gathered))
                gathered = []
            cut_at = line.rfind(" ", size, 2 * size)
            cut_at = cut_at + 1 if cut_at > 0 else 2 * size
            pieces.append(line[:cut_at])
            line = line[cut_at:]
        gathered.append(line)
        room -= len(line) + 1
        if room <= 0 or len(gathered) >= 40:
            pieces.append("\n".join(gathered))
            gathered, room = [], size
    if gathered:
        pieces.append("\n".join(gathered))
    return pieces
