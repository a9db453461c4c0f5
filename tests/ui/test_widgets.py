"""The base widgets, driven by real keys and clicks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMargins, QPoint, QRect, Qt
from PySide6.QtGui import QAction, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets import (
    GAUGE,
    Button,
    Chip,
    ElidedLabel,
    FactRow,
    Gauge,
    IconButton,
    Label,
    Pill,
    Popup,
    SearchField,
    Section,
    SegmentControl,
    Select,
    Surface,
    Switch,
    draw_keys,
    gauge_clock,
    key_names,
    tip,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from chatbench.ui.theme import Theme

LEFT = Qt.MouseButton.LeftButton


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_targets_are_at_least_24_by_24(qtbot: QtBot, plain_theme: Theme, factor: float) -> None:
    plain_theme.apply(text_factor=factor)
    controls: list[QWidget] = [
        Button("A", size="small"),
        Button("A"),
        IconButton("copy", "Copy", size="code"),
        IconButton("copy", "Copy", size="row"),
        Chip("A"),
        Switch(name="A"),
        Switch("A", form=True),
        SearchField("A"),
        Select(name="A"),
        SegmentControl([("a", "A")]),
    ]
    for control in controls:
        qtbot.addWidget(control)
        hint = control.sizeHint()
        assert min(hint.width(), hint.height()) >= 24, control
        if not isinstance(control, SegmentControl):
            assert control.accessibleName(), control


def test_a_button_is_pressed_by_mouse_space_and_shows_an_ampersand(qtbot: QtBot) -> None:
    button = Button("Save & check")
    qtbot.addWidget(button)
    presses: list[bool] = []
    button.clicked.connect(lambda: presses.append(True))
    button.show()
    QTest.mouseClick(button, LEFT)
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert len(presses) == 2
    assert button.label() == button.accessibleName() == "Save & check"
    assert button.shortcut().isEmpty()


def test_a_disabled_button_does_nothing_and_keeps_its_size(qtbot: QtBot) -> None:
    button = Button("Save", kind="primary")
    qtbot.addWidget(button)
    size = button.sizeHint()
    presses: list[bool] = []
    button.clicked.connect(lambda: presses.append(True))
    button.setEnabled(False)
    button.show()
    QTest.mouseClick(button, LEFT)
    assert presses == []
    assert button.sizeHint() == size


def test_kinds_and_states_are_told_by_fill_border_and_words(qtbot: QtBot, plain_theme: Theme) -> None:
    def look(button: Button) -> tuple[str, str]:
        button.resize(button.sizeHint())
        image = button.grab().toImage()
        return image.pixelColor(6, 4).name(), image.pixelColor(0, image.height() // 2).name()

    def colors(*roles: str) -> tuple[str, ...]:
        return tuple(plain_theme.color(role).name() for role in roles)  # type: ignore[arg-type]

    primary, ordinary, checked = Button("Go", kind="primary"), Button("Go"), Button("Go")
    checked.setCheckable(True)
    checked.setChecked(True)
    for button in (primary, ordinary, checked):
        qtbot.addWidget(button)
    assert look(primary) == colors("accent", "accent")
    assert look(ordinary) == colors("raised", "btnline")
    assert look(checked) == colors("selected", "accent")
    ordinary.setDown(True)
    assert look(ordinary)[0] == plain_theme.color("pressed").name()


def test_an_icon_button_follows_its_action(qtbot: QtBot) -> None:
    action = QAction("Inspector")
    action.setCheckable(True)
    action.setShortcut("Ctrl+I")
    action.setProperty("icon_name", "panel-right")
    button = IconButton.for_action(action)
    qtbot.addWidget(button)
    button.show()
    QTest.mouseClick(button, LEFT)
    assert action.isChecked()
    assert button.isChecked()
    action.setChecked(False)
    assert not button.isChecked()
    assert "Ctrl+I" in button.toolTip()
    action.setProperty("reason", "Nothing is open")
    action.setEnabled(False)
    assert not button.isEnabled()
    assert "Nothing is open" in button.toolTip()
    assert button.accessibleDescription() == "Nothing is open"


def test_tooltips_show_what_strangers_wrote_as_plain_text() -> None:
    assert "&lt;img src=x&gt;" in tip("<img src=x>")


def test_the_gauge_clock_lives_only_while_a_visible_gauge_runs(qtbot: QtBot, plain_theme: Theme) -> None:
    plain_theme.apply(motion="full")
    gauge, button = Gauge(), Button("Check")
    for widget in (gauge, button):
        qtbot.addWidget(widget)
    gauge.set_active(True)
    assert not gauge_clock().running
    gauge.show()
    button.show()
    button.set_busy(True)
    assert gauge_clock().running
    step = gauge_clock().step
    qtbot.waitUntil(lambda: gauge_clock().step > step, timeout=3000)
    gauge.set_active(False)
    assert gauge_clock().running
    button.hide()
    assert not gauge_clock().running


def test_a_deleted_gauge_leaves_the_clock(qtbot: QtBot, plain_theme: Theme) -> None:
    plain_theme.apply(motion="full")
    parent = QWidget()
    qtbot.addWidget(parent)
    gauge = Gauge(parent)
    parent.show()
    gauge.set_active(True)
    assert gauge_clock().running
    gauge.setParent(None)
    gauge.deleteLater()
    qtbot.waitUntil(lambda: not gauge_clock().running)


def test_with_reduced_motion_the_gauge_stands_still(qtbot: QtBot) -> None:
    gauge = Gauge()
    qtbot.addWidget(gauge)
    gauge.show()
    gauge.set_active(True)
    assert not gauge_clock().running


def test_a_switch_toggles_and_says_what_it_is(qtbot: QtBot) -> None:
    switch = Switch("Knows tools", form=True)
    qtbot.addWidget(switch)
    switch.show()
    with qtbot.waitSignal(switch.toggled):
        QTest.mouseClick(switch, LEFT)
    assert switch.isChecked()
    QTest.keyClick(switch, Qt.Key.Key_Space)
    assert not switch.isChecked()


def test_segments_choose_by_click_and_arrow_and_take_one_tab_stop(qtbot: QtBot) -> None:
    control = SegmentControl([("a", "One"), ("b", "Two"), ("c", "Three")], name="Which")
    qtbot.addWidget(control)
    chosen: list[str] = []
    control.changed.connect(chosen.append)
    control.show()
    control.activateWindow()
    qtbot.waitUntil(control.isActiveWindow)
    segments = [child for child in control.children() if isinstance(child, QWidget)]
    QTest.mouseClick(segments[1], LEFT)
    assert control.current() == "b"
    segments[1].setFocus()
    QTest.keyClick(segments[1], Qt.Key.Key_Right)
    assert control.current() == "c"
    control.set_current("a")
    assert chosen == ["b", "c"]
    assert control.current() == "a"


def test_a_chip_with_a_problem_says_it(qtbot: QtBot) -> None:
    chip = Chip("Company gateway", icon="cloud", menu=True)
    qtbot.addWidget(chip)
    narrow = Chip("Company gateway", menu=True)
    qtbot.addWidget(narrow)
    assert chip.sizeHint().width() > narrow.sizeHint().width()
    chip.set_problem("The key was refused")
    assert "The key was refused" in chip.accessibleName()
    assert chip.toolTip() == "The key was refused"


def test_a_pill_has_a_shape_beside_its_colour(qtbot: QtBot) -> None:
    done, plain = Pill("Done", "success"), Pill("Done", "success", icon="")
    for pill in (done, plain):
        qtbot.addWidget(pill)
    assert done.sizeHint().width() > plain.sizeHint().width()
    assert done.text() == done.accessibleName() == "Done"


def test_a_search_field_clears_with_escape_and_steps_with_arrows(qtbot: QtBot) -> None:
    field = SearchField("Search chats")
    qtbot.addWidget(field)
    field.show()
    steps: list[int] = []
    field.stepped.connect(steps.append)
    QTest.keyClicks(field, "latency")
    QTest.keyClick(field, Qt.Key.Key_Down)
    QTest.keyClick(field, Qt.Key.Key_Up)
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert steps == [1, -1]


def test_labels_take_nothing_for_markup(qtbot: QtBot) -> None:
    label = Label("<b>bold</b>")
    elided = ElidedLabel("<img src='http://example.invalid/x.png'>" * 4)
    for widget in (label, elided):
        qtbot.addWidget(widget)
    assert label.textFormat() is Qt.TextFormat.PlainText
    elided.resize(60, 20)
    elided.show()
    assert "<img" not in elided.toolTip()
    elided.resize(4000, 20)
    assert elided.toolTip() == ""
    elided.setToolTip("what it means")
    elided.resize(3900, 20)
    elided.resize(60, 20)
    assert elided.toolTip() == "what it means"


def test_a_section_folds_by_click_and_by_key_and_tells(qtbot: QtBot) -> None:
    section = Section("Parameters")
    row = FactRow("Seed", "not offered")
    section.body.addWidget(row)
    host = QWidget()
    qtbot.addWidget(host)
    column = QVBoxLayout(host)
    column.addWidget(section)
    host.show()
    told: list[bool] = []
    section.toggled.connect(told.append)
    head = section.children()[0]
    assert isinstance(head, QWidget)
    QTest.mouseClick(head, LEFT)
    assert not row.isVisible()
    QTest.keyClick(head, Qt.Key.Key_Space)
    assert row.isVisible()
    section.set_open(False)
    assert told == [False, True]
    assert not row.isVisible()


def test_a_section_unfolds_in_its_time_and_ends_open(qtbot: QtBot, plain_theme: Theme) -> None:
    plain_theme.apply(motion="full")
    section = Section("Parameters", is_open=False)
    row = FactRow("Seed", "not offered")
    section.body.addWidget(row)
    qtbot.addWidget(section)
    section.show()
    head = section.children()[0]
    assert isinstance(head, QWidget)
    QTest.mouseClick(head, LEFT)
    qtbot.waitUntil(lambda: row.isVisible() and row.height() == row.sizeHint().height())


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def opened_popup(host: QWidget) -> tuple[Popup, list[bool]]:
    anchor = Button("Open", parent=host)
    anchor.resize(anchor.sizeHint())
    host.resize(300, 200)
    host.show()
    popup = Popup(host, name="Choices")
    popup.body.addWidget(Label("Content"))
    closed: list[bool] = []
    popup.closed.connect(lambda: closed.append(True))
    popup.open_beside(anchor)
    return popup, closed


def test_a_popup_stands_below_its_anchor_and_closes_with_escape(host: QWidget) -> None:
    popup, closed = opened_popup(host)
    anchor = host.findChildren(Button)[0]
    below = anchor.mapToGlobal(QPoint(0, anchor.height() + 6))
    assert popup.mapToGlobal(popup.card().topLeft()) == below
    QTest.keyClick(popup, Qt.Key.Key_Escape)
    assert closed == [True]
    assert not popup.isVisible()


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_a_popup_stays_within_the_window_it_fits_in(host: QWidget, direction: Qt.LayoutDirection) -> None:
    popup, _ = opened_popup(host)
    popup.setLayoutDirection(direction)
    anchor = host.findChildren(Button)[0]
    popup.close()
    rtl = direction == Qt.LayoutDirection.RightToLeft
    host.move(200, 100)
    popup.setFixedWidth(280)
    anchor.move(20 if rtl else 180, 0)
    for wide, beyond in ((300, False), (200, True)):
        host.resize(wide, 200)
        popup.open_beside(anchor)
        card = QRect(popup.mapToGlobal(popup.card().topLeft()), popup.card().size())
        left, right = host.mapToGlobal(QPoint(0, 0)).x(), host.mapToGlobal(QPoint(wide, 0)).x()
        assert (card.left() < left or card.right() > right) == beyond
        popup.close()


def test_a_press_in_a_popups_shadow_closes_it(host: QWidget) -> None:
    popup, closed = opened_popup(host)
    QTest.mouseClick(popup, LEFT, pos=popup.card().center())
    assert popup.isVisible()
    QTest.mouseClick(popup, LEFT, pos=QPoint(3, 3))
    assert closed == [True]


def test_a_popups_shadow_is_soft_and_below(host: QWidget) -> None:
    popup, _ = opened_popup(host)
    image = popup.grab().toImage()
    card, middle = popup.card(), popup.card().center().x()
    below = [image.pixelColor(middle, card.bottom() + step).alpha() for step in (2, 10, 20)]
    assert below[0] > below[1] > below[2]
    assert below[0] > image.pixelColor(middle, card.top() - 3).alpha()
    popup.close()


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ("Ctrl+Shift+L", ["Ctrl", "Shift", "L"]),
        ("Return", ["Enter"]),
        ("F6", ["F6"]),
        ("Ctrl++", ["Ctrl", "+"]),
        ("Alt+Left", ["Alt", "←"]),
        ("", []),
    ],
)
def test_keys_are_named_as_on_the_keyboard(keys: str, names: list[str]) -> None:
    assert key_names(keys) == names


def test_right_to_left_mirrors_a_button(qtbot: QtBot) -> None:
    button = Button("עברית", icon="plus", stretch=True)
    qtbot.addWidget(button)
    button.resize(240, button.sizeHint().height())
    left_to_right = button.grab().toImage()
    button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    mirrored = button.grab().toImage()
    assert mirrored != left_to_right
    assert theme().icon_size(14) == 14


def test_right_to_left_a_choice_begins_as_far_from_its_edge_as_left_to_right(qtbot: QtBot) -> None:
    select = Select(name="Size")
    select.addItem("HHHH")
    qtbot.addWidget(select)
    select.resize(200, select.sizeHint().height())

    def inked() -> list[int]:
        image = select.grab().toImage()
        ground, middle = image.pixelColor(100, image.height() // 2), image.height() // 2
        lines = range(middle - 3, middle + 4)
        return [
            x for x in range(4, image.width() - 4)
            if any(image.pixelColor(x, y).lightness() < ground.lightness() // 2 for y in lines)
        ]  # fmt: skip

    before = [x for x in inked() if x < 100]
    select.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    after = [x for x in inked() if x > 100]
    assert max(before) - min(before) == max(after) - min(after), "the same words"
    assert abs((200 - 1 - max(after)) - min(before)) <= 2


def test_a_button_pressed_with_the_pointer_leaves_the_words_their_cursor(qtbot: QtBot) -> None:
    window = QWidget()
    field, stop = SearchField("Words", parent=window), Button("Stop", parent=window)
    layout = QVBoxLayout(window)
    layout.addWidget(field)
    layout.addWidget(stop)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    field.setFocus()
    with qtbot.waitSignal(stop.clicked):
        QTest.mouseClick(stop, LEFT)
    assert field.hasFocus()
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert stop.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_space_and_enter_press_a_button(qtbot: QtBot, key: Qt.Key) -> None:
    button = Button("Undo")
    qtbot.addWidget(button)
    button.show()
    with qtbot.waitSignal(button.clicked):
        QTest.keyClick(button, key)


def test_margins_and_edges_of_a_surface_are_mirrored_with_the_interface(qtbot: QtBot) -> None:
    surface = Surface("chrome", lines=Qt.Edge.LeftEdge)
    qtbot.addWidget(surface)
    surface.resize(40, 20)
    surface.set_layout(QHBoxLayout(), (16, 6, 10, 7))
    layout = surface.layout()
    assert layout is not None
    line = theme().color("line")
    for direction, begin, end, x in (
        (Qt.LayoutDirection.LeftToRight, 16, 10, 0),
        (Qt.LayoutDirection.RightToLeft, 10, 16, 39),
    ):
        surface.setLayoutDirection(direction)
        assert layout.contentsMargins() == QMargins(begin, 6, end, 7)
        picture = surface.grab().toImage()
        assert [at for at in (0, 39) if picture.pixelColor(at, 10) == line] == [x]


def test_the_pill_of_what_is_being_written_moves_while_it_is_seen(qtbot: QtBot, plain_theme: Theme) -> None:
    plain_theme.apply(motion="full")
    pill = Pill()
    qtbot.addWidget(pill)
    pill.show()
    pill.set_state("Streaming", "accent", GAUGE)
    assert gauge_clock().running
    pill.set_state("Done", "success")
    assert not gauge_clock().running
    pill.set_state("Streaming", "accent", GAUGE)
    pill.hide()
    assert not gauge_clock().running


def test_lines_that_wrap_stand_as_far_apart_as_their_role_says(qtbot: QtBot) -> None:
    label = Label("Words that wrap & <b>more</b> of them, in a narrow column", font="prose", wrap=True)
    qtbot.addWidget(label)
    pitch = theme().line("prose")
    assert label.heightForWidth(2_000) == pitch
    label.resize(120, 400)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)
    lines = label.heightForWidth(120) / pitch
    assert lines == int(lines) >= 3
    picture = label.grab().toImage()
    ground = picture.pixelColor(119, 399)
    wide, high = range(picture.width()), range(picture.height())
    inked = [any(picture.pixelColor(x, y) != ground for x in wide) for y in high]
    assert all(any(inked[line * pitch : (line + 1) * pitch]) for line in range(int(lines)))
    assert not any(inked[int(lines) * pitch :])
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    assert label.heightForWidth(2_000) < pitch + label.fontMetrics().height(), "laid out by Qt"


@pytest.fixture
def from_the_right(qapp: QApplication) -> Iterator[None]:
    """An interface that is read from the right."""
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.mark.parametrize("wrap", [True, False])
def test_words_of_a_label_run_as_their_letters_do_in_an_interface_from_the_right(
    qtbot: QtBot, from_the_right: None, wrap: bool
) -> None:
    label = Label("2 messages.", wrap=wrap)
    qtbot.addWidget(label)
    label.resize(300, 30)
    picture = label.grab().toImage()
    ground = picture.pixelColor(0, 0)
    inked = {
        x: [y for y in range(30) if picture.pixelColor(x, y) != ground] for x in range(300)
    }  # fmt: skip
    columns = [x for x, rows in inked.items() if rows]
    assert columns[0] > 200, "where reading begins"
    first, last = inked[columns[1]], inked[columns[-1]]
    assert min(first) < min(last) - 4, "the figure stands first, the full stop last"


@pytest.mark.usefixtures("qtbot")
def test_a_key_is_no_mirrored_sign_in_an_interface_from_the_right() -> None:
    pictures = []
    for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
        picture = QImage(40, 30, QImage.Format.Format_RGB32)
        picture.fill(theme().color("page"))
        painter = QPainter(picture)
        painter.setLayoutDirection(direction)
        draw_keys(painter, QRect(0, 0, 40, 30), [">"], trailing=False)
        painter.end()
        pictures.append(picture)
    assert pictures[0] == pictures[1]


def test_a_choice_stands_where_reading_begins_in_an_interface_from_the_right(
    qtbot: QtBot, from_the_right: None
) -> None:
    select = Select(name="Wire")
    qtbot.addWidget(select)
    select.addItem("One")
    select.resize(300, 32)
    picture = select.grab().toImage()
    ground = picture.pixelColor(150, 16)
    inked = [x for x in range(40, 295) if any(picture.pixelColor(x, y) != ground for y in range(6, 26))]
    assert min(inked) > 200
