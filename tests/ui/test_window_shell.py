"""The window's frame: sections, breakpoints, drawers, tabs, status; and that idle means idle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets import IconButton, Label, Surface, gauge_clock
from chatbench.ui.window import InspectorFrame, MainWindow, PaneParts, PaneSpec, Tab, TabStrip

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from chatbench.ui.theme import Theme

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


class Built:
    """The widgets of the last section built, and how often each section was."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.tabs: TabStrip | None = None
        self.field: QLineEdit | None = None

    def chats(self, window: MainWindow) -> PaneParts:
        self.counts["chats"] = self.counts.get("chats", 0) + 1
        self.tabs = TabStrip(new_shortcut="Ctrl+N")
        self.tabs.add_tab(Tab("1", "Is the p95 drop real?"))
        self.tabs.add_button(IconButton.for_action(window.commands["view.inspector"]))
        main = Surface("page")
        column = QVBoxLayout()
        main.set_layout(column)
        self.field = QLineEdit()
        column.addWidget(self.tabs)
        column.addWidget(self.field)
        column.addStretch(1)
        sidebar = QWidget()
        search = QLineEdit(sidebar)
        search.setObjectName("search")
        inspector = InspectorFrame([("c", "Conversation", QWidget()), ("m", "Message", Label("facts"))])
        return PaneParts(main, sidebar, inspector, self.tabs, activate=self.field.setFocus)

    def settings(self, window: MainWindow) -> PaneParts:
        self.counts["settings"] = self.counts.get("settings", 0) + 1
        return PaneParts(Label("Settings"), sidebar=QWidget())


@pytest.fixture
def built() -> Built:
    return Built()


@pytest.fixture
def window(qtbot: QtBot, built: Built) -> MainWindow:
    made = MainWindow(
        [
            PaneSpec("chats", "Chats", "messages-square", built.chats),
            PaneSpec("settings", "Settings", "settings", built.settings, at_foot=True, shortcut="Ctrl+,"),
        ]
    )
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.show_section("chats")
    return made


def found(widget: QWidget | None) -> QWidget:
    assert widget is not None
    return widget


def pane_of(window: MainWindow) -> QWidget:
    return found(window.notices.parentWidget())


def test_a_section_is_built_when_first_shown_and_only_then(window: MainWindow, built: Built) -> None:
    assert built.counts == {"chats": 1}
    QTest.mouseClick(window.rail.button("settings"), LEFT)
    QTest.mouseClick(window.rail.button("chats"), LEFT)
    QTest.keyClick(window, Qt.Key.Key_Comma, CONTROL)
    assert built.counts == {"chats": 1, "settings": 1}
    assert window.current_section == "settings"
    assert window.rail.button("settings").isChecked()
    QTest.keyClick(window, Qt.Key.Key_1, CONTROL)
    assert window.current_section == "chats"
    assert built.field is not None
    assert built.field.hasFocus()


def test_settings_stand_at_the_foot_of_the_rail(window: MainWindow) -> None:
    chats, settings = window.rail.button("chats"), window.rail.button("settings")
    assert chats.y() < 20
    assert settings.geometry().bottom() > window.rail.height() - 20


def test_arrows_move_along_the_rail_and_tab_enters_it_once(window: MainWindow) -> None:
    chats, settings = window.rail.button("chats"), window.rail.button("settings")
    chats.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(chats, Qt.Key.Key_Down)
    assert settings.hasFocus()
    QTest.keyClick(settings, Qt.Key.Key_Space)
    assert window.current_section == "settings"
    assert [b.focusPolicy() & Qt.FocusPolicy.TabFocus for b in (chats, settings)] == [
        Qt.FocusPolicy.NoFocus,
        Qt.FocusPolicy.TabFocus,
    ]


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize(
    ("width", "layout", "rail", "sidebar", "inspector"),
    [
        (1440, "wide", True, True, True),
        (1180, "wide", True, True, True),
        (1179, "inspector-drawer", True, True, False),
        (859, "both-drawers", True, False, False),
        (619, "compact", False, False, False),
    ],
)
def test_breakpoints_follow_the_width_divided_by_the_text_size(
    window: MainWindow,
    plain_theme: Theme,
    factor: float,
    width: int,
    layout: str,
    rail: bool,
    sidebar: bool,
    inspector: bool,
) -> None:
    plain_theme.apply(text_factor=factor)
    window.resize(round(width * factor), 900)
    assert window.layout_mode == layout
    seen = (window.rail.isVisible(), window.sidebar.isVisible(), window.inspector.isVisible())
    assert seen == (rail, sidebar, inspector)


