"""A prompt's tab: its versions, messages and variables, and running it once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.services import Services
from chatbench.services.prompts import compare
from chatbench.ui.widgets import Select
from chatbench.ui.workbench.differing import DifferenceText
from chatbench.ui.workbench.hands import Hands
from chatbench.ui.workbench.prompts.dialogs import CodeDialog, CompareDialog, ImproveDialog
from chatbench.ui.workbench.prompts.difference import DifferenceView
from chatbench.ui.workbench.prompts.page import PromptPage
from chatbench.ui.workbench.prompts.variable import VariableDialog

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]
FIRST = Prompt(messages=(PromptMessage(role="system", text="Be brief."), PromptMessage(text="Hello")))
SECOND = Prompt(
    messages=(PromptMessage(role="system", text="Be brief."), PromptMessage(text="Hello {{name}}")),
    variables=(Variable(name="name", description="Who is greeted"),),
)
MODEL = ModelRef("loopback", "model-a")


@pytest.fixture
def prompt_id(services: Services, run_async: Runner, server: LoopbackServer) -> str:
    services.endpoints.save(
        Endpoint(
            id="loopback", name="Loopback", wire="openai_chat", base_url=server.base_url("openai_chat"),
            auth="none", models=("model-a", "model-b"),
        )
    )  # fmt: skip
    saved = run_async(services.prompts.save(None, FIRST, name="Hello", note="the first"))
    run_async(services.prompts.save(saved.prompt_id, SECOND, note="by name"))
    return str(saved.prompt_id)


Make = Callable[[], PromptPage]


@pytest.fixture
def make(services: Services, prompt_id: str, qtbot: QtBot, do: Do) -> Iterator[Make]:
    made: list[PromptPage] = []

    def page() -> PromptPage:
        hands = Hands(lambda _anchor, _current, chosen: chosen(MODEL), lambda _chat: None)
        do(lambda: made.append(PromptPage(services, hands, prompt_id)))
        qtbot.addWidget(made[-1])
        made[-1].resize(1000, 800)
        made[-1].show()
        return made[-1]

    yield page
    for one in made:
        do(one.release)


def written(page: PromptPage, place: int, text: str, do: Do) -> None:
    card = page.editor.cards.cards[place]
    card.text.setFocus()
    card.text.selectAll()
    QTest.keyClicks(card.text, text)
    do(page.editor.look)


def kept(page: PromptPage, run_async: Runner) -> None:
    run_async(page.keep_draft())


def test_an_edit_changes_the_newest_version_and_saving_makes_the_next(
    make: Make, services: Services, run_async: Runner, do: Do, prompt_id: str
) -> None:
    page = make()
    assert [(row.number, row.note) for row in page.editor.versions.rows()] == [
        (2, "by name"),
        (1, "the first"),
    ]
    assert not page.editor.save.isEnabled()
    written(page, 1, "Goodbye {{name}}", do)
    assert page.is_changed
    assert [row.changed for row in page.editor.versions.rows()] == [True, False]
    assert page.editor.save.label() == "Save as v3"
    run_async(page.save_with("politer"))
    do(lambda: None)
    assert not page.is_changed
    newest = run_async(services.prompts.version(prompt_id))
    assert (newest.number, newest.note, newest.prompt.messages[1].text) == (3, "politer", "Goodbye {{name}}")
    assert page.editor.versions.rows()[0].number == 3


def test_an_older_version_can_be_looked_at_and_restored(
    make: Make, services: Services, run_async: Runner, do: Do, prompt_id: str
) -> None:
    page = make()
    written(page, 1, "Not saved", do)
    taken_back: list[Callable[[], object]] = []
    page.told.connect(lambda _words, undo: taken_back.append(undo))
    do(lambda: page.show_version(1))
    assert page.editor.prompt() == FIRST
    do(taken_back[0])
    assert page.editor.prompt().messages[1].text == "Not saved"
    do(lambda: page.editor.versions.restore_wanted.emit(1))
    assert run_async(services.prompts.version(prompt_id)).prompt == FIRST
    assert run_async(services.prompts.versions(prompt_id))[0].number == 3
    do(lambda: page.editor.versions.production_wanted.emit(2))
    assert [row.production for row in page.editor.versions.rows()] == [False, True, False]


def test_what_was_not_saved_is_there_again(
    make: Make, services: Services, run_async: Runner, do: Do, prompt_id: str
) -> None:
    page = make()
    written(page, 1, "Half a thought {{name}}", do)
    page.editor.variables.field("name").field.setText("Ada")  # type: ignore[attr-defined]
    kept(page, run_async)
    again = make()
    assert again.is_changed
    assert again.editor.prompt().messages[1].text == "Half a thought {{name}}"
    assert again.editor.values() == {"name": "Ada"}
    assert run_async(services.prompts.version(prompt_id)).prompt == SECOND


def test_a_template_that_cannot_be_read_is_named_by_line_and_column(make: Make, do: Do) -> None:
    page = make()
    card = page.editor.cards.cards[1]
    card.text.setPlainText("Hello\n{{name")
    do(page.editor.look)
    assert card.fault.text().startswith("Line 2, column 1:")
    assert card.fault.isVisible()
    do(lambda: page.beside.choose([MODEL]))
    do(page.editor.run_once.click)
    assert "cannot be read" in page.editor.trouble.text()
    assert card.text.hasFocus()
    written(page, 1, "Hello {{name}}", do)
    assert not card.fault.isVisible()


def test_a_variable_without_a_value_is_underlined_until_it_has_one(make: Make, do: Do) -> None:
    page = make()
    text = page.editor.cards.cards[1].text

    def waves() -> list[str]:
        wave = QTextCharFormat.UnderlineStyle.WaveUnderline
        return [
            one.cursor.selectedText() for one in text.extraSelections() if one.format.underlineStyle() == wave
        ]

    assert waves() == ["{{name}}"]
    field = page.editor.variables.field("name")
    assert field.field.toolTip() == "Who is greeted"
    do(lambda: QTest.keyClicks(field.field, "Ada"))
    assert waves() == []


def test_messages_are_moved_by_key_and_by_their_grip_and_deleted_with_undo(make: Make, do: Do) -> None:
    page = make()
    cards = page.editor.cards
    user = cards.cards[1]
    user.text.setFocus()
    do(lambda: QTest.keyClick(user.text, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier))
    assert [one.role for one in cards.messages()] == ["user", "system"]
    grip = cards.cards[0].grip
    QTest.mousePress(grip, Qt.MouseButton.LeftButton)
    QTest.mouseMove(grip, grip.mapFromGlobal(cards.mapToGlobal(QPoint(20, cards.height() - 2))))
    do(lambda: QTest.mouseRelease(grip, Qt.MouseButton.LeftButton))
    assert [one.role for one in cards.messages()] == ["system", "user"]
    assert not [one for one in QApplication.topLevelWidgets() if isinstance(one, QMenu) and one.isVisible()]
    undo: list[Callable[[], object]] = []
    page.told.connect(lambda _words, again: undo.append(again))
    do(cards.cards[0].delete_wanted.emit)
    assert [one.role for one in cards.messages()] == ["user"]
    do(undo[0])
    assert page.editor.prompt() == SECOND
    assert not page.is_changed


def test_an_example_is_a_question_and_an_answer(make: Make, do: Do) -> None:
    page = make()
    do(page.editor.cards.cards[0].examples_wanted.emit)
    assert [one.role for one in page.editor.prompt().messages] == ["system", "user", "assistant", "user"]


def test_a_prompt_is_run_once_in_several_models(
    make: Make, services: Services, server: LoopbackServer, run_async: Runner, do: Do
) -> None:
    page = make()
    do(lambda: page.beside.choose([]))
    do(page.editor.run_once.click)
    assert "Choose a model" in page.editor.trouble.text()
    do(lambda: page.beside.choose([MODEL, ModelRef("loopback", "model-b")]))
    do(page.editor.run_once.click)
    assert "Fill in name" in page.editor.trouble.text()
    server.told["model-a"] = replies.events(
        openai_chat.answer(openai_chat.pieces("Good day"), model="model-a")
    )
    server.told["model-b"] = replies.data({"error": {"message": "no such model"}}, 404)
    page.editor.variables.field("name").field.setText("Ada")  # type: ignore[attr-defined]
    do(page.editor.run_once.click)

    async def ended() -> None:
        for trial in page.beside.trials:
            await services.trials.wait(trial)

    run_async(ended())
    page.beside.pull()
    one, other = page.beside.trials
    assert (one.state, one.text()) == ("done", "Good day")
    assert (other.state, other.error is not None) == ("failed", True)
    sent = [asked.json for asked in server.asked if asked.path.endswith("completions")]
    assert sent[0]["messages"][-1]["content"] == "Hello Ada"
    assert not page.beside._clock.isActive(), "nothing is under way"


def test_parameters_and_schema_are_part_of_the_version(make: Make, do: Do) -> None:
    page = make()
    settings = page.editor.settings
    settings.parameters_section.set_open(True)
    field = settings.parameters.field("temperature")
    field.setFocus()
    do(lambda: QTest.keyClicks(field, "0.5"))
    assert page.editor.prompt().parameters.temperature == 0.5
    do(lambda: QTest.keyClicks(field, "x"))
    assert settings.parameters.trouble.text()
    settings.schema.text.setPlainText('{"type": "object"}')
    do(settings.schema.look)
    assert page.editor.prompt().response_schema == {"type": "object"}
    assert settings.schema_pill.text() == "valid"
    settings.schema.text.setPlainText('{"type": "objekt"}')
    do(settings.schema.look)
    assert settings.schema_pill.text() == "invalid"
    assert page.editor.prompt().response_schema == {"type": "object"}


def test_a_file_is_attached_to_a_message_and_taken_away(
    make: Make, run_async: Runner, tmp_path: Path, do: Do
) -> None:
    page = make()
    (tmp_path / "notes.txt").write_text("some notes")
    card = page.editor.cards.cards[1]
    run_async(page.running.attach_paths(card, [tmp_path / "notes.txt"]))
    assert len(page.editor.prompt().messages[1].attachments) == 1
    chips = [one for one in card._chips.findChildren(type(card.role)) if not one.isHidden()]
    do(chips[0].click)
    assert page.editor.prompt() == SECOND


def test_a_fragment_is_put_in_where_the_keyboard_is(
    make: Make, services: Services, run_async: Runner, do: Do
) -> None:
    run_async(services.prompts.save_fragment("house-style", "Write plainly."))
    page = make()
    card = page.editor.cards.cards[0]
    card.text.setFocus()
    QTest.keyClick(card.text, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    do(card.fragment_wanted.emit)
    (menu,) = [one for one in QApplication.topLevelWidgets() if isinstance(one, QMenu) and one.isVisible()]
    assert [one.text() for one in menu.actions()] == ["house-style"]
    do(menu.actions()[0].trigger)
    menu.close()
    assert card.text.text() == 'Be brief.{{ fragment("house-style") }}'
    page.editor.preview_section.set_open(True)
    do(page.editor.look)
    assert page.editor.preview.toPlainText().startswith("System:\nBe brief.Write plainly.")


def test_what_is_sent_is_shown_with_its_values(make: Make, do: Do) -> None:
    page = make()
    page.editor.preview_section.set_open(True)
    page.editor.variables.field("name").field.setText("Ada")  # type: ignore[attr-defined]
    do(page.editor.look)
    assert page.editor.preview.toPlainText() == "System:\nBe brief.\n\nUser:\nHello Ada"
    assert "tokens" in page.editor.estimate.text()


def test_versions_are_compared_word_by_word(make: Make, do: Do) -> None:
    page = make()
    do(page.editor.compare.click)
    dialog = page.findChild(CompareDialog)
    assert dialog is not None
    texts = [one.toPlainText() for one in dialog.view.findChildren(DifferenceText)]
    assert texts[:2] == ["Be brief.", "Hello {{name}}"]
    do(lambda: dialog.after.setCurrentIndex(dialog.after.findData(1)))
    shown = [one for one in dialog.view.findChildren(DifferenceText) if not one.isHidden()]
    assert [one.toPlainText() for one in shown] == ["Be brief.", "Hello"]
    do(dialog.reject)


def test_settings_that_differ_are_told_as_people_write_them(qtbot: QtBot) -> None:
    before = Prompt(
        parameters=Parameters(temperature=0.5), response_schema={"type": "object"}, models=("a/b", "a/c")
    )
    after = Prompt(response_schema={"type": "array"}, columns={"ticket": "text"}, dataset="Tickets")
    view = DifferenceView()
    qtbot.addWidget(view)
    view.show_difference(compare(before, after))
    told = {one.accessibleName(): one.toPlainText() for one in view.findChildren(DifferenceText)}
    assert told["Temperature"] == "0.5 → –"
    assert told["Models"] == "a/b, a/c → –"
    assert told["Data set"] == "– → Tickets"
    assert told["Columns of variables"] == '– → {\n  "ticket": "text"\n}'
    assert '"type": "' in told["Answer schema"]
    (schema,) = [one for one in view.findChildren(DifferenceText) if one.accessibleName() == "Answer schema"]
    assert schema.accessibleDescription() == "removed: object; added: array"


def test_a_variable_is_given_a_type_and_a_default(make: Make, do: Do, run_async: Runner) -> None:
    page = make()

    async def settle_it() -> None:
        task = asyncio.ensure_future(page._set_variable(SECOND.variables[0]))
        await asyncio.sleep(0)
        dialog = page.findChild(VariableDialog)
        assert dialog is not None
        dialog.kind.setCurrentIndex(dialog.kind.findData("choice"))
        dialog.choices.setText("Ada, Grace")
        dialog.default.setText("Nobody")
        dialog.save.click()
        assert dialog.trouble.isVisible()
        dialog.default.setText("Grace")
        dialog.save.click()
        await task

    run_async(settle_it())
    variable = page.editor.prompt().variables[0]
    assert (variable.type, variable.choices, variable.default) == ("choice", ("Ada", "Grace"), "Grace")
    field = page.editor.variables.field("name").field
    assert isinstance(field, Select)
    field.setCurrentIndex(field.findData("Ada"))
    assert page.editor.values() == {"name": "Ada"}


def test_the_prompt_is_written_as_a_program(make: Make, do: Do) -> None:
    page = make()
    do(lambda: page.beside.choose([MODEL]))
    do(page.show_code)
    dialog = page.findChild(CodeDialog)
    assert dialog is not None
    do(lambda: dialog.form.setCurrentIndex(dialog.form.findData("python-httpx")))
    assert "import httpx" in dialog.code.toPlainText()
    assert "Hello {{name}}" in dialog.code.toPlainText()
    do(dialog.copy.click)
    assert QGuiApplication.clipboard().text() == dialog.code.toPlainText()
    do(dialog.reject)


def test_a_better_prompt_is_taken_piece_by_piece(
    make: Make, server: LoopbackServer, services: Services, run_async: Runner, do: Do, prompt_id: str
) -> None:
    page = make()
    do(lambda: page.beside.choose([MODEL]))
    told = {
        "messages": [
            {"role": "system", "text": "Be brief and kind."},
            {"role": "user", "text": "Hello {{name}}, how are you?"},
        ],
        "explanation": "Kinder.",
    }
    server.script(replies.data(openai_chat.whole({"role": "assistant", "content": json.dumps(told)})))
    do(page.improve)
    dialog = page.findChild(ImproveDialog)
    assert dialog is not None
    do(dialog.ask.click)
    assert len(dialog.boxes) == 2, dialog.told.text()
    assert dialog.told.text().startswith("Kinder.")
    dialog.boxes[0].setChecked(False)
    do(dialog.use.click)
    assert [one.text for one in page.editor.prompt().messages] == [
        "Be brief.",
        "Hello {{name}}, how are you?",
    ]
    assert page.is_changed
    assert run_async(services.prompts.version(prompt_id)).number == 2, "nothing was saved"
