"""The model picker: what it lists, finds, offers, and what keys and the pointer do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.ui.chat.quiet import done, until_quiet

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.secrets import Secret
from chatbench.main import build
from chatbench.services import Services
from chatbench.services.attachments import Candidate
from chatbench.services.attachments.takes import Kind
from chatbench.services.models import ModelRow
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.chat.picker.delegate import SLOTS, abilities
from chatbench.ui.chat.picker.query import Query, haystack
from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import SHADOW_MARGIN

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]

HOUSE = Endpoint(
    id="house",
    name="Our own server",
    wire="openai_chat",
    base_url="http://127.0.0.1:9/v1",
    auth="none",
    models=("small-talk", "long-talk"),
)
SONNET = ModelRef("anthropic", "claude-sonnet-4-5")


class Desk:
    """A window with a chip at its foot, and what its picker asked for."""

    def __init__(self, services: Services, run_async: Runner, qtbot: QtBot) -> None:
        self.services = services
        self.run = run_async
        self.window = QWidget()
        self.window.resize(820, 800)
        qtbot.addWidget(self.window)
        self.chip = QPushButton("model", self.window)
        self.chip.setGeometry(20, 760, 100, 24)
        self.window.show()
        self.picker = ModelPicker(services, self.window)
        self.chosen: list[ModelRef] = []
        self.wanted: list[str] = []
        self.picker.chosen.connect(self.chosen.append)
        self.picker.key_wanted.connect(self.wanted.append)

    def open(self, current: ModelRef = GUIDE) -> ModelPicker:
        self.run(done(lambda: self.picker.open_for(current, self.chip)))
        return self.picker

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.picker.search, key, modifiers)

    def marked(self) -> ModelRef | None:
        entry = self.picker.marked()
        return entry.row.info.ref if entry is not None and entry.row is not None else None

    def spot(self, ref: ModelRef) -> QPoint:
        """The middle of a model's row in the list's viewport."""
        rows = self.picker.list
        index = self.picker.rows.index(self.picker.rows.place(ref))
        rows.scrollTo(index)
        return rows.visualRect(index).center()


@pytest.fixture
def desk(services: Services, run_async: Runner, qtbot: QtBot) -> Iterator[Desk]:
    services.endpoints.save(HOUSE)
    desk = Desk(services, run_async, qtbot)
    yield desk
    run_async(until_quiet())


def refs(picker: ModelPicker) -> list[str]:
    return [str(ref) for ref in picker.rows.refs()]


def heads(picker: ModelPicker) -> list[str]:
    rows = picker.rows
    return [str(rows.index(n).data()) for n in range(rows.rowCount()) if rows.entry(n).row is None]


def test_it_lists_every_model_under_its_provider_with_the_state_of_its_key(desk: Desk) -> None:
    picker = desk.open()
    assert refs(picker)[:3] == ["house/small-talk", "house/long-talk", "chatbench/guide"]
    assert heads(picker)[0] == "Our own server, no key needed"
    assert "Anthropic, no key yet" in heads(picker)
    spoken = str(picker.rows.index(picker.rows.place(SONNET)).data())
    assert spoken.startswith(
        "Claude Sonnet 4.5, Anthropic, cannot be used yet, 200000 tokens of context, $3.00 in"
    )
    assert "sees images" in spoken
    assert f"Search {picker.rows.total} models" in picker.search.placeholderText()
    assert picker.search.hasFocus()
    assert picker.dated.text().startswith("Prices of ")


def test_the_present_model_is_marked_and_in_sight(desk: Desk) -> None:
    picker = desk.open(SONNET)
    assert desk.marked() == SONNET
    place = picker.list.visualRect(picker.list.currentIndex())
    assert picker.list.viewport().rect().contains(place)


def test_the_keyboard_walks_over_heads_and_uses_a_model(desk: Desk) -> None:
    picker = desk.open(ModelRef("house", "small-talk"))
    desk.press(Qt.Key.Key_Up)
    assert desk.marked() == ModelRef("house", "small-talk"), "nothing above"
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Down)
    assert desk.marked() == GUIDE, "past a head"
    desk.press(Qt.Key.Key_PageDown)
    assert picker.rows.place(desk.marked() or GUIDE) > 8
    desk.press(Qt.Key.Key_PageUp)
    desk.press(Qt.Key.Key_PageUp)
    assert desk.marked() == ModelRef("house", "small-talk")
    desk.press(Qt.Key.Key_Return)
    assert desk.chosen == [ModelRef("house", "small-talk")]
    assert not picker.isVisible()


def test_a_model_that_cannot_be_used_starts_the_fix(desk: Desk) -> None:
    desk.open(SONNET)
    desk.press(Qt.Key.Key_Return)
    assert desk.chosen == []
    assert desk.wanted == ["anthropic"]
    assert not desk.picker.isVisible()


def test_escape_closes_even_with_words_in_the_field(desk: Desk) -> None:
    picker = desk.open()
    QTest.keyClicks(picker.search, "sonnet")
    QTest.mouseClick(picker._filters[1][0], Qt.MouseButton.LeftButton)
    desk.press(Qt.Key.Key_Escape)
    assert not picker.isVisible()
    desk.open()
    assert picker.search.text() == "", "the next opening starts anew"
    assert len(refs(picker)) == picker.rows.total


def test_ctrl_d_stars_and_the_star_is_kept(desk: Desk) -> None:
    picker = desk.open(ModelRef("house", "long-talk"))
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    override.ignore()
    QApplication.sendEvent(picker.search, override)
    assert override.isAccepted(), "the window's own Ctrl+D stays out of it"
    desk.press(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert desk.services.preferences.current.favourites == ("house/long-talk",)
    assert desk.marked() == ModelRef("house", "long-talk")
    picker._filters[4][0].click()
    assert refs(picker) == ["house/long-talk"]
    desk.press(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert refs(picker) == []
    assert picker.nothing.isVisible()


def test_the_pointer_uses_stars_and_fixes(desk: Desk) -> None:
    picker = desk.open()
    view = picker.list.viewport()
    spot = desk.spot(ModelRef("house", "long-talk"))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, spot.y()))
    assert desk.services.preferences.current.favourites == ("house/long-talk",)
    assert desk.chosen == []
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot)
    assert desk.chosen == [ModelRef("house", "long-talk")]
    desk.open(SONNET)
    head = next(n for n in range(picker.rows.rowCount()) if heads_at(picker, n) == "anthropic")
    picker.list.scrollTo(picker.rows.index(head))
    rect = picker.list.visualRect(picker.rows.index(head))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=rect.center())
    assert desk.wanted == []
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(rect.right() - 40, rect.center().y()))
    assert desk.wanted == ["anthropic"]


def heads_at(picker: ModelPicker, number: int) -> str:
    entry = picker.rows.entry(number)
    return entry.group.endpoint.id if entry.row is None else ""


def test_filters_and_words_narrow_together(desk: Desk) -> None:
    picker = desk.open()
    QTest.keyClicks(picker.search, "anthropic 4.5")
    found = refs(picker)
    assert found
    entries = [picker.rows.entry(number) for number in range(picker.rows.rowCount())]
    assert all("anthropic" in e.words and "4.5" in e.words for e in entries if e.row is not None)
    assert len(heads(picker)) == sum(e.row is None for e in entries) < len(found)
    assert desk.marked() is not None, "Enter uses the first that was found"
    picker.search.clear()
    images = picker._filters[0][0]
    QTest.mouseClick(images, Qt.MouseButton.LeftButton)
    assert "house/small-talk" not in refs(picker)
    assert "chatbench/guide" in refs(picker)
    QTest.keyClicks(picker.search, "no such model anywhere")
    assert refs(picker) == []
    desk.press(Qt.Key.Key_Return)
    assert desk.chosen == []


@pytest.mark.parametrize(
    ("text", "kept", "left"),
    [
        ("claude sonnet", "anthropic/claude-sonnet-4-5", "openai/gpt-5"),
        ("vision, local", "chatbench/guide", "openai/gpt-5"),
        ("vision, under $1", "openai/gpt-5-nano", "anthropic/claude-sonnet-4-5"),
        ("under 3.5, anthropic", "anthropic/claude-sonnet-4-5", "anthropic/claude-opus-4-5"),
        ("free", "chatbench/guide", "openai/gpt-5-nano"),
        ("thinks,tools", "openai/gpt-5", "openai/gpt-4o"),
        ("over 500k context", "gemini/gemini-2.5-pro", "anthropic/claude-sonnet-4-5"),
        ("VIDEO", "gemini/gemini-2.5-pro", "openai/gpt-5"),
        ("starred", "openai/gpt-5", "openai/gpt-5-nano"),
        (" , ,", "openai/gpt-5", ""),
    ],
)
def test_conditions_in_words(services: Services, text: str, kept: str, left: str) -> None:
    services.models.toggle_favourite(ModelRef("openai", "gpt-5"))
    query = Query(text)
    found = {
        str(row.info.ref): query.matches(row, haystack(group, row))
        for group in services.models.groups()
        for row in group.rows
    }
    assert found[kept]
    assert not left or not found[left]


def test_a_thousand_models_need_no_widget_each(desk: Desk) -> None:
    picker = desk.open()
    few = len(picker.findChildren(QWidget))
    picker.close()
    names = tuple(f"model-{number}" for number in range(1200))
    desk.services.endpoints.save(
        Endpoint(
            id="many",
            name="Many",
            wire="openai_chat",
            base_url="http://127.0.0.1:9/v1",
            auth="none",
            models=names,
        )
    )
    desk.open()
    assert picker.rows.total > 1200
    assert len(picker.findChildren(QWidget)) == few


@pytest.mark.parametrize(
    ("size", "factor"), [((820, 800), 1.0), ((480, 800), 1.0), ((1100, 800), 2.0), ((820, 420), 1.0)]
)
def test_it_stays_inside_its_window(desk: Desk, size: tuple[int, int], factor: float) -> None:
    theme().apply(text_factor=factor)
    desk.window.resize(*size)
    desk.chip.move(20, size[1] - 40)
    picker = desk.open()
    card = picker.card()
    assert card.width() <= min(size[0] - 24, theme().scaled(740))
    assert card.height() <= max(size[1] - 40, theme().scaled(240))
    for chip, words, _ in picker._filters:
        assert chip.geometry().right() <= card.right()
        assert chip.width() >= chip.sizeHint().width(), "never cut off"
        assert chip.accessibleName() == words


def test_what_a_provider_offers_now_is_asked_once_a_session(
    tmp_path: Path, run_async: Runner, qtbot: QtBot
) -> None:
    with LoopbackServer() as server:
        services = build(tmp_path / "other", environ={})
        run_async(services.profile.ready())
        services.endpoints.save(
            Endpoint(
                id="near",
                name="Near",
                wire="openai_chat",
                base_url=server.base_url("openai_chat"),
                auth="none",
            )
        )
        server.script(replies.data({"object": "list", "data": [{"id": "fresh-model", "object": "model"}]}))
        desk = Desk(services, run_async, qtbot)
        picker = desk.open()
        QApplication.processEvents()
        assert "near/fresh-model" in refs(picker)
        asked = len(server.asked)
        picker.close()
        desk.open()
        assert len(server.asked) == asked == 1
        run_async(services.aclose())


def test_a_refused_key_is_told_at_its_provider(tmp_path: Path, run_async: Runner, qtbot: QtBot) -> None:
    with LoopbackServer() as server:
        services = build(tmp_path / "other", environ={})
        run_async(services.profile.ready())
        endpoint = Endpoint(
            id="gate",
            name="Gateway",
            wire="openai_chat",
            base_url=server.base_url("openai_chat"),
            models=("m",),
        )
        services.endpoints.save(endpoint)
        run_async(services.endpoints.set_key("gate", Secret("sk-wrong"), session=True))
        server.script(replies.data({"error": {"message": "Incorrect API key"}}, status=401))
        desk = Desk(services, run_async, qtbot)
        picker = desk.open()
        group = picker.rows.entry(0).group
        assert group.endpoint.id == "gate"
        assert picker.rows.key_words(group) == "key for this session"
        assert picker.list.delegate.fix_words(group) == "Open settings"
        run_async(services.aclose())


def test_it_is_no_higher_than_it_needs_to_be_to_choose_from_hundreds(desk: Desk) -> None:
    desk.window.resize(820, 1000)
    desk.chip.move(20, 960)
    picker = desk.open()
    assert picker.rows.height() > 2000
    assert picker.height() - 2 * SHADOW_MARGIN == theme().scaled(570)
    picker.close()
    desk.chip.move(20, 400)
    assert desk.open().height() - 2 * SHADOW_MARGIN < 400, "less where the window has less"


def test_what_a_row_shows_a_model_takes_and_can_do_is_said(desk: Desk) -> None:
    """Its marks have no words of their own; the row's name and tooltip do."""
    rows = desk.open().rows
    names = ("sees images", "reads files", "hears", "sees video", "uses tools", "thinks")
    seen = [False] * len(SLOTS)
    for ref in rows.refs():
        index = rows.index(rows.place(ref))
        entry = rows.entry(index.row())
        assert entry.row is not None
        able = abilities(entry.row)
        said = str(index.data(Qt.ItemDataRole.AccessibleTextRole)).split(", ")
        assert tuple(name in said for name in names) == able, ref
        seen = [before or now for before, now in zip(seen, able, strict=True)]
    assert all(seen), "no model does it"


