"""Completing models, prompts and past conversations in the composer, with real keys and the mouse."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QInputMethodEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from tests.ui.chat.quiet import done

from chatbench.core.conversations import Draft
from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import FilePart, StoredFile
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.notices import Notice
from chatbench.services.templates import Template
from chatbench.ui.chat.composer import Composer

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Type = Callable[[str], None]

PLANET, COMET = ModelRef("loop", "planet-large"), ModelRef("loop", "comet-mini")


@pytest.fixture
def other(qtbot: QtBot) -> QLineEdit:
    field = QLineEdit()
    qtbot.addWidget(field)
    return field


@pytest.fixture
def composer(
    qtbot: QtBot, services: Services, settle: Callable[[], None], other: QLineEdit
) -> Iterator[Composer]:
    services.endpoints.save(
        Endpoint(
            id="loop", name="Loop", wire="openai_chat", base_url="http://127.0.0.1:9/v1", auth="none",
            models=("planet-large", "comet-mini"),
        )
    )  # fmt: skip
    window = QWidget()
    window.resize(820, 700)
    qtbot.addWidget(window)
    composer = Composer(services, window)
    column = QVBoxLayout(window)
    column.addWidget(other)
    column.addStretch(1)
    column.addWidget(composer)
    window.show()
    composer.setFocus()
    QApplication.processEvents()
    yield composer
    settle()


@pytest.fixture
def typed(composer: Composer, run_async: Runner) -> Type:
    """Types letters, and waits for what they asked for."""
    return lambda text: run_async(done(lambda: QTest.keyClicks(composer.editor, text)))


def press(composer: Composer, run_async: Runner, key: Qt.Key) -> None:
    run_async(done(lambda: QTest.keyClick(composer.editor, key)))


def titles(composer: Composer) -> list[str]:
    found = composer.completion.list
    return found.titles() if composer.completion.shown and found is not None else []


def current(composer: Composer) -> str:
    assert composer.completion.list is not None
    row = composer.completion.list.row(composer.completion.list.view.currentIndex())
    assert row is not None
    return row.title


def heard(composer: Composer) -> list[ModelRef]:
    added: list[ModelRef] = []
    composer.model_named.connect(added.append)
    return added


def saved(services: Services, **prompts: Template) -> None:
    for name, template in prompts.items():
        services.templates.save(name, template)


async def conversation(services: Services, title: str, question: str) -> str:
    made = await services.chat.new_conversation(title=title)
    await services.chat.wait(await services.chat.send(made.id, Draft(text=question)))
    return made.id


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab])
def test_a_model_is_added_from_the_middle_of_the_words(
    composer: Composer, run_async: Runner, typed: Type, key: Qt.Key
) -> None:
    added = heard(composer)
    sent: list[Draft] = []
    composer.send_requested.connect(sent.append)
    typed("Compare with @com")
    assert titles(composer)[0] == "comet-mini"
    press(composer, run_async, key)
    assert (added, sent) == ([COMET], [])
    assert composer.editor.text() == "Compare with "
    assert not composer.completion.shown
    assert composer.editor.hasFocus()
    typed("a pen")
    press(composer, run_async, Qt.Key.Key_Return)
    assert [draft.text for draft in sent] == ["Compare with a pen"]


def test_arrows_choose_around_the_end_and_are_read_out(
    composer: Composer, run_async: Runner, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        "chatbench.ui.chat.composer.completion.announce", lambda _widget, words: said.append(words)
    )
    typed("@loop")
    names = titles(composer)
    assert sorted(names) == ["comet-mini", "planet-large"]
    seen = [current(composer)]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        press(composer, run_async, key)
        seen.append(current(composer))
    assert seen == [names[0], names[1], names[0], names[1]]
    assert composer.editor.text() == "@loop", "the arrows moved no cursor"
    assert said[0].startswith("Add a model: ")
    assert said[-1] == f"{names[1]}, loop/{names[1]}, 2 of 2"
    assert composer.completion.list is not None
    interface = QAccessible.queryAccessibleInterface(composer.completion.list.view)
    assert interface.text(QAccessible.Text.Name) == "Add a model"
    assert interface.childCount() == 3, "the head and the rows"


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("@", True), ("say @", True), ("(@", True), ("me@", False), ("a/@", False), ("`@", False),
        ("/", True), ("word /", True), ("and/", False), ("https:/", False), ("(/", False),
        ("#", True), ("C#", False), ("##", False),
    ],
)  # fmt: skip
def test_a_sign_counts_at_the_beginning_of_a_word(
    composer: Composer, services: Services, run_async: Runner, typed: Type, text: str, opens: bool
) -> None:
    saved(services, tidy=Template(prompt="Tidy this up"))
    run_async(conversation(services, "Anything", "a question"))
    typed(text)
    assert bool(titles(composer)) is opens
    assert composer.editor.text() == text


def test_in_a_fence_a_sign_is_a_letter(composer: Composer, run_async: Runner, typed: Type) -> None:
    composer.set_draft(Draft(text="```\n"))
    typed("@")
    assert not composer.completion.shown
    composer.set_draft(Draft(text="```\ncode\n```\n"))
    typed("@")
    assert composer.completion.shown


@pytest.mark.parametrize(
    "how", ["space", "escape", "backspace", "left", "selection", "focus", "nothing found"]
)
def test_it_closes_as_a_reader_expects(
    composer: Composer, run_async: Runner, typed: Type, other: QLineEdit, how: str
) -> None:
    escaped: list[int] = []
    composer.editor.escaped.connect(lambda: escaped.append(1))
    composer.editor.takes_escape = True
    typed("say @")
    assert composer.completion.shown
    if how == "focus":
        run_async(done(other.setFocus))
    elif how == "nothing found":
        typed("zzz")
    elif how == "selection":
        typed("co")
        shift = Qt.KeyboardModifier.ShiftModifier
        run_async(done(lambda: QTest.keyClick(composer.editor, Qt.Key.Key_Left, shift)))
    else:
        keys = {
            "space": Qt.Key.Key_Space, "escape": Qt.Key.Key_Escape,
            "backspace": Qt.Key.Key_Backspace, "left": Qt.Key.Key_Left,
        }  # fmt: skip
        press(composer, run_async, keys[how])
    assert not composer.completion.shown
    assert escaped == [], "the first Escape closes the list alone"
    if how == "nothing found":
        for _ in range(3):
            press(composer, run_async, Qt.Key.Key_Backspace)
        assert composer.completion.shown, "the sign still stands there"
    elif how == "escape":
        typed("c")
        assert not composer.completion.shown, "who has closed it does not want it"
        press(composer, run_async, Qt.Key.Key_Escape)
        assert escaped == [1]


def test_the_mouse_chooses_and_leaves_the_focus(composer: Composer, run_async: Runner, typed: Type) -> None:
    added = heard(composer)
    typed("@planet")
    assert composer.completion.list is not None
    view = composer.completion.list.view
    place = view.visualRect(view.model().index(1, 0)).center()
    view.grab()

    def click() -> None:
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        QApplication.processEvents()

    run_async(done(click))
    QApplication.processEvents()
    assert added == [PLANET]
    assert composer.editor.hasFocus()
    assert composer.editor.text() == ""


def test_the_list_stands_beside_the_cursor_within_the_window(composer: Composer, typed: Type) -> None:
    typed("@")
    found = composer.completion.list
    assert found is not None
    window = composer.window()
    assert window.rect().contains(found.view.geometry().translated(found.pos()))
    caret = composer.editor.viewport().mapTo(window, composer.editor.cursorRect().topLeft())
    bottom = found.view.mapTo(window, found.view.rect().bottomLeft()).y()
    assert caret.y() - 20 < bottom < caret.y()


def test_what_an_input_method_composes_is_its_own(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    run_async(conversation(services, "会议 notes", "hello"))
    sent: list[object] = []
    composer.send_requested.connect(sent.append)
    typed("#")
    assert titles(composer) == ["会议 notes"]
    QApplication.sendEvent(composer.editor, QInputMethodEvent("hui yi", []))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Escape):
        press(composer, run_async, key)
    assert composer.attachments.items == []
    committed = QInputMethodEvent("", [])
    committed.setCommitString("会议")
    run_async(done(lambda: QApplication.sendEvent(composer.editor, committed)))
    assert composer.editor.text() == "#会议"
    assert titles(composer) == ["会议 notes"]
    press(composer, run_async, Qt.Key.Key_Return)
    assert [item.name for item in composer.attachments.items] == ["会议 notes"]
    assert sent == []


def test_a_sign_that_an_input_method_commits_counts(composer: Composer, run_async: Runner) -> None:
    committed = QInputMethodEvent("", [])
    committed.setCommitString("@")
    run_async(done(lambda: QApplication.sendEvent(composer.editor, committed)))
    assert composer.completion.shown


def test_what_is_set_or_pasted_opens_nothing(composer: Composer, typed: Type) -> None:
    composer.set_draft(Draft(text="@"))
    assert not composer.completion.shown
    composer.editor.insertPlainText("see @planet")
    assert not composer.completion.shown


def test_a_model_without_a_key_asks_for_it(composer: Composer, run_async: Runner, typed: Type) -> None:
    added = heard(composer)
    wanted: list[str] = []
    composer.key_wanted.connect(wanted.append)
    typed("@anthropic/")
    assert composer.completion.list is not None
    assert "No key yet" in str(
        composer.completion.list.view.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
    )
    press(composer, run_async, Qt.Key.Key_Return)
    assert (added, wanted) == ([], ["anthropic"])


def test_one_undo_brings_back_what_was_typed(composer: Composer, run_async: Runner, typed: Type) -> None:
    typed("one @com")
    press(composer, run_async, Qt.Key.Key_Return)
    assert composer.editor.text() == "one "
    composer.editor.undo()
    assert composer.editor.text() == "one @com"


def test_a_past_conversation_is_attached_with_its_tokens_and_can_be_taken_away(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    run_async(conversation(services, "Subscriptions", "How do I avoid double subscriptions?"))
    run_async(conversation(services, "Trains", "When does it leave?"))
    typed("As in #sub")
    assert titles(composer) == ["Subscriptions"]
    press(composer, run_async, Qt.Key.Key_Return)
    assert composer.editor.text() == "As in "
    (part,) = composer.draft().attachments
    assert isinstance(part, FilePart)
    assert isinstance(part.source, StoredFile)
    assert (part.name, part.media_type) == ("Subscriptions", "text/markdown")
    told = run_async(services.attachments.original(part.source.sha256)).decode()
    assert told.startswith("# Subscriptions\n")
    assert "How do I avoid double subscriptions?" in told
    (thumb,) = composer.strip.thumbs()
    tokens = thumb.item.tokens
    assert tokens is not None
    assert 0.5 < tokens / (part.size / 4) < 2
    assert thumb.accessibleName() == f"Subscriptions, as text · ≈ {tokens:,} tokens"
    assert composer.attachments.kept_back is False
    run_async(done(lambda: composer.set_model(ModelRef("openai", "gpt-3.5-turbo"))))
    assert composer.draft().attachments == (part,), "every model takes words"
    QTest.keyClick(thumb, Qt.Key.Key_Delete)
    assert composer.draft().attachments == ()


def test_past_conversations_are_found_by_what_was_said(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    run_async(conversation(services, "Nothing telling", "the word xylophone"))
    typed("#xylo")
    assert titles(composer) == ["Nothing telling"]


def test_the_conversation_itself_is_not_offered(
    qtbot: QtBot, services: Services, run_async: Runner, settle: Callable[[], None]
) -> None:
    own = run_async(conversation(services, "Own", "words"))
    run_async(conversation(services, "Other", "words"))
    composer = Composer(services, conversation_id=own)
    qtbot.addWidget(composer)
    composer.show()
    composer.setFocus()
    QApplication.processEvents()
    run_async(done(lambda: QTest.keyClicks(composer.editor, "#o")))
    assert titles(composer) == ["Other"]
    settle()


def test_a_prompt_comes_with_fields_for_its_variables(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    prompt = "Translate into {{language}}, ${tone} and $tone: {{text}} (costs $5)"
    saved(services, translate=Template(prompt=prompt, variables={"language": "French"}))
    sent: list[Draft] = []
    composer.send_requested.connect(sent.append)
    typed("/tra")
    press(composer, run_async, Qt.Key.Key_Return)
    assert composer.editor.text() == prompt
    fields = composer.variables
    assert fields.isVisible()
    assert fields.names() == ("language", "text", "tone")
    assert [fields.field(name).height() for name in fields.names()] == [28, 28, 28]
    assert fields.field("language").accessibleName() == "language"
    assert fields.field("language").text() == "French"
    assert fields.field("text").hasFocus(), "the first that is empty"
    assert not composer.send_button.send.isEnabled()
    QTest.keyClicks(fields.field("text"), "good {{language}} $tone")
    QTest.keyClick(fields.field("text"), Qt.Key.Key_Return)
    assert fields.field("tone").hasFocus()
    assert composer.send_button.send.isEnabled(), "a dollar name may stay what it is"
    assert composer.draft().text == (
        "Translate into French, ${tone} and $tone: good {{language}} $tone (costs $5)"
    )
    QTest.keyClicks(fields.field("tone"), "kindly")
    QTest.keyClick(fields.field("tone"), Qt.Key.Key_Return)
    assert composer.editor.hasFocus()
    press(composer, run_async, Qt.Key.Key_Return)
    assert [draft.text for draft in sent] == [
        "Translate into French, kindly and kindly: good {{language}} $tone (costs $5)"
    ]
    composer.set_draft(Draft())
    assert not fields.isVisible()
    assert fields.values() == {}


def test_words_that_are_there_go_where_the_prompt_wants_them(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    saved(services, sum=Template(prompt="Summarise:\n{{input}}\nThanks"))
    composer.set_draft(Draft(text="a long story "))
    typed("/sum")
    press(composer, run_async, Qt.Key.Key_Return)
    assert composer.editor.text() == "Summarise:\na long story\nThanks"
    assert not composer.variables.isVisible()
    composer.editor.undo()
    assert composer.editor.text() == "a long story /sum", "one step back"


def test_places_in_other_words_may_be_filled_in_and_stay_otherwise(composer: Composer) -> None:
    text = "Dear {{ name }}, `{{ code }}` and $name\n```\n{{ fenced }}\n```"
    composer.set_draft(Draft(text=text))
    assert composer.variables.names() == ("name",)
    assert composer.send_button.send.isEnabled()
    assert composer.draft().text == text
    composer.variables.field("name").setText("Ann")
    assert composer.draft().text == text.replace("{{ name }}", "Ann")
    QTest.keyClick(composer.editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(composer.editor, Qt.Key.Key_Delete)
    assert not composer.variables.isVisible()


def test_a_broken_prompt_says_what_is_wrong_when_it_is_chosen(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    saved(services, good=Template(prompt="x"), only_system=Template(system="s"))
    services.templates.path("bad").write_text("prompt = 5\n")
    told: list[Notice] = []
    services.notifier.listen(told.append)
    typed("/")
    assert titles(composer) == ["good", "only_system", "bad", "New prompt…"]
    typed("bad")
    press(composer, run_async, Qt.Key.Key_Return)
    assert [notice.text.partition(":")[0] for notice in told] == ["bad.toml, line 1"]


def test_a_shortcut_of_the_window_does_not_get_the_keys_of_the_list(composer: Composer, typed: Type) -> None:
    typed("@")
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    override.ignore()
    QApplication.sendEvent(composer.editor, override)
    assert override.isAccepted()


def test_fields_and_offers_are_within_the_third_of_the_window(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    saved(services, long=Template(prompt="{{a}} {{b}} {{c}} {{d}} {{e}}\n" + "words\n" * 80))
    typed("/long")
    press(composer, run_async, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert composer.variables.height() == 2 * 28 + 6, "two lines of fields"
    assert composer.box.height() <= composer.window().height() / 3
    composer.window().resize(600, 700)
    QApplication.processEvents()
    assert composer.variables.height() == 3 * 28 + 2 * 6
    assert composer.box.height() <= composer.window().height() / 3


def test_the_list_follows_when_the_composer_gets_another_height(composer: Composer, typed: Type) -> None:
    composer.set_draft(Draft(text="line\n" * 5))
    typed("@")
    found = composer.completion.list
    assert found is not None
    composer.window().resize(500, 500)
    composer.editor.setPlainText("@")
    QApplication.processEvents()
    assert not composer.completion.shown, "the sign that was typed is gone"
    composer.set_draft(Draft(text="word " * 30))
    typed("@")
    composer.window().resize(820, 700)
    for _ in range(3):
        QApplication.processEvents()
    window = composer.window()
    caret = composer.editor.viewport().mapTo(window, composer.editor.cursorRect().topLeft())
    bottom = found.view.mapTo(window, found.view.rect().bottomLeft()).y()
    assert caret.y() - 20 < bottom < caret.y()


def heads(composer: Composer) -> str:
    assert composer.completion.list is not None
    return str(composer.completion.list.view.model().index(0, 0).data())


def test_without_a_saved_prompt_the_sign_says_so_and_offers_the_way(
    composer: Composer, run_async: Runner, typed: Type
) -> None:
    wanted: list[str] = []
    composer.prompt_save_wanted.connect(lambda: wanted.append(f"save {composer.editor.text()}"))
    composer.prompt_new_wanted.connect(lambda: wanted.append("new"))
    typed("/")
    assert titles(composer) == ["New prompt…"]
    assert heads(composer) == "Prompts: none saved yet"
    press(composer, run_async, Qt.Key.Key_Return)
    assert (wanted, composer.editor.text()) == (["new"], "")
    typed("Be brief /")
    assert titles(composer) == ["Save this text as a prompt…", "New prompt…"]
    press(composer, run_async, Qt.Key.Key_Return)
    assert wanted[1:] == ["save Be brief "]
    typed("/usr")
    assert not composer.completion.shown, "a path is no wish"


def test_saved_prompts_stand_before_the_ways_to_save_one(
    composer: Composer, services: Services, typed: Type
) -> None:
    saved(services, tidy=Template(prompt="Tidy this up"))
    typed("Words /")
    assert titles(composer) == ["tidy", "Save this text as a prompt…", "New prompt…"]
    assert heads(composer) == "Prompts"


def test_prompts_of_linked_folders_are_offered_with_what_a_question_leaves_out(
    composer: Composer, services: Services, run_async: Runner, typed: Type, tmp_path: Path
) -> None:
    saved(services, tidy=Template(prompt="Tidy this up"))
    services.templates.path("x").with_name("plain.yaml").write_text("prompt: Plain\n")
    team = tmp_path / "team"
    (team / "deep").mkdir(parents=True)
    shots = "messages:\n- text: a\n- {role: assistant, text: b}\n- text: 'Now {{x}}'\n"
    (team / "deep" / "shots.yml").write_text(shots)
    (team / "short.toml").write_text('prompt = "Short"\n')
    (team / "broken.toml").write_text("prompt = \n")
    (team / "pyproject.toml").write_text("[project]\n")
    run_async(services.prompts.link_folder(team))
    found = taken(composer)
    typed("/")
    offered = ["tidy", "plain", "team/deep/shots", "team/short", "team/broken", "New prompt…"]
    assert titles(composer) == offered
    typed("shots")
    press(composer, run_async, Qt.Key.Key_Return)
    ((name, template),) = found
    assert (name, template.left_out) == ("team/deep/shots", ("2 messages before the question",))
    assert composer.editor.text().startswith("Now ")


def taken(composer: Composer) -> list[tuple[str, Template]]:
    found: list[tuple[str, Template]] = []
    composer.prompt_taken.connect(lambda name, template: found.append((name, template)))
    return found


def test_what_a_prompt_brings_along_is_told_with_its_words(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    found = taken(composer)
    full = Template(prompt="Hi", system="Be kind.", model="loop/comet-mini", parameters={"temperature": 0})
    saved(services, kind=full)
    typed("/kind")
    press(composer, run_async, Qt.Key.Key_Return)
    assert (found, composer.editor.text()) == ([("kind", full)], "Hi")


def test_a_system_prompt_waits_until_its_places_are_filled_in(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    found, sent = taken(composer), []
    composer.send_requested.connect(lambda _draft: sent.append(len(found)))
    saved(services, speak=Template(prompt="Say it", system="You speak {{lang}}.", model="loop/comet-mini"))
    typed("/speak")
    press(composer, run_async, Qt.Key.Key_Return)
    assert found == [("speak", Template(prompt="Say it", model="loop/comet-mini"))]
    field = composer.variables.field("lang")
    assert field.hasFocus()
    press(composer, run_async, Qt.Key.Key_Return)
    assert sent == [], "the place is empty"
    QTest.keyClicks(field, "Latin")
    composer.editor.setFocus()
    press(composer, run_async, Qt.Key.Key_Return)
    assert found[1:] == [("speak", Template(system="You speak Latin."))]
    assert sent == [2], "before the words go"
    press(composer, run_async, Qt.Key.Key_Return)
    assert len(found) == 2, "once"


def test_a_system_prompt_goes_on_waiting_in_the_draft(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    found = taken(composer)
    asked = "You speak {{lang}}, {{tone}}."
    saved(services, speak=Template(prompt="Say it", system=asked, variables={"lang": "Latin"}))
    typed("/speak")
    press(composer, run_async, Qt.Key.Key_Return)
    draft = composer.draft()
    assert (draft.text, draft.system) == ("Say it", "You speak Latin, {{tone}}.")
    composer.set_draft(Draft())
    assert (composer.draft(), composer.variables.names()) == (Draft(), ())
    composer.set_draft(draft)
    assert composer.draft() == draft
    assert composer.variables.names() == ("tone",)
    composer.editor.setFocus()
    press(composer, run_async, Qt.Key.Key_Return)
    assert len(found) == 1, "the place is empty"
    QTest.keyClicks(composer.variables.field("tone"), "kindly")
    composer.editor.setFocus()
    press(composer, run_async, Qt.Key.Key_Return)
    assert found[1:] == [("", Template(system="You speak Latin, kindly."))]
    assert composer.draft().system == ""


def test_words_that_go_take_the_waiting_system_prompt_with_them(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    found = taken(composer)
    saved(
        services, speak=Template(prompt="Say it", system="You speak {{lang}}.", variables={"lang": "Latin"})
    )
    typed("/speak")
    press(composer, run_async, Qt.Key.Key_Return)
    composer.editor.setFocus()
    QTest.keyClick(composer.editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(composer.editor, Qt.Key.Key_Delete)
    assert composer.variables.names() == ()
    typed("Something else")
    press(composer, run_async, Qt.Key.Key_Return)
    assert [template.system for _, template in found] == [""]


def test_prompts_put_in_one_after_the_other_are_undone_one_by_one(composer: Composer) -> None:
    composer.take_prompt("one", Template(prompt="One. "))
    composer.take_prompt("two", Template(prompt="Two."))
    assert composer.editor.text() == "One. Two."
    composer.editor.undo()
    assert composer.editor.text() == "One. "


@pytest.mark.parametrize("sign", ["@", "/", "#"])
def test_assistive_technology_finds_the_rows_and_which_one_is_current(
    composer: Composer, services: Services, run_async: Runner, typed: Type, sign: str
) -> None:
    saved(services, one=Template(prompt="x"), two=Template(prompt="y"))
    for title in ("First chat", "Second chat"):
        run_async(conversation(services, title, "words"))
    typed(sign)
    press(composer, run_async, Qt.Key.Key_Down)
    found = composer.completion.list
    assert found is not None
    interface = QAccessible.queryAccessibleInterface(found.view)
    assert interface.role() == QAccessible.Role.List
    assert interface.text(QAccessible.Text.Name).startswith(
        {"@": "Add a model", "/": "Prompts", "#": "Attach a chat"}[sign]
    )
    rows = [interface.child(place) for place in range(interface.childCount())]
    assert all(row.text(QAccessible.Text.Name) for row in rows)
    chosen = [row for row in rows if row.state().selected]
    assert [row.text(QAccessible.Text.Name).partition(",")[0] for row in chosen] == [current(composer)]
    assert composer.editor.hasFocus()


def test_the_button_opens_the_prompts_where_the_cursor_is(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    saved(services, tidy=Template(prompt="tidy"))
    button = composer.prompts_button
    for before, after in (("", "tidy"), ("Please", "Please tidy"), ("Well, ", "Well, tidy")):
        composer.set_draft(Draft(text=before))
        run_async(done(lambda: QTest.mouseClick(button, Qt.MouseButton.LeftButton)))
        assert titles(composer)[0] == "tidy"
        press(composer, run_async, Qt.Key.Key_Return)
        assert composer.editor.text() == after


def test_a_sign_that_is_typed_already_is_not_typed_twice(
    composer: Composer, services: Services, run_async: Runner, typed: Type
) -> None:
    saved(services, tidy=Template(prompt="tidy"))
    typed("one /")
    run_async(done(lambda: QTest.mouseClick(composer.prompts_button, Qt.MouseButton.LeftButton)))
    assert titles(composer)[0] == "tidy"
    press(composer, run_async, Qt.Key.Key_Return)
    assert composer.editor.text() == "one tidy"
