"""Days and times as the lists of the workbench write them."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime


def moment(at_ms: int) -> str:
    """The time where it was today, else the day."""
    told = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    if told.date() != datetime.now().astimezone().date():
        return day(at_ms)
    return QLocale().toString(QTime(told.hour, told.minute), QLocale.FormatType.ShortFormat)


def day(at_ms: int) -> str:
    """`today`, `Thu` within a week, `12 Nov`, with the year where it is another; "" for no time."""
    if not at_ms:
        return ""
    told = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().date()
    date, today = QDate(told.year, told.month, told.day), QDate.currentDate()
    ago = date.daysTo(today)
    if ago == 0:
        return QCoreApplication.translate("Workbench", "today")
    locale = QLocale()
    if 0 < ago < 7:
        return locale.toString(date, "ddd")
    return locale.toString(date, "d MMM" if date.year() == today.year() else "d MMM yyyy")