def test_a_1440_window_at_200_percent_has_drawers(window: MainWindow, plain_theme: Theme) -> None:
    assert window.inspector.isVisible()
    plain_theme.apply(text_factor=2.0)
    assert window.layout_mode == "both-drawers"
    assert not window.inspector.isVisible()
    plain_theme.apply(text_factor=1.0)
    assert window.inspector.isVisible()


def test_the_areas_fill_the_window_without_overlap(window: MainWindow) -> None:
    body = found(window.centralWidget())
    pane = pane_of(window)
    rects = [w.geometry() for w in (window.rail, window.sidebar, pane, window.inspector, window.status)]
    assert sum(rect.width() * rect.height() for rect in rects) == body.width() * body.height()
    assert not any(a.intersects(b) for place, a in enumerate(rects) for b in rects[:place])
    assert (window.rail.width(), window.sidebar.width(), window.inspector.width()) == (48, 248, 296)


def test_control_i_and_the_button_toggle_the_inspector(window: MainWindow) -> None:
    pane = pane_of(window)
    before = pane.width()
    QTest.keyClick(window, Qt.Key.Key_I, CONTROL)
    assert not window.inspector.isVisible()
    assert pane.width() == before + 296
    assert not window.commands["view.inspector"].isChecked()
    button = window.findChildren(TabStrip)[0].findChildren(IconButton)[-1]
    QTest.mouseClick(button, LEFT)
    assert window.inspector.isVisible()
    assert button.isChecked()


def test_what_was_closed_standing_stays_closed_after_a_narrow_moment(window: MainWindow) -> None:
    remembered: list[bool] = []
    window.sidebar.open_changed.connect(remembered.append)
    QTest.keyClick(window, Qt.Key.Key_B, CONTROL)
    window.resize(700, 900)
    QTest.keyClick(window, Qt.Key.Key_B, CONTROL)
    assert window.sidebar.isVisible()
    window.resize(1440, 900)
    assert not window.sidebar.isVisible()
    assert remembered == [False]


def test_a_drawer_lies_over_the_pane_and_closes_by_scrim_and_escape(window: MainWindow) -> None:
    window.resize(700, 800)
    pane = pane_of(window)
    before = pane.geometry()
    window.set_sidebar_open(True)
    assert window.sidebar.isVisible()
    assert pane.geometry() == before
    body = found(window.centralWidget())
    scrim = found(body.childAt(QPoint(650, 400)))
    QTest.mouseClick(scrim, LEFT)
    assert not window.sidebar.isVisible()
    assert not scrim.isVisible()
    window.set_inspector_open(True)
    QTest.keyClick(window.inspector, Qt.Key.Key_Escape)
    assert not window.inspector.isVisible()


def test_opening_a_drawer_moves_the_focus_into_it(window: MainWindow) -> None:
    window.resize(700, 800)
    window.set_sidebar_open(True)
    focused = QApplication.focusWidget()
    assert isinstance(focused, QWidget)
    assert focused.objectName() == "search"


def test_compact_shows_one_title_and_a_menu_that_brings_rail_and_sidebar(
    window: MainWindow, built: Built
) -> None:
    assert built.tabs is not None
    assert not built.tabs.menu_button.isVisible()
    window.resize(480, 900)
    assert built.tabs.menu_button.isVisible()
    assert not window.status.isVisible()
    QTest.mouseClick(built.tabs.menu_button, LEFT)
    assert window.rail.isVisible()
    assert window.sidebar.isVisible()
    assert window.sidebar.x() == window.rail.width()


def test_a_section_without_tabs_gets_a_header_when_the_menu_hides(window: MainWindow) -> None:
    window.show_section("settings")
    menus = [b for b in window.findChildren(IconButton) if b.accessibleName() == "Menu" and b.isVisible()]
    assert menus == []
    window.resize(480, 900)
    menus = [b for b in window.findChildren(IconButton) if b.accessibleName() == "Menu" and b.isVisible()]
    assert len(menus) == 1
    QTest.mouseClick(menus[0], LEFT)
    assert window.sidebar.isVisible()


def test_the_sidebar_can_be_dragged_between_200_and_400(window: MainWindow) -> None:
    chosen: list[int] = []
    window.sidebar.width_chosen.connect(chosen.append)
    grip = found(window.sidebar.childAt(QPoint(window.sidebar.width() - 2, 400)))
    QTest.mousePress(grip, LEFT)
    for global_x, wanted in ((350, 302), (900, 400), (60, 200)):
        inside = grip.mapFromGlobal(window.mapToGlobal(QPoint(global_x, 400)))
        QTest.mouseMove(grip, inside)
        assert window.sidebar.width() == wanted
    QTest.mouseRelease(grip, LEFT)
    assert chosen == [302, 400, 200]


def test_right_to_left_mirrors_the_frame(window: MainWindow) -> None:
    window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert window.rail.x() == 1440 - 48
    assert window.sidebar.x() == 1440 - 48 - 248
    assert window.inspector.x() == 0


