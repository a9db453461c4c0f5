"""The stack of messages: which of them are in view, and how that stays still while heights change.

What the reader sees hangs on an anchor: a message, a box in it and how many pixels of that box are
above the upper edge. Whatever becomes higher or lower above the anchor moves the scroll bar, never
the words. While ``following``, the stack hangs on its lower end instead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from chatbench.ui.chat.transcript.arranging import (
    Anchor,
    Row,
    anchor_at_top,
    anchor_in,
    downwards,
    settle_above,
    settle_from_below,
    upwards,
)
from chatbench.ui.chat.transcript.boxes.base import ESTIMATED_ADVANCE, Context
from chatbench.ui.chat.transcript.frame import BEFORE_TURN, Frame
from chatbench.ui.chat.transcript.heights import Heights
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.source import Source
from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import FONTS

_KEPT_ITEMS: Final = 48
_LOOSE: Final = 1.35
"""How much higher than its words alone a message is: paragraphs end early, lists have gaps."""
FOOT: Final = 12
"""The least room below the last message."""


class Stack:
    """Geometry of one transcript; it knows no widget."""

    def __init__(self, source: Source, context: Context, frame: Frame, height: int) -> None:
        self.context = context
        self.frame = frame
        self.height = height
        self.foot = float(FOOT)
        """Room below the last message."""
        self.following = True
        self.anchor = Anchor(0, 0, 0.0)
        self.rows: list[Row] = []
        self.missing: list[str] = []
        self.stale: list[str] = []
        """Shown in an older version than the source has."""
        self._source = source
        self._items: OrderedDict[str, Item] = OrderedDict()
        self.ids: Sequence[str] = ()
        self._sizes: Sequence[int] = ()
        self.heights = Heights()
        self._known: dict[str, float] = {}
        self._places: dict[str, int] | None = None
        self._reserved: dict[str, float] = {}
        self._load()

    @property
    def source(self) -> Source:
        """Where the messages come from."""
        return self._source

    def _load(self) -> None:
        self.ids = tuple(self._source.ids())
        self._sizes = self._source.sizes()
        self._places = None
        self._guess_heights()

    def _guess_heights(self) -> None:
        around = BEFORE_TURN + self.frame.head + self.frame.actions + 16
        pixels = theme().scaled(FONTS["prose"].px) * ESTIMATED_ADVANCE
        share = theme().line("prose") * _LOOSE * pixels / max(80, self.frame.column)
        self.heights = Heights(self._sizes, around, share)
        for message_id, height in list(self._known.items()):
            place = self.index_of(message_id)
            if place is None:
                del self._known[message_id]
            else:
                self.heights.set(place, height)

    def set_height(self, index: int, height: float) -> None:
        """What a message's height is known to be now."""
        self.heights.set(index, height)
        self._known[self.ids[index]] = height

    def reserve(self, message_id: str, height: float) -> bool:
        """Gives a message at least so much height, 0 for its own; returns whether that is another than
        before."""
        if height == self._reserved.get(message_id, 0.0):
            return False
        self._reserved[message_id] = height
        if not height:
            del self._reserved[message_id]
        index, item = self.index_of(message_id), self._items.get(message_id)
        if index is not None and item is not None:
            item.reserve(height)
            self.set_height(index, item.height)
        return True

    def index_of(self, message_id: str) -> int | None:
        """Where a message stands."""
        if self._places is None:
            self._places = {one: at for at, one in enumerate(self.ids)}
        return self._places.get(message_id)

    def refresh(self) -> None:
        """The source has other messages or newer versions of them; the words in view stay."""
        anchored = self.ids[self.anchor.index] if self.anchor.index < len(self.ids) else None
        self._load()
        for gone in [one for one in self._items if self.index_of(one) is None]:
            del self._items[gone]
        for one in list(self._items):
            self.reload(one)
        place = self.index_of(anchored) if anchored is not None else None
        if place is None:
            place = min(self.anchor.index, max(0, len(self.ids) - 1))
            self.anchor = Anchor(place, 0, 0.0)
        else:
            self.anchor = replace(self.anchor, index=place)

    def reload(self, message_id: str) -> None:
        """Take the newer version of one message."""
        index, item = self.index_of(message_id), self._items.get(message_id)
        if index is None:
            return
        if item is None:
            self._hold_what_is_at_hand(index)
            return
        entry, live = self._source.entry(index), self._source.live(index)
        if entry is None:
            self.stale.append(message_id)
        elif entry != item.entry or item.live != (live is not None) or item.first != (index == 0):
            if item.live and live is None and not self.following:
                self._keep_open(index, item)
            item.take(entry, live, first=index == 0)
            self.set_height(index, item.height)

    def _keep_open(self, index: int, item: Item) -> None:
        """What of a message is in view stays as it is there, whatever else folds."""
        top = self.top_of(index)
        if top is not None:
            for box, y in zip(item.boxes, item.tops, strict=True):
                if top + y < self.height and top + y + box.height > 0:
                    box.keep_open()

    def resize(self, frame: Frame, height: int) -> None:
        """Another width or height of the viewport."""
        self.height = height
        if frame != self.frame:
            self.frame = frame
            self._guess_heights()

    def restyle(self) -> None:
        """Fonts or colours changed."""
        for item in self._items.values():
            item.restyle()

    def item(self, index: int) -> Item | None:
        """A message with its boxes; None while it is not at hand (then it is noted as missing)."""
        message_id = self.ids[index]
        found = self._items.get(message_id)
        if found is not None:
            self._items.move_to_end(message_id)
            if found.frame != self.frame:
                found.fit(self.frame)
                self.set_height(index, found.height)
            return found
        entry = self._source.entry(index)
        if entry is None:
            self.missing.append(message_id)
            return None
        found = Item(self.context, entry, self.frame, self._source.live(index), first=index == 0)
        if message_id in self._reserved:
            found.reserve(self._reserved[message_id])
        guess = self.heights[index]
        self._items[message_id] = found
        self.set_height(index, found.height)
        self._take_place(index, found, guess)
        return found

    def _hold_what_is_at_hand(self, late: int) -> None:
        """The words in view stay where they are while a message above them takes its place."""
        row = next((row for row in self.rows if row.item is not None and row.index > late), None)
        if row is not None and not self.following and self.rows[0].index <= late:
            self.hold(row.index, 0)

    def _take_place(self, index: int, item: Item, guess: float) -> None:
        """A message that comes late takes the room kept for it from its lower end."""
        if self.following or index != self.anchor.index:
            return
        row = next((row for row in self.rows if row.index == index), None)
        if row is not None and row.item is None and row.top < 0:
            bottom = row.top + round(guess)
            settle_from_below(self, index, item, bottom)
            self.anchor = anchor_in(index, item, round(item.height) - bottom)

    def at_hand(self, index: int) -> Item | None:
        """The message if its boxes are made already."""
        return self._items.get(self.ids[index])

    def items(self) -> list[Item]:
        """The messages whose boxes are made."""
        return list(self._items.values())

    def trim(self) -> None:
        """Forget the boxes of messages that have not been in view for long; living ones stay."""
        if len(self._items) <= _KEPT_ITEMS:
            return
        seen = {self.ids[row.index] for row in self.rows}
        for one in list(self._items)[: len(self._items) - _KEPT_ITEMS]:
            if one not in seen and not self._items[one].live:
                self._items.pop(one).release()

    def height_of(self, index: int) -> float:
        """A message's height, perhaps a guess."""
        return self.heights[index]

    def total(self) -> float:
        """The height of everything."""
        return self.heights.total() + self.foot

    def value(self) -> float:
        """How far the upper edge is from the beginning."""
        if not self.ids:
            return 0.0
        index, box, offset = self.anchor.index, self.anchor.box, self.anchor.offset
        item = self.at_hand(index)
        inside = item.tops[box] if item is not None and box < len(item.tops) else 0.0
        return self.heights.top(index) + inside + offset

    def arrange(self) -> None:
        """Work out ``rows``: everything in view with exact heights."""
        self.missing = []
        if not self.ids:
            self.rows = []
            return
        if self.following:
            self._arrange_upwards()
        else:
            self.rows = downwards(self)
            last = self.rows[-1]
            end = last.top + self.heights[last.index] + self.foot
            if last.index == len(self.ids) - 1 and end < self.height:
                self._arrange_upwards()
        self.trim()

    def _arrange_upwards(self) -> None:
        self.rows = upwards(self)
        self.anchor = anchor_at_top(self.rows)

    def scroll_by(self, change: float) -> None:
        """Move the view by pixels, exactly; at the end it follows again."""
        if not self.ids or not change:
            return
        self.following = False
        index, box, offset = self.anchor.index, self.anchor.box, self.anchor.offset
        item = self.item(index)
        inside = offset + (item.tops[box] if item is not None and item.boxes else 0.0) + change
        if change < 0:
            index, inside = self._upwards(index, inside, -change)
        while inside >= self.heights[index] and index + 1 < len(self.ids):
            inside -= self.heights[index]
            index += 1
            item = self.item(index)
            if item is not None:
                item.settle_between(0, inside + 1)
                self.set_height(index, item.height)
        self.anchor = anchor_in(index, self.item(index), max(0.0, inside))
        self.arrange()
        if change > 0 and self.at_end():
            self.following = True

    def _upwards(self, index: int, inside: float, change: float) -> tuple[int, float]:
        """Make exact what comes into view from above, without moving what is there."""
        item = self.item(index)
        if item is not None:
            inside += settle_above(self, index, item, inside + change, change)
        while inside < 0 and index > 0:
            index -= 1
            item = self.item(index)
            if item is not None:
                settle_above(self, index, item, item.height, -inside)
            inside += self.heights[index]
        return index, max(0.0, inside)

    def scroll_to(self, value: float) -> None:
        """Move the view to a distance from the beginning: exact only as far as heights are."""
        if not self.ids:
            return
        self.following = False
        index, inside = self.heights.find(value)
        item = self.item(index)
        if item is not None:
            inside = float(round(inside))
            share = inside / max(1.0, self.heights[index])
            item.settle_between(max(0.0, inside - self.height), inside + self.height)
            self.set_height(index, item.height)
            if inside > item.height:
                inside = float(round(share * self.heights[index]))
        self.anchor = anchor_in(index, self.item(index), inside)
        self.arrange()
        if self.at_end():
            self.following = True

    def show(self, index: int, box: int = 0, offset: float = 0.0) -> None:
        """Move the view so that a place is at its upper edge."""
        self.following = False
        item = self.item(index)
        if item is None or not item.boxes:
            self.anchor = Anchor(index, 0, offset)
        else:
            self.anchor = Anchor(index, min(box, len(item.boxes) - 1), offset)
        self.arrange()
        if self.at_end() and self.total() > self.height:
            self.following = True

    def show_inside(self, index: int, pixels: float) -> None:
        """Move the view so that so many pixels of a message are above its upper edge."""
        self.following = False
        item = self.item(index)
        if item is not None:
            item.settle_between(0, pixels + self.height)
            self.set_height(index, item.height)
        inside = max(0.0, min(pixels, self.heights[index] - 1.0))
        self.anchor = anchor_in(index, item, float(round(inside)))
        self.arrange()
        if self.at_end() and self.total() > self.height:
            self.following = True

    def show_at(self, index: int, top: float) -> None:
        """Move the view so that a message begins at a height of the viewport."""
        item = self.item(index)
        first = item.tops[0] if item is not None and item.boxes else 0.0
        if top < 0:
            self.show_inside(index, -top)
        else:
            self.show(index, 0, -float(round(top)) - first)

    def top_of(self, index: int) -> float | None:
        """Where a message begins in the viewport; None when it is not in view."""
        return next((row.top for row in self.rows if row.index == index), None)

    def hold(self, index: int, box: int) -> None:
        """Whatever changes next, this box stays where it is in the viewport."""
        row = next((row for row in self.rows if row.index == index), None)
        if row is not None and row.item is not None and box < len(row.item.tops):
            self.following = False
            self.anchor = Anchor(index, box, -(row.top + row.item.tops[box]))

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self.arrange()

    def at_end(self) -> bool:
        """Whether the end of the last message is in view."""
        if not self.rows:
            return True
        last = self.rows[-1]
        end = last.top + self.heights[last.index] + self.foot
        return last.index == len(self.ids) - 1 and end <= self.height + 1

    def rearrange(self, index: int) -> None:
        """A message has other boxes, some of them those of before: what is read stays in place."""
        item = self.at_hand(index)
        if item is None:
            return
        read = self.anchor.index == index and self.anchor.box < len(item.boxes)
        held = item.boxes[self.anchor.box].key if read and not self.following else None
        item.regather()
        self.set_height(index, item.height)
        place = next((at for at, box in enumerate(item.boxes) if held is not None and box.key == held), None)
        if place is not None:
            self.anchor = replace(self.anchor, box=place)

    def item_grew(self, index: int) -> None:
        """A message in view changed its height by itself."""
        item = self.at_hand(index)
        if item is not None:
            self.set_height(index, item.height)
