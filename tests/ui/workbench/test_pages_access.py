"""Pages of the workbench for everybody: named, readable at twice the size in a narrow window, by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from tests.accessibility.clipping import clipped
from tests.accessibility.surfaces import interfaces
from tests.ui.workbench.section_kit import Opened

from chatbench.core.jobs import Job, JobPiece
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.services import Services
from chatbench.ui.theme import theme
from chatbench.ui.workbench.jobs.card import JobCard
from chatbench.ui.workbench.jobs.page import JobsPage
from chatbench.ui.workbench.library.fragmentspage import FragmentsPage
from chatbench.ui.workbench.pages import Page
from chatbench.ui.workbench.rows import Row

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]
ROLE = QAccessible.Role
NAMED = {ROLE.Button, ROLE.ComboBox, ROLE.EditableText, ROLE.List, ROLE.ListItem}


@pytest.fixture
def filled(services: Services, run_async: Runner) -> None:
    """A fragment that a prompt follows, and a file that cannot be read."""

    async def fill() -> None:
        await services.prompts.save_fragment("style", "Be brief.")
        await services.prompts.save_fragment("style", "Be briefer.")
        made = Prompt(messages=(PromptMessage(text="{{ fragment('style') }}"),))
        await services.prompts.save(None, made, name="Brief")
        services.templates.path("broken").write_text("prompt = \n")

    run_async(fill())


@pytest.fixture
def large() -> Iterator[None]:
    theme().apply(text_factor=2.0)
    yield
    theme().apply(text_factor=1.0)


@pytest.mark.parametrize("name", ["fragments", "folders", "jobs"])
@pytest.mark.usefixtures("filled", "large")
def test_nothing_is_cut_off_and_everything_has_a_name(opened: Opened, do: Do, name: str) -> None:
    opened.window.resize(480, 800)
    do(opened.workbench.show)
    do(lambda: opened.pane.open(f"page:{name}"))
    page = opened.pane.current_view()
    assert isinstance(page, Page)
    if isinstance(page, FragmentsPage):
        do(lambda: page.show_fragment("style"))
        assert page.form.use_rows
    elif isinstance(page, JobsPage):
        do(lambda: page._column.insertWidget(0, JobCard(_job())))
    QApplication.processEvents()
    assert list(clipped(page)) == []
    named = [one for one in interfaces(page) if one.role() in NAMED]
    assert named or name == "jobs"
    assert [one.role() for one in named if not one.text(QAccessible.Text.Name).strip()] == []


def _job() -> Job:
    piece = JobPiece(
        id="p", job_id="j", provider="openai", model="gpt-4o-mini", reason="Two requests expired."
    )
    return Job(id="j" * 32, state="ended", total=9, answered=7, expired=2, cost="0.5", pieces=(piece,))


def test_the_list_shows_where_the_keyboard_is_though_a_page_has_no_row(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    run_async(services.prompts.save(None, Prompt(), name="One"))
    do(opened.workbench.show)
    do(lambda: opened.pane.open("page:jobs"))
    view = opened.pane.sidebar.view
    assert not view.currentIndex().isValid()
    opened.window.activateWindow()
    do(lambda: view.setFocus(Qt.FocusReason.TabFocusReason))
    row = view.currentIndex().data(Qt.ItemDataRole.UserRole + 1)
    assert isinstance(row, Row)
    assert row.title == "One"