def test_control_k_opens_the_palette_with_the_windows_actions(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    assert window.command_palette.isVisible()
    assert "Go to Settings" in window.command_palette.titles()
    assert "Command palette" not in window.command_palette.titles()
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    QTest.keyClicks(field, "settings")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.current_section == "settings"


def test_f6_reaches_the_notice(window: MainWindow) -> None:
    notice = window.notices.show_notice("Deleted.", action=("Undo", lambda: None))
    QTest.keyClick(window, Qt.Key.Key_F6)
    assert notice.button is not None
    assert notice.button.hasFocus()


def test_closing_can_be_left_to_the_application(window: MainWindow, qtbot: QtBot) -> None:
    window.closes_itself = False
    with qtbot.waitSignal(window.close_requested):
        QTest.keyClick(window, Qt.Key.Key_W, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    with qtbot.waitSignal(window.quit_requested):
        QTest.keyClick(window, Qt.Key.Key_Q, CONTROL)
    assert window.isVisible()


def test_the_status_bar_says_states_in_words(window: MainWindow) -> None:
    status = window.status
    status.set_online(False)
    status.set_cost("Today $5.20 of $5.00", 1.04)
    status.set_profile("Profile: Default")
    opened: list[bool] = []
    status.set_work("Import, 412 of 900", do=lambda: opened.append(True))
    assert status.connection.words() == "Offline"
    QTest.mouseClick(status.work, LEFT)
    assert opened == [True]
    bar = status.grab().toImage()
    danger = theme().color("danger").rgb()
    assert any(bar.pixel(x, bar.height() // 2) == danger for x in range(bar.width()))
    status.set_work("")
    assert not status.work.isVisible()


def test_the_inspector_changes_views(window: MainWindow, qtbot: QtBot) -> None:
    frame = window.findChildren(InspectorFrame)[0]
    frame.show_view("m")
    assert frame.current_view() == "m"
    segments = [w for w in frame.findChildren(QWidget) if w.accessibleName() == "Conversation"]
    with qtbot.waitSignal(frame.view_changed):
        QTest.mouseClick(segments[0], LEFT)
    assert frame.current_view() == "c"


def test_when_idle_no_timer_runs_and_nothing_repaints(
    window: MainWindow, built: Built, plain_theme: Theme
) -> None:
    plain_theme.apply(motion="full")
    window.status.set_online(True)
    assert built.tabs is not None
    built.tabs.add_tab(Tab("2", "Load generator settings", "streaming"))
    assert gauge_clock().running
    built.tabs.update_tab("2", state="unread")
    assert not gauge_clock().running
    window.setFocus()
    for _ in range(5):
        QApplication.processEvents()
    paints = PaintCount(window)
    for _ in range(20):
        QApplication.processEvents()
    assert paints.seen == []
    dispatcher = QAbstractEventDispatcher.instance()
    assert dispatcher is not None
    objects = [window, *window.findChildren(QObject), gauge_clock()]
    assert [thing for thing in objects if dispatcher.registeredTimers(thing)] == []


class PaintCount(QObject):
    """Notes which widgets of a window are painted."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.seen: list[QObject] = []
        for widget in [window, *window.findChildren(QWidget)]:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.seen.append(watched)
        return False


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    program = """
import sys
from chatbench.ui.theme import make_application
app = make_application("chatbench")
from chatbench.ui.widgets import Label
from chatbench.ui.window import MainWindow, PaneParts, PaneSpec
build = lambda window: PaneParts(Label("Chats"), sidebar=Label("List"))
window = MainWindow([PaneSpec("chats", "Chats", "messages-square", build)])
window.show_section("chats")
window.show()
app.processEvents()
heavy = "asyncio qasync ssl httptools httpx xml lucide html"
heavy += " chatbench.ui.palette.overlay chatbench.ui.theme.style"
print([name for name in heavy.split() if name in sys.modules])
"""
    assert printed(program) == "[]"


def test_chats_import_nothing_of_the_workbench_and_no_reader_of_documents(tmp_path: Path) -> None:
    """What they never use costs their start and their memory nothing."""
    program = f"""
import sys
from pathlib import Path
from chatbench.main import build
import chatbench.ui.session
build(Path({str(tmp_path)!r}))
heavy = ("chatbench.evaluation.checks", "chatbench.main.workbench", "chatbench.services.runs",
    "chatbench.services.datasets", "chatbench.client.jobs", "chatbench.services.prompts.",
    "chatbench.documents.tables", "chatbench.documents.markdown.docx", "email.", "urllib.request", "xml.")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    assert printed(program) == "[]"


def printed(program: str) -> str:
    """What a Python of its own prints that runs it, without a warning."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()
