"""The first page: what it finds on this computer, what it does with a key, what it asks the guide."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backends.fail
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.ui.chat.quiet import done, until_quiet

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.core.secrets import Secret
from chatbench.services import Services
from chatbench.ui.chat.welcome import WelcomeView
from chatbench.ui.chat.welcome.providers import ProvidersCard
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
LEFT = Qt.MouseButton.LeftButton
CANARY = "sk-canary-0123456789-7Qxe"
NOWHERE = "http://127.0.0.1:9/v1"


class Visitor:
    """The page in a window, and what it asked for."""

    def __init__(self, services: Services, run: Runner, qtbot: QtBot, *, width: int = 1100) -> None:
        self.services, self._run = services, run
        self.asked: list[tuple[str, object]] = []
        self.page = WelcomeView(services)
        for name in ("model_chosen", "question_asked", "provider_wanted", "link_activated"):
            signal = getattr(self.page, name)
            signal.connect(lambda what, name=name: self.asked.append((name, what)))
        qtbot.addWidget(self.page)
        self.page.resize(width, 800)

    def show(self) -> WelcomeView:
        self.do(self.page.show)
        return self.page

    def do(self, act: Callable[[], object]) -> None:
        self._run(done(act))

    def click(self, widget: QWidget) -> None:
        QApplication.processEvents()
        assert widget.isVisible()
        self.do(lambda: QTest.mouseClick(widget, LEFT))

    def paste_key(self, text: str) -> None:
        line = next(f for f in self.page.key.findChildren(QLineEdit) if f.isVisible())
        self.do(lambda: QTest.keyClicks(line, text))
        self.click(self.button("Save and check"))

    def button(self, label: str) -> Button:
        return next(b for b in self.page.findChildren(Button) if b.label() == label and b.isVisible())

    def words(self) -> str:
        return "\n".join(label.text() for label in self.page.findChildren(QLabel) if label.isVisible())


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def visitor(services: Services, run_async: Runner, qtbot: QtBot) -> Iterator[Visitor]:
    """On a computer where none of the usual addresses answers."""
    for row in services.endpoints.rows():
        if row.endpoint.local:
            services.endpoints.save(_moved(row.endpoint, NOWHERE))
    yield Visitor(services, run_async, qtbot)
    run_async(until_quiet())


def _moved(endpoint: Endpoint, base_url: str) -> Endpoint:
    import msgspec

    return msgspec.structs.replace(endpoint, base_url=base_url)


def test_it_says_what_the_guide_is_and_who_did_not_answer(visitor: Visitor) -> None:
    page = visitor.show()
    assert "I am not a language model" in visitor.words()
    assert page.local.rows() == []
    assert "did not answer." in visitor.words()
    assert "Ollama" in visitor.words()
    assert visitor.asked == []


def test_a_local_server_is_found_and_used(visitor: Visitor, server: LoopbackServer) -> None:
    ollama = visitor.services.endpoints.row("ollama").endpoint
    visitor.services.endpoints.save(_moved(ollama, server.base_url("openai_chat")))
    page = visitor.show()
    (found,) = page.local.rows()
    assert found.server.endpoint.id == "ollama"
    first = found.server.models[0].ref
    assert found.use.label() == f"Use {found.server.models[0].title}"
    visitor.click(found.use)
    assert visitor.asked == [("model_chosen", first)]
    assert {asked.path for asked in server.asked} == {"/api/tags", "/api/show"}


def test_a_server_without_a_model_is_told_and_looked_for_again(
    visitor: Visitor, server: LoopbackServer
) -> None:
    studio = visitor.services.endpoints.row("lmstudio").endpoint
    visitor.services.endpoints.save(_moved(studio, server.base_url("openai_chat")))
    server.script(replies.data({"object": "list", "data": []}))
    page = visitor.show()
    (found,) = page.local.rows()
    visitor.click(found.use)
    assert visitor.asked == [("link_activated", studio.docs)], "how to load one"
    visitor.click(page.local.look_again)
    (found,) = page.local.rows()
    assert found.server.models, "one was loaded meanwhile"


def _own(server_id: str, base_url: str, **other: object) -> Endpoint:
    import msgspec

    plain = Endpoint(id=server_id, name=server_id.title(), wire="openai_chat", base_url=base_url)
    return msgspec.structs.replace(plain, **other)


def test_without_any_provider_set_up_none_are_listed(services: Services, run_async: Runner) -> None:
    card = ProvidersCard(services)
    assert card.isHidden()
    assert card.providers() == []
    run_async(until_quiet())
    card.deleteLater()


def test_providers_that_were_set_up_say_how_they_are_and_what_puts_them_right(
    visitor: Visitor, server: LoopbackServer, run_async: Runner
) -> None:
    endpoints = visitor.services.endpoints
    endpoints.save(_own("mine", "https://models.example.org/v1"))
    endpoints.save(_own("near", NOWHERE, auth="none", local=True))
    alone = ProvidersCard(visitor.services)
    assert not alone.isVisible(), "not a window of its own"
    alone.deleteLater()
    card = visitor.show().providers
    mine = card.row("mine")
    assert mine.told.text() == "key missing"
    visitor.click(mine.use)
    assert visitor.asked.pop() == ("provider_wanted", "mine")

    assert card.row("near").told.text() == "server not running"
    name = endpoints.row("near").endpoint.name
    (silent,) = [words for words in visitor.words().splitlines() if words.endswith("did not answer.")]
    assert name not in silent, "it is said once, where it stands"
    endpoints.save(_own("near", server.base_url("openai_chat"), auth="none", local=True))
    visitor.click(card.row("near").use)
    assert "near" not in card.providers(), "it answers, and stands with what is on this computer"
    assert "near" in [row.server.endpoint.id for row in visitor.page.local.rows()]

    run_async(endpoints.set_key("mine", Secret(CANARY), session=True))
    assert card.row("mine").told.text() == "no models listed yet"
    endpoints.save(_own("mine", "https://models.example.org/v1", models=("swift-1", "swift-2")))
    assert card.row("mine").told.text() == "ready, 2 models"
    visitor.click(card.row("mine").use)
    assert visitor.asked.pop() == ("model_chosen", ModelRef("mine", "swift-1"))
    endpoints.save(_own("mine", "https://other.example.org/v1", models=("swift-1",)))
    assert card.row("mine").told.text() == "its key is for another address"
    visitor.click(card.row("mine").use)
    assert visitor.asked.pop() == ("provider_wanted", "mine")


def test_other_addresses_are_for_the_settings(visitor: Visitor) -> None:
    page = visitor.show()
    visitor.click(page.local.other_address)
    assert visitor.asked == [("provider_wanted", "")]


def test_a_key_is_kept_and_its_first_model_chosen(visitor: Visitor, server: LoopbackServer) -> None:
    mistral = visitor.services.endpoints.row("mistral").endpoint
    visitor.services.endpoints.save(_moved(mistral, server.base_url("openai_chat")))
    page = visitor.show()
    visitor.click(visitor.button("Mistral"))
    assert page.key.provider == "mistral"
    visitor.paste_key(CANARY)
    assert visitor.services.endpoints.row("mistral").key.place == "keyring"
    ((name, model),) = visitor.asked
    assert name == "model_chosen"
    assert isinstance(model, ModelRef)
    assert model.provider == "mistral"
    assert "The key works." in visitor.words()
    assert CANARY not in visitor.words()


def test_a_refused_key_says_so_and_chooses_nothing(visitor: Visitor, server: LoopbackServer) -> None:
    mistral = visitor.services.endpoints.row("mistral").endpoint
    visitor.services.endpoints.save(_moved(mistral, server.base_url("openai_chat")))
    server.script(replies.data({"error": {"message": "No such key"}}, status=401))
    visitor.show()
    visitor.click(visitor.button("Mistral"))
    visitor.paste_key(CANARY)
    assert visitor.asked == []
    assert visitor.page.key._problem.isVisible()


def test_a_key_that_cannot_be_one_is_refused_before_it_is_kept(visitor: Visitor) -> None:
    visitor.show()
    visitor.paste_key("this is not a key")
    assert "spaces or unusual characters" in visitor.words()
    assert visitor.services.endpoints.row("openai").key.state == "missing"


def test_the_line_about_the_keyring_is_true_here(visitor: Visitor) -> None:
    visitor.show()
    assert "Kept in the keyring of your system, never in a file." in visitor.words()


def test_without_a_keyring_it_says_so_and_keeps_the_key_for_the_session(visitor: Visitor) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    page = visitor.show()
    assert "This system has no keyring." in visitor.words()
    assert page.key.session_only.isVisible()
    assert page.key.session_only.isChecked()
    assert not page.key.session_only.isEnabled()


def test_where_to_get_a_key_is_left_to_who_opens_links(visitor: Visitor) -> None:
    visitor.show()
    visitor.click(visitor.button("Anthropic"))
    visitor.click(visitor.button("Where do I get a key?"))
    docs = visitor.services.endpoints.row("anthropic").endpoint.docs
    assert visitor.asked == [("link_activated", docs)]


def test_a_question_is_asked_as_it_stands_there(visitor: Visitor) -> None:
    page = visitor.show()
    visitor.click(page.questions[0])
    assert visitor.asked == [("question_asked", "What stays on this computer?")]


def test_the_keyboard_reaches_the_questions(visitor: Visitor) -> None:
    page = visitor.show()
    page.activateWindow()
    visitor.do(lambda: page.questions[2].setFocus())
    visitor.do(lambda: QTest.keyClick(page.questions[2], Qt.Key.Key_Space))
    assert visitor.asked == [("question_asked", "Show me Markdown")]


@pytest.mark.parametrize("width", [360, 700, 1100])
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_nothing_is_wider_than_the_pane(visitor: Visitor, width: int, factor: float) -> None:
    visitor.services.endpoints.save(_own("near", NOWHERE, auth="none", local=True))
    visitor.do(lambda: theme().apply(text_factor=factor))
    visitor.page.resize(int(width * factor), 800)
    page = visitor.show()
    visitor.do(lambda: None)
    inner = page.widget()
    assert inner is not None
    assert inner.width() <= page.viewport().width()
    for card in (page.providers, page.local, page.key):
        assert card.isVisible()
        assert card.mapTo(inner, card.rect().topRight()).x() <= inner.width()
