"""Saved prompts in the real window: saved from the words, used, changed, deleted, and never written over."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPlainTextEdit
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import CTRL, Run, chatting, click, press, send, until, view_of, write

from chatbench.core.params import Parameters
from chatbench.services.templates import Template
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.prompts.editor import PromptEditor
from chatbench.ui.chat.conversation.prompts.listing import PromptList
from chatbench.ui.notices import Notice
from chatbench.ui.session import Session

ENTER = Qt.Key.Key_Return
FULL = Template(
    prompt="Translate: {{input}}",
    system="You translate.",
    model="loopback/model-b",
    parameters={"temperature": 0.5},
)


async def choose(view: ConversationView, words: str, title: str) -> None:
    """Types the sign and what follows, and takes the row of that name."""
    write(view, words)
    completion = view.composer.completion
    await until(
        lambda: completion.shown and completion.list is not None and title in completion.list.titles(), title
    )
    assert completion.list is not None
    while completion.list.said().partition(",")[0] != title:
        press(view.composer.editor, Qt.Key.Key_Down)
    press(view.composer.editor, ENTER)


def editor_of(view: ConversationView) -> PromptEditor:
    """The form that is open."""
    (editor,) = view.findChildren(PromptEditor)
    return editor


def notices(session: Session) -> list[Notice]:
    return session.window.notices.shown()


def fill(field: QPlainTextEdit, text: str) -> None:
    press(field, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(field, text)


def action(menu: QMenu, begins: str) -> QAction:
    return next(one for one in menu.actions() if one.text().startswith(begins))


async def closed(view: ConversationView) -> None:
    await until(lambda: not view.findChildren(PromptEditor), "the form to be gone")


def test_words_are_saved_as_a_prompt_with_what_the_chat_asks_with(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            view.change_lane(
                view.lane.__replace__(system="Be brief.", parameters=Parameters(temperature=0.5))
            )
            await choose(view, "Write to {{name}} /", "Save this text as a prompt…")
            await until(lambda: view.findChildren(PromptEditor), "the form")
            editor = editor_of(view)
            assert editor.words.toPlainText() == "Write to {{name}}"
            assert editor.values.names() == ("name",)
            assert not editor.save.isEnabled(), "it has no name"
            QTest.keyClicks(editor.name, "a letter")
            assert editor.name.text() == "a-letter"
            QTest.keyClicks(editor.values.field("name"), "Ann")
            click(editor.take_system)
            for chip, begins in ((editor.model, "This chat's"), (editor.parameters, "This chat's")):
                click(chip)
                menu = editor.findChildren(QMenu)[-1]
                action(menu, begins).trigger()
                menu.close()
            press(editor.name, ENTER)
            await closed(view)
            assert session.services.templates.get("a-letter") == Template(
                prompt="Write to {{name}}",
                system="Be brief.",
                model="loopback/model-a",
                parameters={"temperature": 0.5},
                variables={"name": "Ann"},
            )
            assert view.composer.editor.text() == "Write to {{name}} ", "the words stay where they are"
            assert notices(session)[-1].text.startswith("a-letter is saved.")

    run_async(scenario())


def test_a_prompt_sets_model_system_prompt_and_parameters_with_undo(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.templates.save("german", FULL)
            await choose(view, "Hello /ger", "german")
            await until(lambda: notices(session), "the notice")
            assert view.composer.editor.text() == "Translate: Hello"
            (notice,) = notices(session)
            assert notice.text == "german has set for this chat: model-b · Temperature 0.5 · system prompt."
            assert str(view.lane.model) == "loopback/model-b"
            assert view.composer.line.model.label() == "model-b"
            press(view.composer.editor, ENTER)
            await until(lambda: server.asked and not view.streaming, "the answer")
            asked = server.asked[-1].json
            assert (asked["model"], asked["temperature"]) == ("model-b", 0.5)
            assert asked["messages"][0] == {"role": "system", "content": "You translate."}
            assert notice.button is not None
            click(notice.button)
            await view.settled()
            assert (str(view.lane.model), view.lane.system) == ("loopback/model-a", "")
            assert view.lane.parameters == Parameters()
            kept = await session.services.history.outline(view.id)
            assert kept.lanes[0].system == ""
            assert kept.lanes[0].leaf == kept.messages[-1].id, "the answer stays in view"

    run_async(scenario())


def test_a_model_nobody_knows_is_said_and_the_words_come_all_the_same(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.templates.save("odd", Template(prompt="Hi", model="nobody/knows", system="S"))
            await choose(view, "/odd", "odd")
            await until(lambda: notices(session), "the notice")
            (notice,) = notices(session)
            assert notice.kind == "warning"
            assert notice.text == (
                "odd has set for this chat: system prompt. "
                "Its model, nobody/knows, is not known here: the model stays."
            )
            assert view.composer.editor.text() == "Hi"
            assert str(view.lane.model) == "loopback/model-a"

    run_async(scenario())


def test_a_system_prompt_with_places_is_set_filled_in_before_the_question_goes(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.templates.save("speak", Template(prompt="Hi", system="You speak {{lang}}."))
            await choose(view, "/speak", "speak")
            fields = view.composer.variables
            await until(fields.isVisible, "the field")
            assert view.lane.system == ""
            QTest.keyClicks(fields.field("lang"), "Latin")
            press(fields.field("lang"), ENTER)
            press(view.composer.editor, ENTER)
            await until(lambda: server.asked and not view.streaming, "the answer")
            assert server.asked[-1].json["messages"] == [
                {"role": "system", "content": "You speak Latin."},
                {"role": "user", "content": "Hi"},
            ]

    run_async(scenario())


def test_a_system_prompt_that_waits_outlives_a_restart(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.templates.save("speak", Template(prompt="Hi", system="You speak {{lang}}."))
            await choose(view, "/speak", "speak")
            await until(view.composer.variables.isVisible, "the field")
        async with chatting(tmp_path, server) as (_, view):
            fields = view.composer.variables
            await until(fields.isVisible, "the field again")
            assert view.composer.editor.text() == "Hi"
            QTest.keyClicks(fields.field("lang"), "Latin")
            press(view.composer.editor, ENTER)
            await until(lambda: server.asked and not view.streaming, "the answer")
            assert server.asked[-1].json["messages"] == [
                {"role": "system", "content": "You speak Latin."},
                {"role": "user", "content": "Hi"},
            ]

    run_async(scenario())


async def listed(session: Session, view: ConversationView) -> PromptList:
    session.window.commands["prompts.all"].trigger()
    await until(lambda: any(one.rows for one in view.findChildren(PromptList)), "the list")
    return view.findChildren(PromptList)[-1]


def test_a_prompt_is_changed_and_renamed_from_the_list(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            templates = session.services.templates
            templates.save("old", FULL)
            templates.save("taken", Template(prompt="x"))
            shown = await listed(session, view)
            assert [row.listed.name for row in shown.rows] == ["old", "taken"]
            click(shown.rows[0].edit)
            await until(lambda: view.findChildren(PromptEditor), "the form")
            editor = editor_of(view)
            assert editor.model.label() == "model-b"
            for name, trouble in (("ta/.ken", "A name is made of letters"), ("taken", "There is a prompt")):
                editor.name.clear()
                QTest.keyClicks(editor.name, name)
                click(editor.save)
                assert editor.trouble.text().startswith(trouble)
                assert editor.trouble.isVisible()
            editor.name.clear()
            QTest.keyClicks(editor.name, "new")
            fill(editor.words, "Otherwise")
            click(editor.save)
            await closed(view)
            assert templates.names() == ("new", "taken")
            assert templates.get("new") == FULL.__replace__(prompt="Otherwise")
            assert templates.get("taken").prompt == "x"
            await until(lambda: [row.listed.name for row in shown.rows] == ["new", "taken"], "the new name")
            shown.close()

    run_async(scenario())


@pytest.mark.parametrize("way", ["load", "insist"])
def test_what_was_changed_elsewhere_meanwhile_is_told_and_not_written_over(
    tmp_path: Path, run_async: Run, server: LoopbackServer, way: str
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            templates = session.services.templates
            templates.save("one", Template(prompt="first"))
            view.prompting.edit("one")
            await until(lambda: view.findChildren(PromptEditor), "the form")
            editor = editor_of(view)
            path = templates.path("one")
            path.write_text('prompt = "by hand"\n', encoding="utf-8")
            fill(editor.words, "mine")
            click(editor.save)
            await until(editor.trouble.isVisible, "the conflict")
            assert editor.trouble.text() == ("one was changed elsewhere meanwhile. Nothing was overwritten.")
            assert path.read_text(encoding="utf-8") == 'prompt = "by hand"\n'
            assert editor.words.toPlainText() == "mine", "what was written here stays"
            if way == "load":
                click(editor.load)
                assert editor.words.toPlainText() == "by hand"
                assert not editor.trouble.isVisible()
                QTest.keyClicks(editor.words, "! ")
                click(editor.save)
                expected = "! by hand"
            else:
                click(editor.insist)
                expected = "mine"
            await closed(view)
            assert templates.get("one").prompt == expected

    run_async(scenario())


def test_what_was_deleted_elsewhere_meanwhile_is_told(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            templates = session.services.templates
            templates.save("one", Template(prompt="first"))
            view.prompting.edit("one")
            await until(lambda: view.findChildren(PromptEditor), "the form")
            editor = editor_of(view)
            templates.remove("one")
            click(editor.save)
            await until(editor.trouble.isVisible, "the conflict")
            assert editor.trouble.text() == "one was deleted elsewhere meanwhile. Nothing was written."
            assert not editor.load.isVisible()
            click(editor.insist)
            await closed(view)
            assert templates.get("one").prompt == "first"

    run_async(scenario())


def test_a_prompt_is_deleted_with_undo(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            templates = session.services.templates
            for name in ("one", "two"):
                templates.save(name, Template(prompt=name))
            before = templates.path("one").read_bytes()
            shown = await listed(session, view)
            shown.rows[0].delete.setFocus()
            press(shown.rows[0].delete, Qt.Key.Key_Space)
            await until(lambda: len(shown.rows) == 1 and notices(session), "it to be gone")
            assert templates.names() == ("two",)
            assert shown.rows[0].delete.hasFocus()
            button = notices(session)[-1].button
            assert button is not None
            click(button)
            await until(lambda: len(shown.rows) == 2, "it to be back")
            assert templates.path("one").read_bytes() == before
            click(shown.rows[1].use)
            await until(lambda: view.composer.editor.text() == "two", "the words")
            assert session.window.focusWidget() is view.composer.editor

    run_async(scenario())


def test_the_palette_puts_prompts_in_and_makes_new_ones(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.templates.save("greeting", Template(prompt="Good day"))
            palette = session.window.command_palette
            write(view, "Well. ")
            palette.open("/gre")
            await until(lambda: palette.titles() == ["greeting"], "the prompt")
            press(palette._field, ENTER)
            await until(lambda: view.composer.editor.text() == "Well. Good day", "the words")
            press(view.composer.editor, Qt.Key.Key_Z, CTRL)
            assert view.composer.editor.text() == "Well. ", "the words before it are another step of undo"
            palette.open("save this text")
            await until(lambda: "Save this text as a prompt…" in palette.titles(), "the action")
            palette.close_palette()
            await send(view_of(session), "x")
            palette.open("save this text as")
            assert "Save this text as a prompt…" not in palette.titles(), "there is no text"
            palette.close_palette()

    run_async(scenario())


def test_a_form_that_is_closed_unsaved_can_be_had_again(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            templates = session.services.templates
            templates.save("one", Template(prompt="first {{place}}", variables={"place": "x", "gone": "y"}))
            view.prompting.edit("one")
            await until(lambda: view.findChildren(PromptEditor), "the form")
            press(editor_of(view), Qt.Key.Key_Escape)
            await closed(view)
            assert notices(session) == [], "nothing was changed"
            view.prompting.edit("one")
            await until(lambda: view.findChildren(PromptEditor), "the form")
            editor = editor_of(view)
            fill(editor.words, "second")
            editor.name.clear()
            QTest.keyClicks(editor.name, "two")
            press(editor, Qt.Key.Key_Escape)
            await closed(view)
            assert templates.names() == ("one",)
            (notice,) = notices(session)
            assert notice.button is not None
            click(notice.button)
            editor = editor_of(view)
            assert (editor.name.text(), editor.words.toPlainText()) == ("two", "second")
            click(editor.save)
            await closed(view)
            assert templates.names() == ("two",)
            assert templates.get("two").prompt == "second"

    run_async(scenario())


def test_what_the_window_cannot_use_of_a_prompt_is_said(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            said = '[{text = "Add up"}, {role = "assistant", text = "2"}, {text = "Sum up"}]'
            file = session.services.templates.path("long")
            file.parent.mkdir(exist_ok=True)
            file.write_text(f'messages = {said}\nfragments = ["/a/b.txt"]\n', encoding="utf-8")
            await choose(view, "/long", "long")
            await until(lambda: notices(session), "the notice")
            (notice,) = notices(session)
            assert notice.text == (
                "A question leaves out of it: 2 messages before the question. "
                "Its files, addresses and schema are used in the terminal only."
            )
            assert notice.button is None, "there is nothing to undo"
            assert view.composer.editor.text() == "Sum up"

    run_async(scenario())


def test_a_model_stays_hidden_while_names_are(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.templates.save("german", FULL)
            write(view, "@model-b")
            completion = view.composer.completion
            await until(lambda: completion.shown, "the model")
            press(view.composer.editor, ENTER)
            await until(lambda: len(view.lanes.views) == 2, "the second lane")
            click(view.bar.blind)
            await until(lambda: view.names_hidden, "the names to be hidden")
            view.prompting.use("german")
            await until(lambda: view.lane.system, "the system prompt")
            assert str(view.lane.model) in ("loopback/model-a", "loopback/model-b")
            told = " ".join(notice.text for notice in notices(session))
            assert "Its model is left out while names are hidden." in told
            assert "model-" not in told

    run_async(scenario())
