"""Code: a box with a head, drawn line by line, so that length costs nothing and growth little."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QTextLayout

from chatbench.rendering.characters import has_hidden, visible
from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import (
    Context,
    CopyText,
    Effect,
    Hotspot,
    OpenPage,
    Paint,
    SaveText,
    ShowNumbers,
)
from chatbench.ui.chat.transcript.boxes.codelines import PAD_X, PAD_Y, CodeLines
from chatbench.ui.chat.transcript.boxes.coloring import Coloring
from chatbench.ui.chat.transcript.boxes.controls import button_width, paint_button, paint_line, tr
from chatbench.ui.chat.transcript.boxes.languages import extension, language_name
from chatbench.ui.chat.transcript.comparing import CodeLine, merge_code
from chatbench.ui.chat.transcript.worker import worker
from chatbench.ui.theme import theme
from chatbench.ui.widgets import box as draw_box

FOLD_ABOVE: Final = 40
FOLD_TO: Final = 24
PAGES: Final = frozenset({"html", "htm", "xhtml", "svg", "mermaid"})
"""Languages whose code a browser can show."""
_NARROW: Final = 26
_LEAST_NAME: Final = 48
_NEEDED: Final = ("numbers", "page", "save", "wrap", "changes", "source")
"""The buttons from the one that is needed least."""
_UNSAFE_IN_NAMES = re.compile(r"[^\w. +@-]")


@dataclass(slots=True)
class State:
    """What the reader chose for one box; it outlives the box."""

    wrap: bool = False
    unfolded: bool = False
    changes: bool = False
    source: bool = False
    offset: float = 0.0


class CodeBox(CodeLines):
    """A code box, folded where it is long. ``open``: the fence is still being written. ``live``: the answer
    is; then it is not folded before ``settle_down``, and not where it is read.

    ``file`` is the path the code belongs in, if the fence names one: code with the same path earlier
    in the conversation is its previous version. ``compared`` are the lines of the code beside another
    answer's.
    """

    before = 12.0
    after = 12.0
    cursor_follows = True

    def __init__(
        self,
        context: Context,
        key: tuple[Any, ...],
        code: str,
        language: str,
        *,
        source: str = "",
        is_open: bool = False,
        live: bool = False,
        title: str = "",
        file: str = "",
        fold: tuple[int, int] = (FOLD_ABOVE, FOLD_TO),
        compared: Sequence[CodeLine] | None = None,
    ) -> None:
        self.code = code
        self.language = language
        self.source = source
        self.title = title
        self.file = file
        self.is_open = is_open
        self._live = live
        self._fold = fold
        self._fixed = compared is not None
        super().__init__(context, key, visible(code).split("\n"))
        self._coloring = Coloring(language, self._drop_layout)
        self._hidden = has_hidden(code)
        self._earlier: str | None = None
        self._comparing: tuple[str, str] | None = None
        if compared is not None:
            self._take_lines([line.text for line in compared], compared)
        if is_open:
            self._coloring.color_growing(self._lines, len(self._lines) - 1)

    def state(self) -> State:
        """What was chosen, to change it."""
        found = self.context.states.get(self.key)
        if not isinstance(found, State):
            found = self.context.states[self.key] = State()
        return found

    @property
    def chosen(self) -> State:
        """What was chosen, to look at."""
        found = self.context.states.get(self.key)
        return found if isinstance(found, State) else State()

    @property
    def _wrap(self) -> bool:
        return self.chosen.wrap

    @property
    def _scrolled(self) -> float:
        return self.chosen.offset

    def grow(self, code: str, delta: str, *, source: str, is_open: bool) -> None:
        """The fence got longer by ``delta``, or was closed."""
        self.code, self.source = code, source
        if delta:
            last = len(self._lines) - 1
            self._hidden = self._hidden or has_hidden(delta)
            added = visible(delta).split("\n")
            added[0] = self._lines[last] + added[0]
            self._lines[last:] = added
            self._line_grew(last)
            self._coloring.forget(last)
            if is_open and len(added) > 1:
                self._coloring.color_growing(self._lines, len(self._lines) - 1)
        if self.is_open and not is_open:
            self._coloring.again()
        self.is_open = is_open
        self.exact = False
        if self.width:
            self.settle()

    def settle_down(self) -> bool:
        """The answer is over: it is folded if it is long; whether that changed its height."""
        self._live = False
        if not self.folded():
            return False
        self.stale()
        self._coloring.again()
        self.height = self.estimate()
        return True

    def keep_open(self) -> None:
        if self._live:
            self.state().unfolded = True

    def _ask_for_colors(self) -> None:
        if not self.is_open:
            shown = self._shown()
            self._coloring.color(
                self._lines[:shown],
                lambda code: "\n".join(self._lines[:shown]) == code,
                lambda: self.context.changed(self),
            )

    def _formats(self, line: int) -> list[QTextLayout.FormatRange]:
        return self._coloring.formats(line)

    # What changed since the version before

    def _look_for_earlier(self) -> None:
        """Ask for the version before, and begin to compare if the reader wants to see it."""
        if self.file and not self.is_open and not self._fixed:
            earlier = self.context.earlier(self.key, self.file)
            self._earlier = None if earlier == self.code else earlier
            if self.chosen.changes and self._compared is None:
                self._compare()

    def _compare(self) -> None:
        if self._earlier is None or self._comparing == (self.code, self._earlier):
            return
        asked = self._comparing = (self.code, self._earlier)

        def take(lines: list[CodeLine] | None) -> None:
            if lines is not None and self._comparing == asked and self.chosen.changes:
                self._show([line.text for line in lines], lines)
                self.context.changed(self)

        worker().submit(lambda: merge_code(*asked), take)

    def _show(self, lines: list[str], compared: Sequence[CodeLine] | None) -> None:
        self._take_lines(lines, compared)
        self._coloring = Coloring(self.language, self._drop_layout)
        self.exact = False

    # Geometry

    @property
    def _head(self) -> int:
        return max(30, theme().line("small") + 12)

    @property
    def _top(self) -> float:
        return float(self._head + PAD_Y)

    def folded(self) -> bool:
        """Whether only the first lines are shown."""
        return len(self._lines) > self._fold[0] and not self._live and not self.chosen.unfolded

    def _shown(self) -> int:
        return self._fold[1] if self.folded() else len(self._lines)

    def estimate(self) -> float:
        return self._head + 2 * PAD_Y + self._shown() * self._line + self._more_height()

    def measure(self) -> float:
        return self._head + 2 * PAD_Y + self._rows_high() + self._more_height()

    def _more_height(self) -> float:
        return theme().control("button") if self.folded() else 0.0

    def _body(self) -> QRectF:
        return QRectF(1, self._head, self.width - 2, self.height - self._head - self._more_height() - 1)

    # Painting

    def paint(self, painter: QPainter, paint: Paint) -> None:
        self._ask_for_colors()
        self._look_for_earlier()
        draw_box(painter, QRectF(0, 0, self.width, self.height), theme().corner("card"), "sunken", "line")
        if paint.clip.top() < self._head:
            self._paint_head(painter, paint)
        self._paint_lines(painter, paint)
        if self.folded():
            self._paint_more(painter, paint)

    def _name(self) -> str:
        """What the head says: a title, or language and file."""
        language = language_name(self.language)
        return self.title or " · ".join(filter(None, (language, visible(self.file)))) or tr("Code")

    def _paint_head(self, painter: QPainter, paint: Paint) -> None:
        painter.fillRect(QRectF(1, self._head - 1, self.width - 2, 1), theme().color("line"))
        spots = self._head_spots()
        room = QRectF(PAD_X, 0, min(rect.x() for rect in spots.values()) - PAD_X - 8, self._head)
        used = paint_line(painter, room, self._name())
        if self._hidden:
            room.setLeft(room.x() + used + 12)
            edge = theme().icon_size(13)
            icons.draw(painter, "triangle-alert", QRectF(room.x(), 0, edge, self._head), "warning")
            paint_line(painter, room.adjusted(edge + 6, 0, 0, 0), tr("hidden characters"), color="warning")
        for key, (icon, _name, on) in self._buttons().items():
            if key not in spots:
                continue
            paint_button(
                painter, spots[key], key, paint, icon=icon, color="accenttext" if on else "text2"
            )  # fmt: skip
        label = tr("Copied") if paint.ticked == "copy" else tr("Copy")
        label = label if spots["copy"].width() > theme().scaled(_NARROW) else ""
        paint_button(painter, spots["copy"], "copy", paint, icon="copy", label=label)

    def _buttons(self) -> dict[str, tuple[str, str, bool]]:
        """The buttons before Copy in their order: icon, name, and whether what they do is on."""
        found: dict[str, tuple[str, str, bool]] = {}
        if self._earlier is not None:
            found["changes"] = ("diff", tr("Show what changed since the version before"), self.chosen.changes)
        if self.language.lower() in PAGES and not self.is_open:
            found["page"] = ("globe", tr("Open in browser, without network"), False)
        found["numbers"] = ("list-ordered", tr("Line numbers"), self.context.numbers)
        found["wrap"] = ("wrap-text", tr("Wrap long lines"), self.chosen.wrap)
        found["save"] = ("download", tr("Save code"), False)
        return found

    def _head_spots(self) -> dict[str, QRectF]:
        high = min(self._head - 4, theme().control("icon-button-code"))
        y = (self._head - high) / 2
        narrow = theme().scaled(_NARROW)
        wide = max(button_width(tr("Copy"), "copy"), button_width(tr("Copied"), "copy"))
        keys = list(self._buttons())
        room = self.width - 4 - theme().scaled(_LEAST_NAME)
        if len(keys) * (narrow + 2) + wide > room:
            wide = narrow
        while keys and len(keys) * (narrow + 2) + wide > room:
            # Where there is no room, what can best be done without goes first.
            keys.remove(min(keys, key=_NEEDED.index))
        x = float(self.width - 4 - wide)
        spots = {"copy": QRectF(x, y, wide, high)}
        for key in reversed(keys):
            x -= narrow + 2
            spots[key] = QRectF(x, y, narrow, high)
        return dict(reversed(spots.items()))

    def _more_rect(self) -> QRectF:
        high = self._more_height()
        return QRectF(6, self.height - high - 4, button_width(self._more_label(), "chevron-down"), high)

    def _more_label(self) -> str:
        return tr("Show {0} more lines").format(len(self._lines) - self._fold[1])

    def _paint_more(self, painter: QPainter, paint: Paint) -> None:
        paint_button(
            painter, self._more_rect(), "more", paint, icon="chevron-down", label=self._more_label()
        )  # fmt: skip

    # Text

    def copied(self, start: int, end: int) -> str:
        if start <= 0 and end >= self.length():
            return self.code
        return self._cut(start, end)

    def markdown(self, start: int, end: int) -> str:
        if start <= 0 and end >= self.length() and self.source:
            return self.source
        return self.copied(start, end)

    def html(self, start: int, end: int) -> str:
        return f"<pre><code>{escape(self.copied(start, end))}</code></pre>"

    def copies(self, point: QPointF) -> list[tuple[str, str]]:
        return [(tr("Copy code"), self.code)]

    # Pressing

    def hotspots(self) -> list[Hotspot]:
        spots = self._head_spots()
        names = {key: name for key, (_icon, name, _on) in self._buttons().items() if key in spots}
        names["copy"] = tr("Copy code")
        found = [Hotspot(key, name, (spots[key],)) for key, name in names.items()]
        if self.folded():
            found.append(Hotspot("more", self._more_label(), (self._more_rect(),)))
        return found

    def activate(self, key: str) -> Effect | None:
        if key == "copy":
            return CopyText(self.code)
        if key == "save":
            return SaveText(self.code, self._file_name())
        if key == "page":
            return OpenPage(self.code, self.language.lower())
        if key == "numbers":
            return ShowNumbers(not self.context.numbers)
        state = self.state()
        if key == "wrap":
            state.wrap = not state.wrap
            state.offset = 0.0
        elif key == "more":
            state.unfolded = True
            self._coloring.again()
        elif key == "changes":
            self._switch_changes(state)
        self.stale()
        return None

    def _switch_changes(self, state: State) -> None:
        state.changes = not state.changes
        self._comparing = None
        if state.changes:
            self._compare()
        else:
            self._show(visible(self.code).split("\n"), None)

    def _file_name(self) -> str:
        """A name to save under: never a path."""
        named = re.split(r"[/\\]", self.file)[-1]
        return _UNSAFE_IN_NAMES.sub("_", named).strip(". ") or f"code.{extension(self.language)}"

    def scroll_sideways(self, by: float) -> bool:
        overflow = self._overflow()
        if not overflow:
            return False
        state = self.state()
        before = state.offset
        state.offset = min(max(0.0, before + by), overflow)
        return state.offset != before
