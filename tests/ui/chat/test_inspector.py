"""The inspector: what it shows of conversations and messages, and what one changes in it."""

from __future__ import annotations

import json
import random
import shlex
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from tests.ui.chat.quiet import done, until_quiet

from chatbench.client.pricing import bill
from chatbench.core.conversations import Conversation, Lane, TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.messages import ImagePart, InlineData, TextPart
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.secrets import Secret
from chatbench.core.usage import Cost, CostLine, Rates, Timings, Usage
from chatbench.services import Services
from chatbench.ui.chat.inspector import ChatInspector, inspector_frame
from chatbench.ui.chat.inspector.parameters import NOT_OFFERED, ParameterRow, refused, specs
from chatbench.ui.chat.inspector.words import price_source, rate, shares
from chatbench.ui.theme import theme
from chatbench.ui.widgets import FactRow, Pill, Section, Select

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
SONNET = ModelRef("anthropic", "claude-sonnet-4-5")
USAGE = Usage(input_tokens=12_414, cache_read_tokens=5_310, output_tokens=2_568, reasoning_tokens=866)
COST = Cost(
    amount=Decimal("0.0614"),
    rates=Rates(input=Decimal(3), output=Decimal(15)),
    prices_of="2026-11-12",
    lines=(
        CostLine(what="input", count=7_104, amount=Decimal("0.0213")),
        CostLine(what="cache_read", count=5_310, amount=Decimal("0.0016")),
        CostLine(what="output", count=1_702, amount=Decimal("0.0255")),
        CostLine(what="reasoning", count=866, amount=Decimal("0.0130")),
    ),
)


