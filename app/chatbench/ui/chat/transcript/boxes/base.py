"""The box: one painted piece of a message, and what it shares with the view around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from chatbench.core.messages import MediaPart
from chatbench.ui.chat.transcript.comparing import Change, Compared

ESTIMATED_ADVANCE: Final = 0.47
"""Mean width of a character of prose, as a share of the font's pixel size."""


@dataclass(frozen=True, slots=True)
class Hotspot:
    """A place in a box that can be clicked, or pressed with the keyboard.

    ``rects`` are in the box's coordinates (a link may take several lines). ``link`` is set for
    links; ``label`` are words drawn with the icon.
    """

    key: str
    name: str
    rects: tuple[QRectF, ...]
    link: str = ""
    enabled: bool = True


class CopyText(NamedTuple):
    """Put this on the clipboard."""

    text: str


class SaveText(NamedTuple):
    """Offer to save this as a file."""

    text: str
    name: str


class OpenLink(NamedTuple):
    """Ask before this is opened; ``words`` are what the link shows."""

    url: str
    words: str


class Rebuild(NamedTuple):
    """The part the box belongs to is to be made again: it was unfolded or folded."""


class Act(NamedTuple):
    """Tell the owner of the view: one of the actions of a message."""

    action: str


class ShowNumbers(NamedTuple):
    """Number the lines of all code, or no longer."""

    on: bool


class OpenPage(NamedTuple):
    """Show this in the reader's browser, as a local page without network."""

    code: str
    language: str


class ShowNote(NamedTuple):
    """Go to the footnote with this label in the same message."""

    label: str


class OpenFile(NamedTuple):
    """Show an attached file; ``siblings`` are all of its message."""

    part: MediaPart
    siblings: tuple[MediaPart, ...]


Effect = OpenFile | CopyText | SaveText | OpenLink | Rebuild | Act | ShowNumbers | OpenPage | ShowNote


@dataclass(slots=True)
class Context:
    """What all boxes of one view share.

    ``states`` keeps what was unfolded, by box key; ``wanted`` which boxes wait for which formula.
    """

    ratio: float = 1.0
    rtl: bool = False
    changed: Callable[[Box], None] = lambda _box: None
    thumbnail: Callable[[str, int, int], QImage | None] = lambda _sha, _width, _height: None
    numbers: bool = False
    """Whether lines of code are numbered."""
    earlier: Callable[[tuple[Any, ...], str], str | None] = lambda _key, _file: None
    """The code of a file as it was before the box with this key, if it was shown earlier."""
    compared: Callable[[str], Compared | None] = lambda _message: None
    """What a message is shown beside."""
    urged: str = ""
    """The message whose first way on is the one primary button in view; "" where there is none."""
    unsaid: str = ""
    """What stands where the messages will, as long as there are none."""
    rearranged: Callable[[object], None] = lambda _segment: None
    """A segment has other boxes now."""
    states: dict[Any, Any] = field(default_factory=dict)
    wanted: dict[Any, set[Box]] = field(default_factory=dict)

    def want(self, key: object, box: Box) -> None:
        """``box`` is to be made again when the formula is drawn."""
        self.wanted.setdefault(key, set()).add(box)


@dataclass(frozen=True, slots=True)
class Paint:
    """What one painting of a box needs; offsets are the box's own, in UTF-16 units."""

    clip: QRectF
    selection: tuple[int, int] | None = None
    hits: tuple[tuple[int, int], ...] = ()
    current_hit: tuple[int, int] | None = None
    hovered: str = ""
    pressed: str = ""
    focused: str = ""
    inside: bool = False
    """The pointer is over the box, or the keyboard in it."""
    ticked: str = ""
    """The hotspot that was used a moment ago: it shows a tick."""


