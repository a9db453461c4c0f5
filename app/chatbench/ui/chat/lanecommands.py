"""The actions on models that stand side by side, for shortcuts and the palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractButton

    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.chat.conversation.lanes import Arrangement
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow

Act = Callable[["ConversationView"], object]


def add_lane_actions(workspace: ChatWorkspace, window: MainWindow) -> None:
    """Registers them with the window."""
    tr = workspace.tr

    def add(key: str, text: str, act: Act, icon: str = "", shortcut: str = "") -> None:
        def run() -> None:
            view = workspace.current_view()
            if view is not None:
                act(view)

        window.commands.add(f"lanes.{key}", text, run, icon=icon, shortcut=shortcut, place=tr("Side by side"))

    def several(act: Act) -> Act:
        """For more than one lane only."""

        def run(view: ConversationView) -> None:
            if view.lanes.alone:
                words = tr("This takes a second model. Add one with + below the message field.")
                window.notices.show_notice(words)
            else:
                act(view)

        return run

    def press(find: Callable[[ConversationView], QAbstractButton]) -> Act:
        """Presses a button where it is shown; says why where it cannot be pressed."""

        def run(view: ConversationView) -> None:
            button = find(view)
            if button.isHidden() and not view.bar.is_folded(button):
                return
            if not button.isEnabled() and button.toolTip():
                window.notices.show_notice(button.toolTip())
            button.click()

        return several(run)

    add("add", tr("Add a lane"), lambda v: v.composer.line.add.click(), "plus", "Ctrl+Alt+N")
    _add_walking(workspace, add, several)
    _add_rating(workspace, add, press)
    _add_gathering(workspace, add, several, press)


_Add = Callable[..., None]
_Several = Callable[[Act], Act]
_Press = Callable[[Callable[["ConversationView"], "QAbstractButton"]], Act]


def _add_walking(workspace: ChatWorkspace, add: _Add, several: _Several) -> None:
    tr = workspace.tr
    left, right = several(lambda v: v.lanes.step_aside(-1)), several(lambda v: v.lanes.step_aside(1))
    add("left", tr("Lane to the left"), left, "chevron-left", "Ctrl+Alt+Left")
    add("right", tr("Lane to the right"), right, "chevron-right", "Ctrl+Alt+Right")
    add("turn-before", tr("Turn before"), lambda v: v.turns.step(-1), "chevron-up", "Alt+PgUp")
    add("turn-after", tr("Next turn"), lambda v: v.turns.step(1), "chevron-down", "Alt+PgDown")
    add("question", tr("Show the whole question"), several(lambda v: v.strip.toggle()), "message-square")
    add("link", tr("Scroll lanes together"), several(lambda v: v.bar.linked.click()), "link")
    stands: tuple[tuple[Arrangement, str, str], ...] = (
        ("columns", tr("Lanes beside each other"), "columns-3"),
        ("grid", tr("Lanes in a grid"), "layout-grid"),
        ("tabs", tr("One lane at a time"), "app-window"),
        ("stacked", tr("Lanes below each other"), "rows-3"),
    )

    def stand(arrangement: Arrangement, view: ConversationView) -> None:
        view.compare.arrange(arrangement)

    for arrangement, words, icon in stands:
        add(arrangement, words, several(partial(stand, arrangement)), icon)


def _add_rating(workspace: ChatWorkspace, add: _Add, press: _Press) -> None:
    tr = workspace.tr
    best, bad = press(lambda v: v.lanes.current.foot.best), press(lambda v: v.lanes.current.foot.bad)
    add("best", tr("This answer is the best"), best, "trophy", "Ctrl+Alt+B")
    add("bad", tr("This answer is bad"), bad, "thumbs-down", "Ctrl+Alt+X")
    add("tie", tr("The answers are a tie"), press(lambda v: v.bar.tie), "equal", "Ctrl+Alt+T")
    add("blind", tr("Hide names until rated"), press(lambda v: v.bar.blind), "eye-off")


def _add_gathering(workspace: ChatWorkspace, add: _Add, several: _Several, press: _Press) -> None:
    tr = workspace.tr
    add(
        "differences",
        tr("Differences from this lane"),
        several(lambda v: v.compare.contrast.toggle(v.lanes.current.id)),
        "diff",
        "Ctrl+Alt+D",
    )
    settings = several(lambda v: v.compare.contrast.show_settings(v.lanes.current))
    add("settings", tr("How this lane is asked differently…"), settings, "sliders-horizontal")
    add("figures", tr("Figures of the lanes…"), press(lambda v: v.bar.figures), "table-2")
    add("merge", tr("Merge the answers…"), press(lambda v: v.bar.merge), "merge", "Ctrl+Alt+M")
    add(
        "sweep",
        tr("Same question, other parameters…"),
        lambda v: v.compare.show_sweep(v.lanes.current),
        "sliders-horizontal",
    )
    ask = press(lambda v: v.lanes.current.foot.ask)
    add("ask", tr("Let this lane answer too"), ask, "corner-down-left")
    go_on = press(lambda v: v.lanes.current.foot.go_on)
    add("continue", tr("Continue with this lane"), go_on, "arrow-right", "Ctrl+Alt+Return")
    add(
        "close", tr("Close this lane"), several(lambda v: v.compare.close(v.lanes.current)), "x", "Ctrl+Alt+W"
    )
