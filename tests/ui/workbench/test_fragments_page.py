"""Fragments: written, read from files, followed and pinned, with nothing lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.ui.chat.quiet import until_quiet
from tests.ui.workbench.section_kit import Opened

from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.services import Services
from chatbench.ui.workbench.library.fragmentspage import FragmentsPage

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]


@pytest.fixture
def page(opened: Opened, do: Do) -> FragmentsPage:
    do(opened.workbench.show)
    do(lambda: opened.pane.open("page:fragments"))
    found = opened.pane.current_view()
    assert isinstance(found, FragmentsPage)
    return found


def listed(page: FragmentsPage) -> list[tuple[str, str]]:
    return [(row.title, row.fact) for row in page.list.rows()]


def saying(text: str) -> Prompt:
    return Prompt(messages=(PromptMessage(text=text),))


def undo(opened: Opened, do: Do) -> None:
    button = opened.pane.window_.notices.shown()[-1].button
    assert button is not None
    do(button.click)


def test_one_is_written_and_changed_for_all_that_follow(
    page: FragmentsPage, services: Services, run_async: Runner, do: Do
) -> None:
    form = page.form
    assert not form.save.isEnabled()
    do(lambda: QTest.keyClicks(form.name, "style"))
    do(lambda: QTest.keyClicks(form.text, "Be brief."))
    do(lambda: QTest.mouseClick(form.save, Qt.MouseButton.LeftButton))
    assert listed(page) == [("style", "")]
    follows = run_async(services.prompts.save(None, saying("{{ fragment('style') }}"), name="p"))
    do(lambda: QTest.keyClicks(form.text, "Really. "))
    assert form.save.isEnabled()
    do(form.save.click)
    assert (listed(page), form.save.isEnabled()) == ([("style", "1")], False)
    (row,) = form.use_rows
    assert (row.open.label(), row.told.text()) == ("p", "follows")
    filled = run_async(services.prompts.filled(follows.prompt, {}))
    assert "Really" in str(filled.messages)


def test_a_prompt_keeps_what_it_was_pinned_at(
    page: FragmentsPage, opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    run_async(services.prompts.save_fragment("style", "one"))
    made = run_async(services.prompts.save(None, saying("{{ fragment('style') }}"), name="p", folder="f"))
    do(lambda: page.show_fragment("style"))
    do(page.form.use_rows[0].pin.click)
    (row,) = page.form.use_rows
    assert row.told.text().startswith("pinned at today")
    assert row.pin.label() == "Follow"
    page.form.text.setPlainText("two")
    do(page.form.save.click)
    newest = run_async(services.prompts.version(made.prompt_id))
    filled = run_async(services.prompts.filled(newest.prompt, {}))
    assert "one" in str(filled.messages)
    assert [page.form.versions.itemText(at)[:5] for at in range(2)] == ["today", "today"]
    older = next(at for at in range(2) if page.form.versions.itemData(at) != page.form.fragment.sha256)  # type: ignore[union-attr]
    page.form.versions.setCurrentIndex(older)
    page.form.versions.activated.emit(older)
    assert page.form.text.toPlainText() == "one"
    do(page.form.use_rows[0].pin.click)
    assert page.form.use_rows[0].told.text() == "follows"
    do(page.form.use_rows[0].open.click)
    assert opened.pane.open_keys()[-1] == f"prompt:{made.prompt_id}"


def test_one_of_a_file_is_read_and_read_again(page: FragmentsPage, do: Do, tmp_path: Path) -> None:
    file = tmp_path / "style.md"
    file.write_text("first")
    form = page.form
    form.name.setText("style")
    form.source.setText(str(file))
    do(form.save.click)
    assert (form.text.toPlainText(), form.update_button.isHidden()) == ("first", False)
    file.write_text("second")
    do(form.update_button.click)
    assert form.text.toPlainText() == "second"
    file.unlink()
    do(form.update_button.click)
    assert "style.md" in form.problem.text()
    assert form.text.toPlainText() == "second"


def test_the_same_name_twice_is_refused(
    page: FragmentsPage, services: Services, run_async: Runner, do: Do
) -> None:
    run_async(services.prompts.save_fragment("style", "one"))
    page.begin("other words")
    page.form.name.setText(" style ")
    do(page.form.save.click)
    assert "already" in page.form.problem.text()
    assert run_async(services.prompts.fragment("style")).text == "one"


def test_a_deleted_one_comes_back(
    page: FragmentsPage, opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    run_async(services.prompts.save_fragment("style", "one"))
    do(lambda: page.show_fragment("style"))
    do(page.form.delete.click)
    assert (listed(page), page.form.name.text()) == ([], "")
    undo(opened, do)
    assert listed(page) == [("style", "")]


def test_what_is_not_saved_can_be_had_again(
    page: FragmentsPage, opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    for name in ("one", "two"):
        run_async(services.prompts.save_fragment(name, name))
    do(lambda: page.show_fragment("one"))
    page.form.text.setPlainText("written")
    do(lambda: page.list.chosen.emit(page.list.rows()[1]))
    assert (page.form.name.text(), page.form.text.toPlainText()) == ("two", "two")
    undo(opened, do)
    assert (page.form.name.text(), page.form.text.toPlainText()) == ("one", "written")
    do(page.new.click)
    page.form.name.setText("three")
    page.form.text.setPlainText("new words")
    do(lambda: page.list.chosen.emit(page.list.rows()[1]))
    undo(opened, do)
    assert (page.form.name.text(), page.form.text.toPlainText()) == ("three", "new words")


def test_an_answer_begins_one(page: FragmentsPage, opened: Opened, run_async: Runner) -> None:
    run_async(opened.pane.pages.new_fragment("An answer.", "answer:42"))
    assert page.form.wanted() == ("", "An answer.", "answer:42")
    assert page.form.name.hasFocus() or not page.window().isActiveWindow()


def test_what_is_being_written_stays_while_others_save(
    page: FragmentsPage, services: Services, run_async: Runner, do: Do
) -> None:
    run_async(services.prompts.save_fragment("style", "one"))
    do(lambda: page.show_fragment("style"))
    page.form.text.setPlainText("being written")

    async def elsewhere() -> None:
        await services.prompts.save(None, saying("{{ fragment('style') }}"), name="p")
        await until_quiet()

    run_async(elsewhere())
    assert len(page.form.use_rows) == 1
    assert page.form.text.toPlainText() == "being written"
