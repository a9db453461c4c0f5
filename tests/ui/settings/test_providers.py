"""Providers: what the form keeps, refuses and undoes, and that a key is never shown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from tests.conftest import MemoryKeyring
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.ui.settings.conftest import CANARY, Desk, button, row

from chatbench.core.changes import Changes
from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.errors import ChatbenchError
from chatbench.ui.settings.providers.editor import EDITED, NOT_EDITED
from chatbench.ui.settings.providers.fields import QUIRK_WIRES


def words_in(widget: QWidget) -> str:
    """Everything in view, read out, or in a tooltip."""
    said: list[str] = []
    for part in (widget, *widget.findChildren(QWidget)):
        said += [part.accessibleName(), part.accessibleDescription(), part.toolTip()]
        if isinstance(part, QLabel):
            said.append(part.text())
        elif isinstance(part, QLineEdit):
            said.append(part.displayText())
    return "\n".join(said)


def kept(desk: Desk, provider: str) -> Endpoint:
    return desk.services.endpoints.row(provider).endpoint


def test_every_field_of_an_endpoint_is_in_the_form_or_left_alone_on_purpose() -> None:
    assert {*EDITED, *NOT_EDITED} == set(Endpoint.__struct_fields__)
    assert not NOT_EDITED & set(EDITED)
    assert {*QUIRK_WIRES, "refused"} == set(Quirks.__struct_fields__)


def test_a_shipped_provider_is_changed_as_one_types_and_undone(desk: Desk) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("mistral"))
    shipped = kept(desk, "mistral")
    desk.type(page.form.name, "Mistral, my account")
    assert kept(desk, "mistral").name == "Mistral, my account"
    assert not kept(desk, "mistral").shipped
    assert (desk.services.endpoints.folder / "mistral.toml").exists()
    assert "Saved as you type" in words_in(page)
    desk.click(button(page, "Undo"))
    assert kept(desk, "mistral") == shipped
    assert page.form.name.text() == "Mistral"
    assert not (desk.services.endpoints.folder / "mistral.toml").exists()


def test_typing_alone_is_kept_after_a_pause(desk: Desk, gateway: Endpoint) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    page.timer.setInterval(1)

    async def write() -> None:
        page.form.data_policy.setFocus()
        QTest.keyClicks(page.form.data_policy, "not used for training")
        while page.timer.isActive():  # noqa: ASYNC110 - a timer of Qt's tells no event of asyncio's
            await asyncio.sleep(0.001)

    desk.wait(write())
    assert kept(desk, "gateway").data_policy == "not used for training"
    assert page.form.data_policy.hasFocus()


def test_a_wrong_address_stands_under_its_field_and_is_not_kept(desk: Desk, gateway: Endpoint) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    desk.type(page.form.base_url, "llm.example.net")
    assert "Write it as https://host/path" in page.form.rows["base_url"].error()
    assert page.form.rows["name"].error() == ""
    assert kept(desk, "gateway").base_url == gateway.base_url
    assert "Not saved" in words_in(page)
    desk.do(lambda: desk.services.changes.emit(Changes(models=True)))
    assert page.form.base_url.text() == "llm.example.net", "what is wrong is not taken from one's hands"
    desk.type(page.form.base_url, "http://[")
    assert page.form.rows["base_url"].error()
    desk.type(page.form.name, "")
    assert page.form.rows["name"].error()
    desk.type(page.form.base_url, "https://llm.example.net/v1")
    desk.type(page.form.name, "Gateway")
    assert page.form.rows["base_url"].error() == ""
    assert kept(desk, "gateway").base_url == "https://llm.example.net/v1"


def test_a_header_that_cannot_be_sent_is_refused_and_values_stay_hidden(
    desk: Desk, gateway: Endpoint
) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    (line,) = page.form.headers.lines()
    assert line.name.text() == "X-Team"
    assert "header-secret" not in words_in(page)
    desk.type(line.name, "X Team")
    desk.do(page.flush)
    assert "not a header name" in page.form.rows["headers"].error()
    assert kept(desk, "gateway").headers == gateway.headers


def test_differences_depend_on_the_wire_and_are_kept(desk: Desk, gateway: Endpoint) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    switches = page.form.quirks.switches
    assert switches["max_tokens_field"].isVisible()
    assert not switches["reasoning_summary"].isVisible()
    desk.click(switches["max_tokens_field"])
    desk.click(switches["stream_usage"])
    desk.do(page.flush)
    quirks = kept(desk, "gateway").quirks
    assert quirks.max_tokens_field == "max_completion_tokens"
    assert not quirks.stream_usage
    assert quirks.tools


def test_what_a_provider_refuses_outlives_the_form(desk: Desk) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("groq"))
    refused = kept(desk, "groq").quirks.refused
    desk.click(page.form.quirks.switches["stream_usage"])
    desk.do(page.flush)
    assert not kept(desk, "groq").quirks.stream_usage
    assert kept(desk, "groq").quirks.refused == refused
    assert "logprobs" in refused


def test_a_new_provider_is_kept_once_name_and_address_are_right(desk: Desk) -> None:
    page = desk.providers
    before = len(desk.services.endpoints.rows())
    desk.click(page.list.add_button)
    assert page.form.name.hasFocus()
    desk.type(page.form.name, "Company Gateway")
    assert len(desk.services.endpoints.rows()) == before
    assert page.form.rows["base_url"].error() == "", "nobody is scolded for what they have not written yet"
    desk.type(page.form.base_url, "https://llm.example.net/v1")
    made = kept(desk, "company-gateway")
    assert (made.name, made.base_url, made.wire) == (
        "Company Gateway", "https://llm.example.net/v1", "openai_chat",
    )  # fmt: skip
    assert page.current == "company-gateway"
    assert row(page, "Company Gateway").isChecked()


def test_an_untouched_new_provider_leaves_nothing_behind(desk: Desk) -> None:
    page = desk.providers
    before = desk.services.endpoints.rows()
    desk.click(page.list.add_button)
    desk.click(row(page, "OpenAI"))
    assert desk.services.endpoints.rows() == before
    assert page.current == "openai"


def test_a_copy_does_not_take_the_key_with_it(desk: Desk) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("groq"))
    assert desk.services.endpoints.row("groq").key.place == "environment"
    desk.click(button(page, "Duplicate"))
    copy = desk.services.endpoints.row("groq-copy")
    assert copy.endpoint.name == "Groq copy"
    assert copy.key.state == "missing"
    desk.type(page.form.base_url, "https://elsewhere.example/v1")
    assert desk.services.endpoints.row("groq-copy").key.state == "missing"


def test_a_provider_is_removed_and_brought_back(desk: Desk, gateway: Endpoint) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    desk.click(button(page, "Remove"))
    with pytest.raises(ChatbenchError):
        kept(desk, "gateway")
    assert page.current != "gateway"
    (notice,) = desk.window.notices.shown()
    assert "Its key is still kept" in notice.text
    assert notice.button is not None
    desk.click(notice.button)
    assert kept(desk, "gateway").headers == gateway.headers
    assert desk.services.endpoints.row("gateway").key.state == "ready"


def test_shipped_providers_cannot_be_removed(desk: Desk) -> None:
    desk.do(lambda: desk.providers.show_provider("openai"))
    assert not desk.providers.head.remove.isVisible()


def test_a_stored_key_shows_four_characters_and_where_it_is(desk: Desk, gateway: Endpoint) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    desk.settle()
    said = words_in(page)
    assert "In the keyring of your system" in said
    assert "7Qxe" in said
    assert CANARY not in said
    assert CANARY[:12] not in said


def test_a_key_is_kept_checked_and_forgotten(desk: Desk, server: LoopbackServer) -> None:
    endpoint = Endpoint(id="house", name="House", wire="openai_chat", base_url=server.base_url("openai_chat"))
    desk.do(lambda: desk.services.endpoints.save(endpoint))
    page = desk.providers
    desk.do(lambda: desk.settings.show_provider("house"))
    line = next(f for f in page.form.key.findChildren(QLineEdit) if f.isVisible())
    assert line.hasFocus()
    desk.type(line, CANARY)
    desk.click(button(page, "Save and check"))
    assert desk.services.endpoints.row("house").key.state == "ready"
    assert page.check.row("Key").step.state == "passed"
    assert page.check.row("First streamed token").step.state == "not_tried"
    assert all(asked.method == "GET" for asked in server.asked), "no question was paid for"
    assert CANARY not in words_in(page)
    desk.click(button(page, "Forget"))
    assert desk.services.endpoints.row("house").key.state == "missing"


def test_a_key_for_another_address_waits_for_a_word(desk: Desk, gateway: Endpoint) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    desk.type(page.form.base_url, "http://localhost:9/v1")
    assert desk.services.endpoints.row("gateway").key.state == "other_origin"
    assert gateway.origin in words_in(page)
    desk.click(page.form.key.confirm)
    assert desk.services.endpoints.row("gateway").key.state == "ready"
    assert not page.form.key.confirm.isVisible()


def test_a_key_from_the_environment_names_its_variable(desk: Desk) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("groq"))
    desk.settle()
    assert "From GROQ_API_KEY in the environment" in words_in(page)
    assert not any(b.label() == "Forget" and b.isVisible() for b in page.findChildren(type(page.foot.undo)))


def test_without_a_keyring_the_key_is_kept_for_the_session_and_said_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring
    import keyring.backends.fail

    keyring.set_keyring(keyring.backends.fail.Keyring())
    page = desk.providers
    desk.do(lambda: desk.settings.show_provider("openai"))
    assert "This system has no keyring." in words_in(page.form.key)
    assert page.form.key.session_only.isVisible()
    assert page.form.key.session_only.isChecked()
    line = next(f for f in page.form.key.findChildren(QLineEdit) if f.isVisible())
    desk.do(lambda: (page.form.key.saved.disconnect(), None))
    desk.type(line, CANARY)
    desk.click(button(page, "Save and check"))
    state = desk.services.endpoints.row("openai").key
    assert (state.state, state.place) == ("ready", "session")


def test_a_refused_key_is_said_where_it_stands_and_can_be_replaced(
    desk: Desk, gateway: Endpoint, server: LoopbackServer
) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    refusal = {"error": {"code": "invalid_api_key", "message": "Key is not active"}}
    server.script(replies.data({}), replies.data(refusal, status=401))
    desk.click(page.check.button)
    step = page.check.row("Key").step
    assert step.state == "failed"
    assert "Key is not active" in step.raw
    assert page.check.row("Models").step.found == "not tried, needs Key"
    assert row(page, "Company gateway").entry.below == "Key was refused"
    desk.click(page.check.row("Key").copy)
    report = QGuiApplication.clipboard().text()
    assert "Key: failed" in report
    assert CANARY not in report
    assert "header-secret" not in report
    desk.click(page.check.row("Key").fix)
    line = next(f for f in page.form.key.findChildren(QLineEdit) if f.isVisible())
    assert line.hasFocus()


def test_the_whole_check_asks_one_question(desk: Desk, gateway: Endpoint, server: LoopbackServer) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    desk.click(page.check.button)
    names = ("DNS", "TCP", "TLS", "HTTP", "Key", "Models", "First streamed token")
    assert {page.check.row(name).step.state for name in names} == {"passed"}
    assert sum(asked.method == "POST" for asked in server.asked) == 1
    assert not page.check.running
    assert page.check.button.label() == "Check again"


def test_a_check_can_be_cancelled(desk: Desk, gateway: Endpoint, server: LoopbackServer) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    listed = replies.data({"object": "list", "data": [{"id": "small", "object": "model"}]})
    server.script(listed, listed, replies.events([b": patience\n\n"], end="hang"))

    async def scenario() -> None:
        QTest.mouseClick(page.check.button, Qt.MouseButton.LeftButton)
        await asyncio.to_thread(lambda: [server.wait_for_asking() for _ in range(3)])
        assert page.check.button.label() == "Cancel"
        QTest.mouseClick(page.check.button, Qt.MouseButton.LeftButton)

    desk.wait(scenario())
    desk.settle()
    assert not page.check.running
    assert "Cancelled" in words_in(page.check)
    assert page.check.row("First streamed token").step.state == "not_tried"


def test_a_broken_file_is_named_with_its_line(desk: Desk, memory_keyring: MemoryKeyring) -> None:
    folder: Path = desk.services.endpoints.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.toml").write_text('id = "mine"\nname = 7\nwire = "openai_chat"\nbase_url = "http://a"\n')
    desk.do(desk.services.endpoints.reload)
    assert "mine.toml, line 2" in words_in(desk.providers.list.problems)
    (folder / "mine.toml").write_text(
        'id = "mine"\nname = "Mine"\nwire = "openai_chat"\nbase_url = "http://a"\n'
    )
    desk.click(button(desk.providers.list.problems, "Read again"))
    assert not desk.providers.list.problems.isVisible()
    assert kept(desk, "mine").name == "Mine"


@pytest.mark.parametrize("width", [1440, 1000, 640, 480])
def test_there_is_a_way_to_everything_at_every_width(desk: Desk, gateway: Endpoint, width: int) -> None:
    desk.do(lambda: desk.window.resize(width, 900))
    page = desk.providers
    if page.head.back.isVisible():
        desk.click(page.head.back)
    desk.click(row(page, "Company gateway"))
    assert page.form.name.isVisible()
    assert page.form.name.width() > 150
    assert page.check.isVisibleTo(page)
    right = page.form.mapTo(page, page.form.rect().topRight()).x()
    assert right <= page.width()