class Desk:
    """The inspector beside a conversation of two messages."""

    def __init__(self, services: Services, run: Runner, qtbot: QtBot) -> None:
        self.services, self._run = services, run
        self.frame: ChatInspector = inspector_frame(services)
        self.changed: list[Lane] = []
        self.frame.lane_changed.connect(self.changed.append)
        qtbot.addWidget(self.frame)
        self.frame.resize(296, 900)
        self.frame.show()
        self.frame.activateWindow()
        qtbot.waitUntil(self.frame.isActiveWindow)

    def do(self, act: Callable[[], object]) -> None:
        self._run(done(act))

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._run(work)

    def show(self, conversation: Conversation, lane: Lane | None = None) -> None:
        self.do(lambda: self.frame.show_conversation(conversation, lane or conversation.lanes[0]))

    def parameter(self, name: str) -> ParameterRow:
        return self.frame.conversation.parameter_row(name)

    def open(self, name: str) -> QLineEdit | Select:
        """Presses a parameter; its field."""
        line = self.parameter(name)
        self.do(lambda: QTest.mouseClick(line._button, Qt.MouseButton.LeftButton))
        assert line._editor is not None
        return line._editor

    def write(self, field: QWidget, text: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
        def act() -> None:
            QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClicks(field, text)
            QTest.keyClick(field, key)

        self.do(act)

    def facts(self) -> list[str]:
        rows = [row for row in self.frame.findChildren(FactRow) if row.isVisible()]
        return [row.accessibleName() for row in rows]

    def words(self) -> str:
        labels = [label for label in self.frame.findChildren(QLabel) if label.isVisible()]
        return "\n".join(label.text() for label in labels)


def question(conversation: Conversation) -> TreeMessage:
    return TreeMessage(
        id=f"q {conversation.id}", conversation_id=conversation.id, parent_id=None, turn_id="t", role="user",
        parts=(TextPart(text="Is it real?"),), created_at=1_763_628_116_000,
    )  # fmt: skip


def answer(conversation: Conversation, message_id: str = "a", **more: Any) -> TreeMessage:
    told: dict[str, Any] = {
        "state": "done", "parts": (TextPart(text="It is."),), "usage": USAGE, "cost": COST,
        "timings": Timings(first_token_s=0.84, first_text_s=3.94, total_s=12.3), "stop_reason": "end",
        "finished_at": 1_763_628_126_000, **more,
    }  # fmt: skip
    return TreeMessage(
        id=message_id, conversation_id=conversation.id, parent_id=f"q {conversation.id}",
        turn_id="t", role="assistant", lane_id=conversation.lanes[0].id, model=SONNET,
        created_at=1_763_628_116_000, **told,
    )  # fmt: skip


async def made(services: Services, *answers: dict[str, Any]) -> Conversation:
    """A conversation in the database with one question and these answers to it."""
    conversation = await services.chat.new_conversation(SONNET, system="Be careful.", title="p95")
    asked = question(conversation)
    for place, more in enumerate(answers):
        whole = answer(conversation, f"a{place} {conversation.id}", **more)
        begun = TreeMessage(
            id=whole.id, conversation_id=conversation.id, parent_id=asked.id, turn_id="t",
            role="assistant", state="streaming", lane_id=whole.lane_id, model=SONNET,
            created_at=whole.created_at,
        )  # fmt: skip
        lane = msgspec.structs.replace(conversation.lanes[0], leaf=whole.id)
        store = services.chat._store
        await store.begin_turn(conversation.id, [asked] if place == 0 else [], [begun], [lane])
        await store.finish(whole)
    return await services.history.outline(conversation.id)


@pytest.fixture
def desk(services: Services, run_async: Runner, qtbot: QtBot) -> Iterator[Desk]:
    yield Desk(services, run_async, qtbot)
    run_async(until_quiet())


def test_cost_is_told_by_kind_of_token(desk: Desk) -> None:
    desk.show(desk.wait(made(desk.services, {}, {})))
    assert "$0.1228" in desk.words()
    assert "3 messages, 2 calls" in desk.words()
    facts = desk.facts()
    assert "Input, new: 14,208 $0.0426" in facts
    assert "Read from cache: 10,620 $0.0032" in facts
    assert "Output: 3,404 $0.0510" in facts
    assert "Reasoning: 1,732 $0.0260" in facts
    assert not any(fact.startswith("Written to cache") for fact in facts)


def test_what_is_billed_besides_tokens_has_a_row() -> None:
    usage = Usage(input_tokens=10, output_tokens=5, web_searches=2)
    lines = (
        CostLine(what="input", count=10, amount=Decimal("0.01")),
        CostLine(what="output", count=5, amount=Decimal("0.02")),
        CostLine(what="searches", count=2, amount=Decimal("0.02")),
    )
    assert [(share.kind, share.many) for share in shares(usage, lines)] == [
        ("input", 10),
        ("output", 5),
        ("searches", 2),
    ]


def some_usage(dice: random.Random) -> Usage:
    """As providers tell it, which is not always one that adds up."""
    return Usage(
        input_tokens=dice.choice((0, dice.randrange(5000))),
        output_tokens=dice.choice((0, dice.randrange(5000))),
        cache_read_tokens=dice.choice((0, dice.randrange(6000))),
        cache_write_tokens=dice.choice((0, dice.randrange(6000))),
        reasoning_tokens=dice.choice((0, dice.randrange(6000))),
        input_audio_tokens=dice.choice((0, dice.randrange(2000))),
        output_audio_tokens=dice.choice((0, dice.randrange(2000))),
        web_searches=dice.choice((0, 3)),
    )


def some_cost(dice: random.Random, usage: Usage) -> Cost | None:
    """By a price list, a provider's own sum, in another currency, or none."""
    rates = Rates(
        input=Decimal(3), output=Decimal(15), reasoning=Decimal(9), cache_read=Decimal("0.3"),
        input_audio=Decimal(20), output_audio=Decimal(40), web_searches=Decimal(10), requests=Decimal(5),
    )  # fmt: skip
    lines = bill(rates, usage) or ()
    listed = Cost(
        amount=sum((line.amount for line in lines), Decimal(0)), lines=lines, estimated=dice.random() < 0.2
    )
    told = Cost(amount=Decimal(dice.randrange(10_000)) / 10_000, source="provider")
    return dice.choice((None, listed, listed, told, Cost(amount=Decimal(7), currency="EUR")))


@pytest.mark.parametrize("seed", range(40))
def test_the_rows_come_to_the_total(seed: int) -> None:
    dice = random.Random(seed)
    usages = [some_usage(dice) for _ in range(dice.randrange(1, 5))]
    costs = [cost for usage in usages if (cost := some_cost(dice, usage)) and cost.currency == "USD"]
    usage = sum(usages, Usage())
    lines = tuple(line for cost in costs for line in cost.lines)
    amount = sum((cost.amount for cost in costs), Decimal(0)) if costs else None
    rows = shares(usage, lines, amount)
    tokens = [row.many or 0 for row in rows if row.kind not in ("searches", "request", "rest")]
    assert sum(tokens) == usage.total_tokens
    assert min(tokens, default=0) >= 0
    assert sum((row.amount or Decimal(0) for row in rows), Decimal(0)) == (amount or 0)


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_of_answers_comes_to_the_rows_of_its_bill(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    answers: list[dict[str, Any]] = []
    for _ in range(12):
        usage = some_usage(dice)
        state = dice.choice(("done", "stopped", "failed"))
        answers.append({"usage": usage, "cost": some_cost(dice, usage), "state": state})
    answers.append({"usage": None, "cost": None, "state": "stopped"})
    answers.append({"usage": None, "cost": None, "state": "failed", "parts": ()})
    conversation = desk.wait(made(desk.services, *answers))
    gone = conversation.messages[3].id
    desk.wait(desk.services.history.delete_message(conversation.id, gone))
    told = desk.wait(desk.services.usage.of_conversation(conversation.id))
    dollars = [one["cost"].amount for one in answers if one["cost"] and one["cost"].currency == "USD"]
    assert told.amount == sum(dollars), "what was deleted was paid, euros are no dollars"
    assert told.usage.total_tokens == sum(one["usage"].total_tokens for one in answers if one["usage"])
    assert told.uncounted == 1, "words came, and no number"
    rows = shares(told.usage, told.lines, told.amount)
    assert sum((row.amount or Decimal(0) for row in rows), Decimal(0)) == told.amount


def test_a_sum_that_nobody_tells_apart_has_a_row(desk: Desk) -> None:
    told = Cost(amount=Decimal("0.5"), source="provider")
    desk.show(desk.wait(made(desk.services, {}, {"cost": told})))
    facts = desk.facts()
    assert "Not told apart: $0.5000" in [" ".join(fact.split()) for fact in facts]
    assert "Total: 29,964 $0.5614" in facts


def test_titles_and_summaries_have_a_row_and_are_in_the_total(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    extra = answer(conversation, "aside", cost=Cost(amount=Decimal("0.01")))
    desk.wait(desk.services.chat._store.record_aside(conversation.id, extra, source="title"))
    desk.show(conversation)
    facts = [" ".join(fact.split()) for fact in desk.facts()]
    assert "Titles and summaries: 14,982 $0.0100" in facts
    assert "Total: 29,964 $0.0714" in facts
    assert "$0.0714" in desk.words()
    assert "2 calls" in desk.words()


def test_what_broke_off_is_marked_as_counted_from_its_words(desk: Desk) -> None:
    guess = msgspec.structs.replace(COST, estimated=True)
    conversation = desk.wait(made(desk.services, {}, {"cost": guess, "state": "stopped"}))
    desk.show(conversation)
    assert "≈ $0.1228" in desk.words()
    assert "counted from their words" in desk.words()
    desk.do(lambda: desk.frame.show_message(answer(conversation, cost=guess, state="stopped")))
    assert "Total: ≈ 14,982 ≈ $0.0614" in desk.facts()


def test_an_answer_whose_tokens_nobody_told_is_estimated_and_says_why(desk: Desk) -> None:
    words = (TextPart(text="four words and more " * 40),)
    conversation = desk.wait(made(desk.services, {"usage": None, "cost": None, "state": "stopped"}))
    desk.show(conversation)
    assert "Of 1 answer no tokens were told." in desk.words()
    stopped = answer(conversation, usage=None, cost=None, state="stopped", parts=words)
    desk.do(lambda: desk.frame.show_message(stopped))
    (fact,) = [fact for fact in desk.facts() if fact.startswith("Output: ≈ ")]
    assert fact.endswith("price unknown")
    assert "counted from the words" in desk.words()


def test_an_unknown_price_is_never_counted_as_nothing(desk: Desk) -> None:
    desk.show(desk.wait(made(desk.services, {}, {"cost": None})))
    assert "≥ $0.0614" in desk.words()
    assert "Some answers have no known price." in desk.words()
    desk.show(desk.wait(made(desk.services, {"cost": None})))
    assert "price unknown" in desk.words()
    assert "≥" not in desk.words()


def test_what_costs_nothing_says_so(desk: Desk) -> None:
    free = Cost(amount=Decimal(0), source="free")
    desk.show(desk.wait(made(desk.services, {"cost": free})))
    assert "no charge" in desk.words()


def test_the_context_is_told_with_the_window(desk: Desk) -> None:
    desk.show(desk.wait(made(desk.services, {})))
    assert "≈ 14,982 of 200,000 tokens" in desk.words()
    assert "7.5 %" in desk.words()


def test_a_parameter_is_changed_in_place(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    desk.show(conversation)
    field = desk.open("temperature")
    assert field.hasFocus()
    desk.write(field, "0.2")
    (lane,) = desk.changed
    assert lane.parameters == Parameters(temperature=0.2)
    assert lane.id == conversation.lanes[0].id
    row = desk.parameter("temperature")
    assert not row.editing
    assert row._button.hasFocus()
    assert "Temperature: 0.2" in desk.facts()
    assert desk.frame.conversation.reset.label() == "Reset 1"


def test_a_value_that_makes_no_sense_stays_in_its_field(desk: Desk) -> None:
    desk.show(desk.wait(made(desk.services, {})))
    field = desk.open("temperature")
    desk.write(field, "7")
    assert desk.changed == []
    assert desk.parameter("temperature").editing
    assert "This takes a number from 0 to 2." in desk.words()
    desk.write(field, "1.5")
    assert desk.changed[-1].parameters.temperature == 1.5


def test_escape_leaves_a_parameter_as_it_was_and_leaving_keeps_it(desk: Desk) -> None:
    desk.show(desk.wait(made(desk.services, {})))
    desk.write(desk.open("max_output_tokens"), "4096", Qt.Key.Key_Escape)
    assert desk.changed == []
    assert not desk.parameter("max_output_tokens").editing
    desk.write(desk.open("max_output_tokens"), "4,096", Qt.Key.Key_Tab)
    assert desk.changed[-1].parameters.max_output_tokens == 4096
    desk.write(desk.open("max_output_tokens"), " ")
    assert desk.changed[-1].parameters.max_output_tokens is None


def test_reset_puts_every_parameter_back(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    lane = msgspec.structs.replace(conversation.lanes[0], parameters=Parameters(top_p=0.5, seed=4))
    desk.show(conversation, lane)
    reset = desk.frame.conversation.reset
    assert reset.label() == "Reset 2"
    desk.do(lambda: QTest.mouseClick(reset, Qt.MouseButton.LeftButton))
    assert desk.changed[-1].parameters == Parameters()
    assert not reset.isVisible()


def test_what_the_model_rejects_is_not_offered(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    desk.show(conversation)
    assert "Seed: not offered" in desk.facts()
    assert not desk.parameter("seed")._button.isVisible()
    lane = msgspec.structs.replace(conversation.lanes[0], parameters=Parameters(seed=4))
    desk.show(conversation, lane)
    assert desk.parameter("seed")._button.isVisible(), "a value that was set can be taken back"
    assert "Seed: not offered" in desk.facts()


def test_efforts_are_those_of_the_model(desk: Desk) -> None:
    info = ModelInfo(ref=SONNET, efforts=("low", "high"))
    row = desk.parameter("reasoning_effort")
    desk.do(lambda: row.show_value("low", info.efforts, refused("reasoning_effort", Parameters(), info)))
    desk.show(desk.wait(made(desk.services, {})))
    desk.do(lambda: row.show_value("low", info.efforts, ""))
    choice = desk.open("reasoning_effort")
    assert isinstance(choice, Select)
    assert [choice.itemText(n) for n in range(choice.count())] == ["default", "low", "high"]
    assert choice.currentText() == "low"


def test_there_is_a_row_for_every_parameter() -> None:
    offered = {spec.name for spec in specs()}
    assert offered | NOT_OFFERED == set(Parameters.__struct_fields__)
    assert not offered & NOT_OFFERED


@pytest.mark.parametrize("text", ["", "END, \\n", '"a", "b"'])
def test_stop_texts_are_read_as_they_are_written(text: str) -> None:
    spec = next(spec for spec in specs() if spec.name == "stop")
    if not text:
        with pytest.raises(ValueError, match="one to sixteen"):
            spec.read(text)
    else:
        assert spec.read(spec.write(spec.read(text))) == spec.read(text)


def test_the_system_prompt_is_kept_when_it_is_left(desk: Desk) -> None:
    desk.show(desk.wait(made(desk.services, {})))
    editor = desk.frame.conversation.system
    assert editor.toPlainText() == "Be careful."

    def write() -> None:
        editor.setFocus()
        QTest.keyClick(editor, Qt.Key.Key_End)
        QTest.keyClicks(editor, " And brief.")
        QTest.keyClick(editor, Qt.Key.Key_Tab)

    desk.do(write)
    assert [lane.system for lane in desk.changed] == ["Be careful. And brief."]


def test_what_is_being_typed_survives_news_of_the_same_conversation(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    desk.show(conversation)
    editor = desk.frame.conversation.system
    desk.do(lambda: (editor.setFocus(), QTest.keyClicks(editor, "X")))
    desk.show(conversation)
    assert editor.toPlainText().startswith("X")
    other = desk.wait(made(desk.services, {}))
    desk.show(other)
    assert [lane.system for lane in desk.changed] == ["XBe careful."], "kept for the one it was typed in"
    assert desk.changed[0].id == conversation.lanes[0].id
    assert editor.toPlainText() == "Be careful."


def test_a_message_tells_how_it_came_about(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    desk.show(conversation)
    told = answer(conversation, left_out=(LeftOut("seed", "not taken by this model"),))
    desk.do(lambda: desk.frame.show_message(told, 2, 3))
    assert desk.frame.current_view() == "message"
    facts = desk.facts()
    for fact in (
        "Model: claude-sonnet-4-5", "Provider: Anthropic", "Stop reason: end of turn",
        "First token: 0.84 s", "Thinking: 3.1 s", "Writing: 8.4 s", "Total: 12.3 s",
        "Speed: 224 tok/s", "Input, new: 7,104 $0.0213", "Total: 14,982 $0.0614",
    ):  # fmt: skip
        assert fact in facts, fact
    assert [pill.text() for pill in desk.frame.findChildren(Pill) if pill.isVisible()] == ["Done"]
    assert "$3.00 in, $15.00 out per million, list of 12 Nov 2026" in desk.words()
    assert "Seed: not taken by this model" in desk.words()
    assert "Answer 2 of 3" in [s._head.accessibleName() for s in desk.frame.findChildren(Section)]


def test_a_failed_message_keeps_its_raw_reason(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    error = ErrorReport(
        kind="RateLimited", message="Too many requests.", hint="Wait a minute.", status=429,
        raw='{"error": {"message": "slow down"}}', request_id="req_1",
    )  # fmt: skip
    failed = answer(
        conversation, state="failed", error=error, usage=None, cost=None, timings=Timings(), stop_reason=None
    )
    desk.do(lambda: desk.frame.show_message(failed))
    assert "Too many requests." in desk.words()
    assert "Status: 429" in desk.facts()
    assert "Request id: req_1" in desk.facts()
    assert not any(fact.startswith("Total") for fact in desk.facts())


def test_a_provider_that_is_gone_is_still_named(desk: Desk) -> None:
    conversation = desk.wait(made(desk.services, {}))
    told = msgspec.structs.replace(answer(conversation), model=ModelRef("gone", "m"))
    desk.do(lambda: desk.frame.show_message(told))
    assert "Provider: gone" in desk.facts()


def test_a_message_of_another_conversation_is_let_go(desk: Desk) -> None:
    first = desk.wait(made(desk.services, {}))
    desk.do(lambda: desk.frame.show_message(answer(first)))
    assert desk.facts()
    desk.show(first)
    assert desk.facts()
    desk.show(desk.wait(made(desk.services, {})))
    assert desk.facts() == []
    assert "Press the name beside a message" in desk.words()


def test_nothing_is_read_while_nobody_looks(desk: Desk, run_async: Runner) -> None:
    desk.do(desk.frame.hide)
    conversation = desk.wait(made(desk.services, {}))
    desk.show(conversation)
    assert desk.frame.conversation._reading._task is None
    desk.do(desk.frame.show)
    assert "$0.0614" in desk.words()


def test_the_guide_has_no_price_and_no_provider_of_its_own(desk: Desk) -> None:
    conversation = desk.wait(desk.services.chat.new_conversation(GUIDE))
    desk.show(conversation)
    told = msgspec.structs.replace(
        answer(conversation), model=GUIDE, cost=Cost(amount=Decimal(0), source="free")
    )
    desk.do(lambda: desk.frame.show_message(told))
    assert "Provider: built in" in desk.facts()
    assert "Total: 14,982 no charge" in desk.facts()


def test_where_a_price_comes_from() -> None:
    assert rate(Decimal("0.075")) == "$0.075"
    assert rate(Decimal(15)) == "$15.00"
    assert "provider itself" in price_source(Cost(amount=Decimal(1), source="provider"))
    assert "this computer" in price_source(Cost(amount=Decimal(0), source="free"))
    own = Cost(amount=Decimal(1), source="user", rates=Rates(input=Decimal(1), output=Decimal(2)))
    assert price_source(own) == "$1.00 in, $2.00 out per million, your own prices"


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_nothing_is_wider_than_the_inspector(desk: Desk, factor: float) -> None:
    desk.do(lambda: theme().apply(text_factor=factor))
    conversation = desk.wait(made(desk.services, {}))
    raw = ErrorReport(kind="BadRequest", message="No.", raw="x" * 3000)
    for width in (260, 480):
        desk.do(partial(desk.frame.resize, int(width * factor), 900))
        desk.show(conversation)
        desk.do(lambda: desk.frame.show_message(answer(conversation, state="failed", error=raw)))
        for view in (desk.frame.conversation, desk.frame.message):
            parent = view.parentWidget()
            assert parent is not None
            assert view.minimumSizeHint().width() <= parent.width(), (type(view).__name__, width)


def test_the_request_is_shown_and_copied_without_the_key(desk: Desk) -> None:
    services = desk.services
    desk.wait(services.endpoints.set_key("anthropic", Secret("sk-canary-0123456789-7Qxe")))
    conversation = desk.wait(made(services, {}))
    whole = desk.wait(services.history.load(conversation.id))
    told = next(message for message in whole.messages if message.role == "assistant")
    told = msgspec.structs.replace(told, system="Be careful.", parameters=Parameters(temperature=0.2))
    desk.do(lambda: desk.frame.show_message(told))
    section = desk.frame.message._request
    assert section._reading is None, "nothing is built before it is opened"
    desk.do(lambda: QTest.mouseClick(section._head, Qt.MouseButton.LeftButton))
    shown = section._text.toPlainText()
    assert shown.startswith("POST /v1/messages HTTP/1.1\nhost: api.anthropic.com")
    assert "x-api-key: $ANTHROPIC_API_KEY" in shown
    assert "Is it real?" in shown
    assert "It is." not in shown, "the answer is not part of what was asked"
    assert "canary" not in shown
    desk.do(lambda: QTest.mouseClick(section.copy_curl, Qt.MouseButton.LeftButton))
    curl = QGuiApplication.clipboard().text()
    words = shlex.split(curl.replace("\\\n", " "))
    assert words[:2] == ["curl", "https://api.anthropic.com/v1/messages"]
    assert json.loads(words[words.index("-d") + 1])["temperature"] == 0.2
    assert '-H "x-api-key: $ANTHROPIC_API_KEY"' in curl
    desk.do(lambda: QTest.mouseClick(section.copy_python, Qt.MouseButton.LeftButton))
    program = QGuiApplication.clipboard().text()
    compile(program, "copied", "exec")
    assert "'x-api-key': os.environ['ANTHROPIC_API_KEY']" in program


def test_secrets_and_pictures_are_left_out_of_the_request(desk: Desk) -> None:
    services = desk.services
    services.endpoints.folder.mkdir(exist_ok=True)
    (services.endpoints.folder / "house.toml").write_text(
        'id = "house"\nname = "House"\nwire = "openai_chat"\nauth = "none"\n'
        'base_url = "http://user:password@127.0.0.1:9/v1"\nheaders = { X-Team = "header-secret" }\n'
    )
    services.endpoints.reload()
    house = ModelRef("house", "small")
    conversation = desk.wait(services.chat.new_conversation(house))
    picture = ImagePart(source=InlineData(data=b"x" * 9_000), media_type="image/png")
    asked = msgspec.structs.replace(question(conversation), parts=(picture, TextPart(text='It\'s a "$HOME"')))
    begun = msgspec.structs.replace(
        answer(conversation), model=house, state="streaming", usage=None, cost=None
    )
    lane = msgspec.structs.replace(conversation.lanes[0], leaf=begun.id)
    desk.wait(services.chat._store.begin_turn(conversation.id, [asked], [begun], [lane]))
    request = desk.wait(services.inspect.request(begun))
    for text in (request.text(), request.curl(), request.python()):
        assert "header-secret" not in text
        assert "password" not in text
        assert "eHh4eHh4" not in text
        assert "base64" in text
    assert "authorization" not in request.headers
    words = shlex.split(request.curl().replace("\\\n", " "))
    assert json.loads(words[words.index("-d") + 1]) == request.body


def test_the_guide_and_questions_have_no_request(desk: Desk) -> None:
    conversation = desk.wait(desk.services.chat.new_conversation(GUIDE))
    desk.do(lambda: desk.frame.show_message(question(conversation)))
    assert not desk.frame.message._request.isVisible()
    guided = msgspec.structs.replace(answer(conversation), model=GUIDE)
    desk.do(lambda: desk.frame.show_message(guided))
    assert not desk.frame.message._request.isVisible()
    assert desk.wait(desk.services.inspect.request(guided)) is None


def test_the_hint_of_the_system_prompt_grows_with_the_text(desk: Desk) -> None:
    editor = desk.frame.conversation.system
    editor.setPlainText("")

    def hint_height() -> int:
        picture = editor.grab().toImage()
        ground = picture.pixel(picture.width() // 2, picture.height() - 8)
        inner = [
            y
            for y in range(6, picture.height() - 6)
            if any(picture.pixel(x, y) != ground for x in range(16, picture.width() - 16))
        ]
        return max(inner) - min(inner)

    before = hint_height()
    theme().apply(text_factor=2.0)
    try:
        assert hint_height() >= 1.6 * before
    finally:
        theme().apply(text_factor=1.0)
