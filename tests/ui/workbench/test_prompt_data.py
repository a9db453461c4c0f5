"""A prompt beside a data set: its columns fill the variables, row by row; and what it is run with is kept."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.services import Services
from chatbench.ui.workbench.hands import Hands
from chatbench.ui.workbench.prompts.columnvalue import ColumnValue
from chatbench.ui.workbench.prompts.page import PromptPage

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]
MODEL, OTHER = ModelRef("loopback", "model-a"), ModelRef("loopback", "model-b")
TRIAGE = Prompt(
    messages=(PromptMessage(text="{{product}} in {{language}}: {{customer}} says {{ticket}}"),),
    variables=(Variable(name="language", default="English"),),
    columns={"customer": "tier"},
)
ROWS = ({"tier": "gold", "ticket": "Lost"}, {"tier": "silver", "ticket": "Late"}, {"tier": "", "ticket": ""})
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def dataset_id(services: Services, run_async: Runner) -> str:
    return str(run_async(services.datasets.create("Tickets", (), ROWS)).id)


@pytest.fixture
def prompt_id(services: Services, run_async: Runner, server: LoopbackServer, dataset_id: str) -> str:
    services.endpoints.save(
        Endpoint(
            id="loopback", name="Loopback", wire="openai_chat", base_url=server.base_url("openai_chat"),
            auth="none", models=("model-a", "model-b"),
        )
    )  # fmt: skip
    return str(run_async(services.prompts.save(None, TRIAGE, name="Triage")).prompt_id)


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


def column(page: PromptPage, name: str) -> ColumnValue:
    found = page.editor.variables.source(name)
    assert found is not None
    return found


def choose(anchor: Callable[[], object], words: str, do: Do) -> None:
    """Opens a menu and presses the action that is called so."""
    do(anchor)
    (menu,) = [one for one in QApplication.topLevelWidgets() if isinstance(one, QMenu) and one.isVisible()]
    (action,) = [one for one in menu.actions() if one.text() == words]
    do(action.trigger)
    menu.close()


def write(page: PromptPage, name: str, words: str, do: Do) -> None:
    field = page.editor.variables.field(name).field
    field.setFocus()
    do(lambda: QTest.keyClicks(field, words))


def test_the_columns_of_a_data_set_fill_the_variables(make: Make, do: Do) -> None:
    page = make()
    variables = page.editor.variables
    assert variables.source("ticket") is None
    assert variables.missing() == {"product", "customer", "ticket"}
    choose(page.editor.data.dataset.click, "Tickets", do)
    assert (column(page, "customer").column, column(page, "customer").shown()) == ("tier", "gold")
    assert (column(page, "ticket").column, column(page, "ticket").shown()) == ("ticket", "Lost")
    assert "Lost" in column(page, "ticket").accessibleDescription()
    assert not variables.field("ticket").isVisible()
    assert variables.missing() == {"product"}
    product = variables.field("product").field
    assert product.placeholderText() == "not in the data set"  # type: ignore[attr-defined]
    assert variables.field("language").field.placeholderText() == "English"  # type: ignore[attr-defined]
    assert not page.is_changed, "what it is tried with is no part of it"
    choose(page.editor.data.dataset.click, "No data set", do)
    assert variables.source("ticket") is None
    assert variables.field("ticket").isVisible()
    assert product.placeholderText() == ""  # type: ignore[attr-defined]


def test_rows_are_gone_through_by_keys(make: Make, do: Do, dataset_id: str) -> None:
    page = make()
    do(lambda: page.data.choose(dataset_id))
    page.editor.preview_section.set_open(True)
    write(page, "product", "Parcelo", do)
    text = page.editor.cards.cards[0].text
    text.setFocus()
    do(lambda: QTest.keyClick(text, Qt.Key.Key_PageDown, ALT))
    do(page.editor.look)
    assert page.editor.preview.toPlainText() == "User:\nParcelo in English: silver says Late"
    data = page.editor.data
    assert (data.row.value(), data.of.text()) == (2, "of 3")
    do(lambda: QTest.keyClick(data.row, Qt.Key.Key_Up))
    assert (page.data.place, data.on.isEnabled()) == (2, False)
    do(lambda: QTest.keyClick(text, Qt.Key.Key_PageDown, ALT))
    assert page.data.place == 2, "beyond the ends it stays"
    assert column(page, "ticket").shown() == "empty in this row"
    do(lambda: QTest.keyClick(text, Qt.Key.Key_PageUp, ALT))
    do(data.back.click)
    assert (page.data.place, column(page, "ticket").shown()) == (0, "Lost")
    assert page.editor.prompt() == TRIAGE


def test_a_row_is_sent_and_an_empty_cell_is_named(
    make: Make, services: Services, server: LoopbackServer, run_async: Runner, do: Do, dataset_id: str
) -> None:
    page = make()
    do(lambda: page.beside.choose([MODEL]))
    do(lambda: page.data.choose(dataset_id, 2))
    write(page, "product", "Parcelo", do)
    do(lambda: page.editor.variables.show_row(("ticket",), {}, {"ticket": None}))
    write(page, "customer", "a cat", do)
    do(page.editor.run_once.click)
    assert page.editor.trouble.text() == "Row 3 has nothing for ticket."
    do(lambda: page.data.choose(dataset_id, 1))
    server.script(replies.events(openai_chat.answer(openai_chat.pieces("ok"), model="model-a")))
    do(page.editor.run_once.click)
    run_async(services.trials.wait(page.beside.trials[0]))
    page.beside.pull()
    assert server.asked[-1].json["messages"][-1]["content"] == "Parcelo in English: silver says Late"


def test_which_column_fills_a_variable_is_chosen_and_is_part_of_the_version(
    make: Make, do: Do, dataset_id: str
) -> None:
    page = make()
    do(lambda: page.data.choose(dataset_id))
    choose(column(page, "customer").click, "Column ticket", do)
    assert page.is_changed
    assert page.editor.prompt().columns == {"customer": "ticket"}
    assert column(page, "customer").shown() == "Lost"
    assert column(page, "customer").hasFocus()
    choose(column(page, "ticket").click, "What is written here", do)
    assert page.editor.prompt().columns == {"customer": "ticket", "ticket": ""}
    write(page, "ticket", "Broken", do)
    assert page.editor.values()["ticket"] == "Broken"
    more = next(one for one in page.editor.variables.controls() if "column of ticket" in one.accessibleName())
    choose(more.click, "Column ticket", do)  # type: ignore[attr-defined]
    choose(column(page, "customer").click, "Column tier", do)
    assert page.editor.prompt().columns == {"customer": "tier"}
    assert not page.is_changed
    assert page.editor.values()["ticket"] == "Lost"
    assert page.editor.variables.all_values()["ticket"] == "Broken", "what was written waits"
    do(page.editor.look)


def test_a_data_set_that_changes_or_goes_is_followed(
    make: Make, services: Services, run_async: Runner, do: Do, dataset_id: str
) -> None:
    page = make()
    do(lambda: page.data.choose("tickets", 1))
    row = run_async(services.datasets.rows(dataset_id, 1, 1))[0]
    run_async(services.datasets.set_cells(dataset_id, [row.id], {"ticket": "Found"}))
    do(lambda: None)
    assert column(page, "ticket").shown() == "Found"
    run_async(services.datasets.delete_rows(dataset_id, [row.id]))
    run_async(services.datasets.rename(dataset_id, "Post"))
    do(lambda: None)
    assert (page.data.place, page.editor.data.of.text()) == (1, "of 2")
    run_async(services.datasets.delete(dataset_id))
    do(lambda: None)
    assert page.data.dataset is None
    assert page.editor.variables.source("ticket") is None
    assert page.editor.data.dataset.label() == "No data set"


def test_where_one_was_is_there_again(make: Make, run_async: Runner, do: Do, dataset_id: str) -> None:
    page = make()
    do(lambda: page.data.choose(dataset_id, 1))
    run_async(page.keep_draft())
    again = make()
    assert (again.data.dataset_id, again.data.place) == (dataset_id, 1)
    do(lambda: again.data.choose(""))
    run_async(again.keep_draft())
    assert make().data.dataset is None


def test_models_and_data_set_are_kept_with_the_version_and_offered(
    make: Make, services: Services, run_async: Runner, do: Do, prompt_id: str, dataset_id: str
) -> None:
    page = make()
    defaults = page.editor.defaults
    assert not defaults.choose.isEnabled()
    do(lambda: page.beside.choose([MODEL, OTHER]))
    do(lambda: page.data.choose(dataset_id))
    do(defaults.keep.click)
    assert page.is_changed
    assert [chip.label() for chip in defaults.chips()] == ["model-a", "model-b", "Tickets"]
    assert not defaults.keep.isEnabled()
    run_async(page.save_with("with models"))
    kept = run_async(services.prompts.version(prompt_id)).prompt
    assert (kept.models, kept.dataset) == (("loopback/model-a", "loopback/model-b"), "Tickets")
    do(lambda: page.beside.choose([OTHER]))
    do(lambda: page.data.choose(""))
    assert not page.is_changed
    do(defaults.choose.click)
    assert (page.beside.models, page.data.dataset_id) == ((MODEL, OTHER), dataset_id)
    do(defaults.chips()[0].click)
    assert page.editor.prompt().models == ("loopback/model-b",)
    do(defaults.chips()[1].click)
    assert page.editor.prompt().dataset == ""
    do(page.editor.look)


def test_a_prompt_that_names_models_and_a_data_set_begins_with_them(
    make: Make, services: Services, run_async: Runner, prompt_id: str, dataset_id: str
) -> None:
    told = Prompt(messages=TRIAGE.messages, models=("loopback/model-b", "gone/x"), dataset="Tickets")
    run_async(services.prompts.save(prompt_id, told))
    page = make()
    assert (page.beside.models, page.data.dataset_id) == ((OTHER,), dataset_id)
    assert [chip.label() for chip in page.editor.defaults.chips()] == ["model-b", "gone/x", "Tickets"]
    assert not page.is_changed


def test_the_editor_has_its_width_and_keeps_what_the_reader_gives_it(make: Make, do: Do) -> None:
    page = make()
    do(lambda: page.resize(1300, 800))
    assert 390 <= page.editor.width() <= 430
    handle = page._split.handle(1)
    QTest.mousePress(handle, Qt.MouseButton.LeftButton)
    QTest.mouseMove(handle, QPoint(290, 5))
    do(lambda: QTest.mouseRelease(handle, Qt.MouseButton.LeftButton))
    do(lambda: page.arrange("run"))
    do(lambda: page.arrange("both"))
    assert 680 <= page.editor.width() <= 720
