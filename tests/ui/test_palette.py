"""The command palette: what it finds, how it ranks, and what its keys do."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListView, QWidget
from tests.harness.waiting import until

from chatbench.ui.actions import Actions
from chatbench.ui.fuzzy import match
from chatbench.ui.palette import ActionSource, CommandPalette, PaletteRow
from chatbench.ui.theme import theme
from chatbench.ui.widgets.keys import KeyHint

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("comp", "Compare two runs", "Contract with the printing company"),
        ("comp", "groq/compound", "Incomplete answers"),
        ("nc", "New chat", "Encrypt"),
        ("chat", "New chat", "Changes that matter"),
        ("embed comp", "Compare four embedding models", "Computer models embedded in prose and verse"),
    ],
)
def test_better_matches_score_higher(query: str, better: str, worse: str) -> None:
    good, poor = match(query, better), match(query, worse)
    assert good is not None
    assert poor is None or good.score > poor.score


def test_matching_letters_are_told() -> None:
    found = match("comp", "Contract with the printing company")
    assert found is not None
    assert "".join("Contract with the printing company"[index] for index in found.letters) == "comp"
    assert match("zq", "Compare") is None
    assert match("STRASSE", "straße") is None
    istanbul = match("ist", "İstanbul")
    assert istanbul is None or max(istanbul.letters) < len("İstanbul")
    chinese = match("会议", "请把会议纪要整理成表格")
    assert chinese is not None
    assert chinese.letters == (2, 3)


class Names:
    """A source of plain names that remembers what was done."""

    def __init__(self, title: str, prefix: str, names: Sequence[str]) -> None:
        self.title, self.prefix, self.names = title, prefix, names
        self.done: list[str] = []

    def rows(self, query: str) -> Sequence[PaletteRow]:
        return [
            PaletteRow(
                name,
                partial(self.done.append, name),
                alternative=partial(self.done.append, f"split {name}"),
            )
            for name in self.names
        ]


class LateNames(Names):
    """The same, but each answer waits until the test lets it go."""

    def __init__(self, title: str, prefix: str, names: Sequence[str]) -> None:
        super().__init__(title, prefix, names)
        self.asked: list[tuple[str, asyncio.Event]] = []

    async def late(self, query: str, released: asyncio.Event) -> Sequence[PaletteRow]:
        await released.wait()
        return [PaletteRow(f"{name} {query}", lambda: None, found=True) for name in self.names]

    def rows(self, query: str) -> Any:
        released = asyncio.Event()
        self.asked.append((query, released))
        return self.late(query, released)


CHATS = ["Compare four embedding models", "Contract with the printing company", "House style"]


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(1000, 700)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


@pytest.fixture
def chats() -> Names:
    return Names("Chats", "#", CHATS)


@pytest.fixture
def palette(window: QWidget, chats: Names) -> CommandPalette:
    actions = Actions(window)
    actions.add("chat.compare", "Compare with another model", lambda: None, shortcut="Ctrl+Shift+L")
    actions.add("chat.none", "Compose nothing", lambda: None)
    actions.set_enabled("chat.none", False, "Nothing is open")
    overlay = CommandPalette(window)
    overlay.add_source(ActionSource(actions, "Actions"))
    overlay.add_source(chats)
    return overlay


def field(palette: CommandPalette) -> QLineEdit:
    return palette.findChildren(QLineEdit)[0]


def type_words(palette: CommandPalette, words: str) -> None:
    QTest.keyClicks(field(palette), words)


def heads(palette: CommandPalette) -> list[str]:
    model = palette.findChildren(QListView)[0].model()
    indexes = [model.index(row, 0) for row in range(model.rowCount())]
    return [str(index.data()) for index in indexes if index.flags() == Qt.ItemFlag.NoItemFlags]


def test_typing_narrows_and_groups_keep_their_order(palette: CommandPalette) -> None:
    palette.open()
    assert field(palette).hasFocus()
    type_words(palette, "comp")
    assert palette.titles() == ["Compare with another model", *CHATS[:2]]
    assert heads(palette) == ["Actions", "Chats"]


def test_more_than_five_of_one_group_are_found_by_name(palette: CommandPalette, chats: Names) -> None:
    chats.names = [f"Lane {letter}" for letter in "ABCDEFG"] + ["Add a lane"]
    palette.open()
    assert sum(title.startswith("Lane") for title in palette.titles()) == 5
    type_words(palette, "lane")
    assert "Add a lane" in palette.titles()


def test_one_result_is_not_called_several(palette: CommandPalette) -> None:
    palette.open()
    type_words(palette, "house")
    assert "1 result" in {label.text() for label in palette.findChildren(QLabel)}


def test_disabled_actions_are_not_offered(palette: CommandPalette) -> None:
    palette.open()
    type_words(palette, "compose")
    assert "Compose nothing" not in palette.titles()


def test_a_prefix_narrows_to_its_group(palette: CommandPalette, chats: Names) -> None:
    chats.names = [f"Chat {number}" for number in range(20)]
    palette.open()
    assert len(palette.titles()) == 1 + 5
    type_words(palette, "#")
    assert palette.titles() == list(chats.names)
    type_words(palette, "19")
    assert palette.titles() == ["Chat 19"]


def test_arrows_move_enter_does_and_the_focus_returns(
    palette: CommandPalette, chats: Names, window: QWidget, qtbot: QtBot
) -> None:
    before = QLineEdit(window)
    before.show()
    before.setFocus()
    palette.open()
    type_words(palette, "comp")
    QTest.keyClick(field(palette), Qt.Key.Key_Down)
    QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert chats.done == [CHATS[0]]
    assert not palette.isVisible()
    assert before.hasFocus()


def test_arrows_pass_over_heads_and_around_the_end(palette: CommandPalette, chats: Names) -> None:
    palette.open()
    type_words(palette, "comp")
    QTest.keyClick(field(palette), Qt.Key.Key_Up)
    QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert chats.done == [CHATS[1]]


def test_control_enter_does_the_alternative(palette: CommandPalette, chats: Names) -> None:
    palette.open("#")
    QTest.keyClick(field(palette), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert chats.done == [f"split {CHATS[0]}"]


def test_a_click_on_a_row_does_it(palette: CommandPalette, chats: Names, qtbot: QtBot) -> None:
    palette.open("#")
    rows = palette.findChildren(QListView)[0]
    place = rows.visualRect(rows.model().index(2, 0)).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: chats.done == [CHATS[1]])
    assert not palette.isVisible()


def test_escape_and_a_press_on_the_scrim_close_it(palette: CommandPalette) -> None:
    palette.open()
    QTest.keyClick(field(palette), Qt.Key.Key_Escape)
    assert not palette.isVisible()
    palette.open()
    QTest.mouseClick(palette, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not palette.isVisible()


def test_nothing_found_offers_to_search_inside_messages(palette: CommandPalette) -> None:
    searched: list[str] = []
    palette.search_inside = searched.append
    palette.open()
    type_words(palette, "qqzz")
    assert heads(palette) == ["Nothing is called that."]
    assert palette.titles() == ["Search inside messages?"]
    QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert searched == ["qqzz"]


def test_matching_letters_are_drawn_in_the_accents_words(palette: CommandPalette) -> None:
    palette.open()
    type_words(palette, "contract")
    rows = palette.findChildren(QListView)[0]
    image = rows.viewport().grab().toImage()
    accent = theme().color("accenttext").rgb()
    marked = [x for x in range(image.width()) for y in range(image.height()) if image.pixel(x, y) == accent]
    assert marked
    assert max(marked) < 130


def test_late_rows_appear_when_they_arrive_and_stale_ones_never(
    window: QWidget, run_async: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    async def scenario() -> tuple[list[str], list[str], list[str]]:
        source = LateNames("Chats", "#", ["Found"])
        palette = CommandPalette(window)
        palette.add_source(source)
        palette.open()
        type_words(palette, "a")
        type_words(palette, "b")
        queries = [query for query, _ in source.asked]
        assert queries[-2:] == ["a", "ab"]
        for query, released in source.asked:
            if query != "ab":
                released.set()
        await asyncio.sleep(0.02)
        stale = palette.titles()
        source.asked[-1][1].set()
        await until(palette.titles, "what was found late")
        return queries, stale, palette.titles()

    _, stale, fresh = run_async(scenario())
    assert stale == []
    assert fresh == ["Found ab"]


def test_the_card_stays_inside_a_small_window(palette: CommandPalette, window: QWidget) -> None:
    window.resize(420, 300)
    palette.open()
    card = palette.findChildren(QLineEdit)[0].parentWidget()
    assert card is not None
    assert palette.rect().contains(card.geometry())


def test_the_current_row_is_read_out(palette: CommandPalette, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("chatbench.ui.palette.overlay.announce", lambda _widget, words: said.append(words))
    palette.open("comp")
    QTest.keyClick(field(palette), Qt.Key.Key_Down)
    assert said == [
        "Compare with another model, Ctrl+Shift+L, 1 of 3",
        "Compare four embedding models, 2 of 3",
    ]
    type_words(palette, "are f")
    assert said[-1] == "Compare four embedding models, 1 of 1"
    type_words(palette, "zzz")
    assert said[-1] == "Nothing is called that."


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("width", [360, 480, 1000])
def test_the_foot_shows_what_it_has_room_for_in_whole(
    palette: CommandPalette, window: QWidget, width: int, factor: float
) -> None:
    theme().apply(text_factor=factor)
    window.resize(width, 700)
    palette.open()
    QApplication.processEvents()
    hints = [hint for hint in palette.findChildren(KeyHint) if hint.isVisible()]
    assert hints or width == 360
    for hint in hints:
        assert hint.width() >= hint.sizeHint().width()
    if width == 1000:
        assert len(hints) == 4
    if factor == 1.0:
        assert hints


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("night", True), ("nigh", True), ("ngiht", True), ("nght", True), ("niight", True), ("nipht", True),
        ("drak", True), ("ngi", False), ("nigthly", False), ("xight", True), ("xyght", False),
    ],
)  # fmt: skip
def test_other_words_do_and_a_slip_of_one_letter(query: str, found: bool) -> None:
    assert (match(query, "Dark colours", ("night", "theme")) is not None) is found
    assert match(query, "Dark colours") is None or query == "drak"


def test_a_name_beats_other_words_and_these_beat_a_slip() -> None:
    name, other = match("theme", "Theme park", ("x",)), match("theme", "Dark colours", ("night", "theme"))
    slip = match("tehme", "Dark colours", ("night", "theme"))
    assert name is not None
    assert other is not None
    assert slip is not None
    assert name.score > other.score > slip.score > 0
    first = match("theme", "Dark colours", ("theme", "night"))
    assert first is not None
    assert first.score > other.score, "the words that stand first say it best"