class Box(ABC):
    """A piece of a message, as wide as its column.

    ``height`` is an estimate until ``exact``; ``measure`` makes it exact for a width and
    ``release`` drops what that cost, keeping the height. ``key`` tells boxes of one message apart,
    also after they were made again.
    """

    before: float = 0.0
    after: float = 10.0
    indent: float = 0.0
    bars: tuple[float, ...] = ()
    """Where the bars of quotations stand, from the column's left edge."""
    snug = False
    """Of two such boxes under one another there are only 4 pixels between."""
    hugs = False
    """It stands close under whatever is above it."""
    heading = False
    """It begins a turn, for who walks from one to the next."""
    change: Change = ""
    """Set when all of it was added, or removed and stands only in the text it is compared with."""
    cursor_follows = False
    """The block cursor of a growing answer can stand at the end of this box."""

    def __init__(self, context: Context, key: tuple[Any, ...]) -> None:
        self.context = context
        self.key = key
        self.width = 0.0
        self.height = 0.0
        self.exact = False
        self.continued = False
        self.tight = False
        """In the source no empty line stands before it."""

    def fit(self, width: float) -> None:
        """Take a column width: an exact height of another width becomes an estimate."""
        if width != self.width or not self.height:
            self.width = width
            self.exact = False
            self.height = self.estimate()
            self.release()

    def settle(self) -> float:
        """Make the height exact; returns the change."""
        if self.exact:
            return 0.0
        before = self.height
        self.height = float(self.measure())
        self.exact = True
        return self.height - before

    def stale(self) -> None:
        """The contents changed: the height is an estimate again, at its old value."""
        self.exact = False
        self.release()

    @abstractmethod
    def estimate(self) -> float:
        """A cheap guess of the height at ``width``."""

    @abstractmethod
    def measure(self) -> float:
        """The height at ``width``, a whole number of pixels."""

    @abstractmethod
    def paint(self, painter: QPainter, paint: Paint) -> None:
        """Draw with the box's left upper corner at the origin."""

    def keep_open(self) -> None:  # noqa: B027 - most boxes never fold by themselves
        """It is being read: what is in view stays unfolded when its answer is over."""

    def release(self) -> None:  # noqa: B027 - most boxes hold nothing to drop
        """Drop layouts and pictures; they are made again when needed."""

    @property
    def text(self) -> str:
        """What can be selected and found, as plain text; "" when nothing can."""
        return ""

    @property
    def spoken(self) -> str:
        """``text`` for a reader who does not see what was added and removed."""
        return self.text

    def length(self) -> int:
        """``text`` in UTF-16 units."""
        return 0

    def copied(self, start: int, end: int) -> str:
        """Plain text of a selection."""
        return ""

    def markdown(self, start: int, end: int) -> str:
        """Markdown source of a selection."""
        return self.copied(start, end)

    def html(self, start: int, end: int) -> str:
        """Safe HTML of a selection, for another program's paste."""
        return ""

    def offset_at(self, point: QPointF) -> int:
        """The selectable offset nearest to a point."""
        return 0

    def next_offset(self, offset: int, step: int) -> int:
        """Where the next character begins (``step`` 1), or the one before (-1)."""
        return offset + step

    def right_to_left_at(self, offset: int) -> bool:
        """Whether the words around an offset run from the right."""
        return False

    def word_at(self, offset: int) -> tuple[int, int]:
        """The word around an offset."""
        return offset, offset

    def paragraph_at(self, offset: int) -> tuple[int, int]:
        """The paragraph or line around an offset."""
        return 0, self.length()

    def rects(self, start: int, end: int) -> list[QRectF]:
        """Where a range of the text stands."""
        return []

    def hotspots(self) -> list[Hotspot]:
        """What can be pressed, in reading order."""
        return []

    def activate(self, key: str) -> Effect | None:
        """Do what a hotspot does; what the box cannot do itself is returned."""
        return None

    def tip(self, point: QPointF) -> str:
        """Plain text for a tooltip at a point."""
        return ""

    def file_at(self, point: QPointF) -> OpenFile | None:
        """The attached file at a point."""
        return None

    def copies(self, point: QPointF) -> list[tuple[str, str]]:
        """What else can be copied at a point: what a menu calls it, and the text."""
        return []

    def scroll_sideways(self, by: float) -> bool:
        """Scroll the contents; False when they cannot."""
        return False

    def thumb(self) -> tuple[QRectF, float] | None:
        """Where the thumb of sideways scrolling runs, and how much a pixel of it scrolls."""
        return None

    def scroll_down(self, by: float, point: QPointF) -> bool:
        """Scroll contents that are higher than the box; False when they cannot go further."""
        return False

    def end(self) -> QPointF | None:
        """Where the block cursor stands: the left end of the middle of the line after the last glyph."""
        return None