def test_a_row_shows_what_the_drop_zone_would_take(desk: Desk) -> None:
    """Of every model there is: a mark for what the provider's requests have no place for would promise
    what the drop refuses."""
    marks: tuple[Kind, ...] = ("picture", "pdf", "sound", "film")
    service, count = desk.services.attachments, 0
    for group in desk.services.models.groups():
        for row in group.rows:
            told = {one.kind: one for one in service.capabilities(row.info)}
            assert abilities(row)[:4] == tuple(told[kind].whole for kind in marks), row.info.ref
            assert all(told[kind].able for kind in marks if told[kind].whole), row.info.ref
            count += 1
            files = [Candidate(name="a", media_type=kind, size=1000) for kind in ("audio/mpeg", "video/mp4")]
            accepted = tuple(one.accepted for one in service.judge(files, row.info))
            assert accepted == abilities(row)[2:4], row.info.ref
    assert count > 100


def test_a_model_that_sees_film_elsewhere_has_no_mark_where_film_cannot_be_sent(desk: Desk) -> None:
    def row(ref: str) -> ModelRow:
        wanted = ModelRef.parse(ref)
        rows = (row for group in desk.services.models.groups() for row in group.rows)
        return next(row for row in rows if row.info.ref == wanted)

    assert abilities(row("gemini/gemini-2.5-flash"))[3]
    through = row("openrouter/google/gemini-2.5-flash")
    assert through.info.takes("video")
    assert not abilities(through)[3]
    assert not Query("video").matches(through, "")
