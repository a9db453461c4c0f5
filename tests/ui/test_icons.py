"""Icons: every name of the design draws, in the theme's colours, once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QIcon, QImage, QPainter

from chatbench.ui import icons
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from chatbench.ui.theme import Theme

GROUPS = (
    "messages-square flask-conical sliders-horizontal library chart-column settings search columns-2",
    "panel-right ellipsis plus x menu chevron-down chevron-right chevron-left arrow-down pin folder",
    "folder-open folder-plus file-text table-2 message-square import list-filter grip-vertical cloud",
    "hard-drive compass brain wrench image audio-lines film star key-round lock copy refresh-cw pencil",
    "text-quote git-branch thumbs-up thumbs-down database volume-2 braces terminal code-xml trash-2",
    "wrap-text download save paperclip book-marked mic corner-down-left square gauge globe link-2 diff",
    "eye-off equal combine trophy columns-3 play pause grid-3x3 git-compare circle-dashed loader-circle",
    "check minus circle-check circle-alert circle-minus triangle-alert rotate-cw undo-2 wifi wifi-off",
    "settings-2 palette plug boxes wallet shield keyboard info server file-down file-spreadsheet",
    "file-code file-audio",
)
NAMES = [name for group in GROUPS for name in group.split()]


def ink(image: QImage) -> int:
    """How many pixels are drawn."""
    return sum(
        image.pixelColor(x, y).alpha() > 64 for x in range(image.width()) for y in range(image.height())
    )


def canvas(width: int, height: int) -> QImage:
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(0, 0, 0, 0))
    return image


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_design_draws(name: str) -> None:
    assert ink(icons.pixmap(name, 20, theme().color("text")).toImage()) > 8


def test_names_draw_differently() -> None:
    drawn = {name: icons.svg(name) for name in NAMES}
    assert len(set(drawn.values())) == len(NAMES)


def test_a_name_that_ends_like_another_is_not_mistaken_for_it() -> None:
    assert icons.svg("x") != icons.svg("box")


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(icons.UnknownIcon):
        icons.pixmap("no-such-icon", 16, theme().color("text"))


def test_the_package_itself_is_never_imported() -> None:
    icons.svg("copy")
    assert "lucide" not in sys.modules


def test_pixmaps_are_cached_by_name_size_colour_and_ratio() -> None:
    color = theme().color("text2")
    key = icons.pixmap("copy", 16, color, 2.0).cacheKey()
    assert icons.pixmap("copy", 16, color, 2.0).cacheKey() == key
    assert icons.pixmap("copy", 16, color, 1.0).cacheKey() != key
    assert icons.pixmap("copy", 16, theme().color("danger"), 2.0).cacheKey() != key


def test_a_ratio_of_two_has_twice_the_pixels_and_the_same_size() -> None:
    drawn = icons.pixmap("settings", 20, theme().color("text"), 2.0)
    assert (drawn.width(), drawn.deviceIndependentSize().width()) == (40, 20)


def test_icons_follow_the_theme(plain_theme: Theme) -> None:
    def darkest(icon: QIcon) -> int:
        image = icon.pixmap(16, 16).toImage()
        return min(
            image.pixelColor(x, y).lightness()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 200
        )

    action_icon = icons.icon("square", "text")
    assert darkest(action_icon) < 80
    plain_theme.apply(scheme="dark")
    assert darkest(action_icon) > 180


def test_the_gauge_is_three_bars_and_moves_by_steps() -> None:
    drawn = []
    for step in (0, 1, 4):
        image = canvas(11, 9)
        painter = QPainter(image)
        icons.draw_gauge(painter, QRect(0, 0, 11, 9), step)
        painter.end()
        drawn.append(image)
    assert ink(drawn[0]) == 3 * (5 + 9 + 6)
    assert drawn[0] != drawn[1]
    assert drawn[0] == drawn[2]


def test_the_ring_fills_with_progress() -> None:
    accent = theme().color("accent").rgb()

    def filled(fraction: float) -> int:
        image = canvas(8, 8)
        painter = QPainter(image)
        icons.draw_ring(painter, QRect(0, 0, 8, 8), fraction)
        painter.end()
        return sum(image.pixel(x, y) == accent for x in range(8) for y in range(8))

    assert filled(0.0) == 0
    assert 0 < filled(0.5) < filled(1.0)
