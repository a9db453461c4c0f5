"""The rows of the list: section heads and conversations, or what a search has found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
from PySide6.QtCore import QAbstractListModel, QCoreApplication, QLocale, QModelIndex, QObject, Qt, QTime

from chatbench.core.conversations import ConversationSummary
from chatbench.services.history import SearchHit
from chatbench.ui.widgets.rowlist import ROW

_ROOT = QModelIndex()


Marks = tuple[tuple[int, int], ...]
"""[start, end) of what was found."""

_SIGNS: Final = re.compile(
    r"(`+)"  # code
    r"|(?<![^\s(])(#{1,6}\s)"  # a heading
    r"|(?<![\w*])(\*{1,3})(?=[^\s*])"  # emphasis begins
    r"|(?<=[^\s*])(\*{1,3})(?![\w*])"  # and ends
    r"|(~~)"
    r"|(!?\[)[^\[\]]+(\]\([^()\s]*\))"  # a link, a picture
)
"""What Markdown writes around words; each group is a sign that says nothing to who reads."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row. A head has no `id`; a hit has a `snippet` and perhaps a `message_id`."""

    title: str
    id: str = ""
    when: str = ""
    icon: str = ""
    snippet: str = ""
    highlights: tuple[tuple[int, int], ...] = ()
    message_id: str = ""
    streaming: bool = False
    unread: bool = False
    failed: bool = False
    pinned: bool = False

    @property
    def is_head(self) -> bool:
        return not self.id

    @property
    def key(self) -> str:
        return self.id


def _tr(text: str) -> str:
    return QCoreApplication.translate("ChatSidebar", text)


def local_moment(milliseconds: int) -> datetime:
    """UTC milliseconds in the reader's own time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()


def when(moment: datetime, today: date) -> str:
    """The time for today and yesterday, the weekday within a week, the date before."""
    locale = QLocale()
    day = moment.date()
    if day >= today - timedelta(days=1):
        return locale.toString(QTime(moment.hour, moment.minute), QLocale.FormatType.ShortFormat)
    if day > today - timedelta(days=7):
        return locale.dayName(day.isoweekday(), QLocale.FormatType.ShortFormat)
    text = f"{day.day} {locale.monthName(day.month, QLocale.FormatType.ShortFormat)}"
    return text if day.year == today.year else f"{text} {day.year}"


def _section(day: date, today: date) -> str:
    if day >= today:
        return _tr("Today")
    if day == today - timedelta(days=1):
        return _tr("Yesterday")
    if day > today - timedelta(days=7):
        return _tr("Last 7 days")
    if day > today - timedelta(days=30):
        return _tr("Last 30 days")
    return str(day.year) if day.year != today.year else _tr("Earlier this year")


def list_rows(summaries: Sequence[ConversationSummary], today: date) -> list[Row]:
    """Pinned ones first, then by date, each under its head."""
    rows: list[Row] = []
    head = ""
    for summary in sorted(summaries, key=lambda s: not s.pinned):
        moment = local_moment(summary.updated_at)
        section = _tr("Pinned") if summary.pinned else _section(moment.date(), today)
        if section != head:
            head = section
            rows.append(Row(title=section, icon="pin" if summary.pinned else ""))
        rows.append(
            Row(
                id=summary.id,
                title=summary.title or _tr("New chat"),
                when="" if summary.pinned else when(moment, today),
                streaming=summary.streaming,
                unread=summary.unread,
                failed=summary.failed,
                pinned=summary.pinned,
            )
        )
    return rows


def hit_rows(hits: Sequence[SearchHit], today: date) -> list[Row]:
    """What a search has found, newest first; of words in an attached file its name stands before them."""
    return [_hit_row(hit, today) for hit in hits]


def _hit_row(hit: SearchHit, today: date) -> Row:
    of = f"{hit.file}: " if hit.file else ""
    snippet, highlights = hit.snippet.replace("\n", " "), hit.highlights
    if hit.message_id and not hit.file:
        snippet, highlights = unmarked(snippet, highlights)
    return Row(
        id=hit.conversation_id,
        title=hit.title or _tr("New chat"),
        when=when(local_moment(hit.created_at), today),
        snippet=of + snippet,
        highlights=tuple((start + len(of), end + len(of)) for start, end in highlights),
        message_id=hit.message_id or "",
        pinned=hit.pinned,
    )


def unmarked(snippet: str, highlights: Marks) -> tuple[str, Marks]:
    """A piece of a message without the signs of Markdown, which is cut out of its lines and so cannot be
    read as such. A sign in which the words were found stays."""
    gone = [
        (match.start(place), match.end(place))
        for match in _SIGNS.finditer(snippet)
        for place in range(1, _SIGNS.groups + 1)
        if match.start(place) < match.end(place)
    ]
    gone = [(a, b) for a, b in gone if not any(a < end and start < b for start, end in highlights)]
    kept, at = [], 0
    for start, end in gone:
        kept.append(snippet[at:start])
        at = end
    kept.append(snippet[at:])

    def moved(place: int) -> int:
        return place - sum(end - start for start, end in gone if end <= place)

    return "".join(kept), tuple((moved(start), moved(end)) for start, end in highlights)


class ConversationItemModel(QAbstractListModel):
    """The rows for a view; a change of one row repaints that row alone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def replace(self, rows: list[Row]) -> None:
        """Shows these rows, keeping the view's place where the ids did not change."""
        if [row.id or row.title for row in rows] == [row.id or row.title for row in self.rows]:
            changed = [place for place, row in enumerate(rows) if row != self.rows[place]]
            self.rows = rows
            for place in changed:
                index = self.index(place)
                self.dataChanged.emit(index, index)
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def place(self, conversation_id: str) -> int:
        """The first row of a conversation, -1 if there is none."""
        return next((at for at, row in enumerate(self.rows) if row.id == conversation_id), -1)

    def first(self) -> int:
        """The first row that is no head, -1 if there is none."""
        return next((at for at, row in enumerate(self.rows) if not row.is_head), -1)

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:  # type: ignore[override]
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # type: ignore[override]
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole or role == Qt.ItemDataRole.EditRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            states = [
                word
                for word, is_so in (
                    (_tr("being written"), row.streaming),
                    (_tr("unread"), row.unread),
                    (_tr("last answer failed"), row.failed),
                )
                if is_so
            ]
            return ", ".join(filter(None, (row.title, row.when, *states, row.snippet)))
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:  # type: ignore[override]
        if self.rows[index.row()].is_head:
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsEditable
            | Qt.ItemFlag.ItemNeverHasChildren
        )
