"""Files elsewhere than in a chat: dropped on one in the list, on the rail, on the icon; found by search."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from tests.documents import office, pdfs
from tests.harness import program
from tests.harness.drags import drag_point
from tests.scenarios.test_sidebar_list import listed, spot
from tests.scenarios.test_windows_single import ended, listening, start
from tests.scenarios.test_windows_tabs import show, with_chats
from tests.scenarios.window import Run, shows, until, view_of

from chatbench.services.history import SearchHit
from chatbench.ui.chat.sidebar.rows import hit_rows
from chatbench.ui.session import Session

ROOT = Path(__file__).parents[2]
COPY = Qt.DropAction.CopyAction
LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier


def carrying(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def over(widget: QWidget, mime: QMimeData, x: int, y: int) -> bool:
    """Drags it there; whether it could be dropped."""
    QApplication.sendEvent(widget, QDragEnterEvent(drag_point(x, y), COPY, mime, LEFT, NO_KEY))
    event = QDragMoveEvent(drag_point(x, y), COPY, mime, LEFT, NO_KEY)
    QApplication.sendEvent(widget, event)
    return event.isAccepted() and event.dropAction() == COPY


def drop(widget: QWidget, mime: QMimeData, x: int, y: int) -> None:
    over(widget, mime, x, y)
    QApplication.sendEvent(widget, QDropEvent(QPointF(x, y), COPY, mime, LEFT, NO_KEY))


def attached(session: Session, conversation_id: str) -> list[str]:
    """The names of the files in a chat's composer."""
    view = session.workspace.view(conversation_id)
    return [] if view is None else [item.name for item in view.composer.attachments.items]


async def ready(session: Session, conversation_id: str, *names: str) -> None:
    await until(lambda: attached(session, conversation_id) == list(names), "the files")
    view = session.workspace.view(conversation_id)
    assert view is not None
    await until(lambda: len(view.composer.attachments.parts) == len(names), "what was read")


def test_on_a_chat_in_the_list(tmp_path: Path, run_async: Run) -> None:
    """It opens with the file in its draft; the one that was in view stays as it was."""
    notes = tmp_path / "notes.txt"
    notes.write_text("some words", encoding="utf-8")

    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            await show(session, a)
            session.workspace.close_tab(b)
            await until(lambda: not session.workspace.holds(b), "the tab to close")
            sidebar = await listed(session, a, b)
            port, mime = sidebar.view.viewport(), carrying(notes)
            at = spot(sidebar, b)
            place = [row.id for row in sidebar.view.rows()].index(b)
            assert over(port, mime, at.x(), at.y())
            assert sidebar.view.dropping_on == place
            QApplication.sendEvent(port, QDragLeaveEvent())
            assert sidebar.view.dropping_on == -1
            drop(port, mime, at.x(), at.y())
            assert sidebar.view.dropping_on == -1
            await until(lambda: shows(session, b), "the other chat")
            await ready(session, b, "notes.txt")
            assert attached(session, a) == []

    run_async(scenario())


def test_not_between_the_chats_and_not_what_is_no_file(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            await show(session, a)
            sidebar = await listed(session, a, b)
            port = sidebar.view.viewport()
            head = sidebar.view.visualRect(sidebar.view.model().index(0, 0)).center()
            mime = carrying(tmp_path / "x.txt")
            assert not over(port, mime, head.x(), head.y())
            words = QMimeData()
            words.setText("words")
            at = spot(sidebar, b)
            assert not over(port, words, at.x(), at.y())
            drop(port, words, at.x(), at.y())
            drop(port, mime, head.x(), head.y())
            await asyncio.sleep(0)
            assert shows(session, a)
            assert attached(session, a) == attached(session, b) == []

    run_async(scenario())


def test_on_the_rail(tmp_path: Path, run_async: Run) -> None:
    """The chat in view gets it, though the settings stand before it."""
    notes = tmp_path / "notes.txt"
    notes.write_text("some words", encoding="utf-8")

    async def scenario() -> None:
        async with with_chats(tmp_path, "A") as (session, (a,)):
            await show(session, a)
            session.window.show_section("settings")
            drop(session.window.rail, carrying(notes), 5, 200)
            await ready(session, a, "notes.txt")
            assert view_of(session).isVisible()

    run_async(scenario())


def test_on_the_icon_of_the_program(tmp_path: Path) -> None:
    """In a process of its own: it is the application itself that hears of them."""
    notes = tmp_path / "notes.txt"
    notes.write_text("some words", encoding="utf-8")
    script = """
        import asyncio, sys
        from pathlib import Path
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QFileOpenEvent
        from PySide6.QtWidgets import QApplication
        from tests.scenarios.test_files_dropped import attached, ready, show, with_chats
        from tests.scenarios.window import until
        from chatbench.ui import aio
        from chatbench.ui.app import make_application

        folder, notes = map(Path, sys.argv[1:])
        app = make_application()
        # It comes before there is a window.
        QApplication.sendEvent(app, QFileOpenEvent(str(notes)))

        async def scenario():
            async with with_chats(folder, "A") as (session, (a,)):
                await show(session, a)
                app.asked.connect(session.take)
                app.begin()
                await ready(session, a, "notes.txt")
                QApplication.sendEvent(app, QFileOpenEvent(QUrl("https://example.org/")))
                QApplication.sendEvent(app, QFileOpenEvent(str(folder / "a b.txt")))
                await until(lambda: attached(session, a) == ["notes.txt", "a b.txt"], "the other")
                print(attached(session, a))
            return 0

        sys.exit(aio.run(app, scenario))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path), str(notes)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["app", "."])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "['notes.txt', 'a b.txt']", done.stderr


def test_a_later_start_hands_over_files_of_every_kind(tmp_path: Path, run_async: Run) -> None:
    """To the window, and to the quick chat."""
    made = {
        "letter.docx": office.letter(), "report.pdf": pdfs.single().data, "table.csv": b"a,b\n1,2\n",
        "Ünï – name.md": b"# Words",
    }  # fmt: skip
    paths = []
    for name, data in made.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    profile, env = tmp_path / "profile", program.environment(tmp_path / "keyring.json")

    async def scenario() -> None:
        async with listening(profile) as (session, _):
            here = view_of(session).composer
            later = await start("--profile", str(profile), *map(str, paths), env=env)
            assert await ended(later) == 0
            await until(lambda: len(here.attachments.parts) == len(paths), "the files in the window")
            assert [item.name for item in here.attachments.items] == list(made)
            later = await start("--profile", str(profile), "quick", *map(str, paths[:2]), env=env)
            assert await ended(later) == 0
            await until(lambda: session.quick is not None and session.quick.pane.view, "the quick chat")
            assert session.quick is not None
            quick = session.quick.pane.view
            assert quick is not None
            await until(lambda: len(quick.composer.attachments.parts) == 2, "the files in the quick chat")
            assert len(here.attachments.parts) == len(paths)

    run_async(scenario())


def test_a_hit_in_a_file_names_it() -> None:
    """Before the words, and what is marked are still the words."""
    hit = SearchHit(
        conversation_id="c", message_id="m", title="Birds", snippet="the pelican is grey",
        highlights=((4, 11),), created_at=0, file="birds.txt",
    )  # fmt: skip
    (row,) = hit_rows([hit], date(2026, 1, 1))
    assert row.snippet == "birds.txt: the pelican is grey"
    assert [row.snippet[start:end] for start, end in row.highlights] == ["pelican"]
