"""What leaves the program: Markdown a person reads, JSON another program reads."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatbench.core.conversations import Conversation, ConversationSummary, Lane, SentFile, TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    StoredFile,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.formats.conversation_json import cost_object, iso, to_json
from chatbench.formats.conversation_markdown import to_markdown

AT = 1_790_000_000_123
MODEL = ModelRef("loop", "m")


def message(message_id: str, parent: str | None, *parts: Part, **more: object) -> TreeMessage:
    fields = {
        "id": message_id, "conversation_id": "c", "parent_id": parent, "turn_id": "t", "parts": parts,
        "role": "user" if parent is None else "assistant", "model": None if parent is None else MODEL,
        "created_at": AT,
    }  # fmt: skip
    return TreeMessage(**{**fields, **more})  # type: ignore[arg-type]


def conversation(*messages: TreeMessage, title: str = "Foxes", **lane: object) -> Conversation:
    first = Lane(id="l", model=MODEL, leaf=messages[-1].id if messages else None)
    head = ConversationSummary(id="c", title=title, created_at=AT, updated_at=AT, models=(MODEL,))
    lanes = (Lane(**{**{n: getattr(first, n) for n in Lane.__struct_fields__}, **lane}),)
    return Conversation(summary=head, messages=messages, lanes=lanes)


PICTURE = ImagePart(source=StoredFile(sha256="0" * 64), media_type="image/png", name="a\nb.png")
WHOLE = conversation(
    message("q", None, PICTURE, TextPart(text="Where?")),
    message("other", "q", TextPart(text="Not shown")),
    message(
        "a", "q", ThinkingPart(text="Hm.\n\nWell."), TextPart(text="In dens."), RefusalPart(text="No more."),
        ToolCallPart(call_id="1", name="clock", arguments="{}"),
        state="interrupted", error=ErrorReport(kind="StreamInterrupted", message="It broke\noff."),
        usage=Usage(input_tokens=5, output_tokens=7, cache_read_tokens=2), timings=Timings(total_s=1.5),
        cost=Cost(amount=Decimal("0.000000123"), source="table"), stop_reason="end",
    ),
    system="Be brief.",
)  # fmt: skip


def test_markdown() -> None:
    """The branch that is shown; thinking quoted, attachments named, states and errors told."""
    assert to_markdown(WHOLE) == (
        "# Foxes\n\n"
        "## System\n\nBe brief.\n\n"
        "## You (2026-09-21 14:13 UTC)\n\n[image: a b.png]\n\nWhere?\n\n"
        "## loop/m (2026-09-21 14:13 UTC, interrupted)\n\n> Hm.\n>\n> Well.\n\nIn dens.\n\n"
        "Refused: No more.\n\nTool call `clock`:\n\n```json\n{}\n```\n\n*It broke off.*\n"
    )


def test_what_a_person_wrote_and_what_was_asked_in_its_place_is_told() -> None:
    """Lanes are numbered as they stand beside each other, whatever was closed between them."""
    answers = [
        message("a", "q", TextPart(text="a"), edited=True, continues="x"),
        message("b", "q", TextPart(text="b"), prompt="Merge!"),
    ]
    lanes = tuple(Lane(id=name, position=n, leaf=name) for n, name in ((2, "a"), (5, "b")))
    one_lane = conversation(message("q", None, TextPart(text="?")), *answers)
    made = msgspec.structs.replace(one_lane, lanes=lanes)
    told = json.loads(to_json(made))["messages"]
    assert [(m["edited"], m["continues"], m["prompt"]) for m in told] == [
        (False, None, None), (True, "x", None), (False, None, "Merge!"),
    ]  # fmt: skip
    words = to_markdown(made)
    assert words.count(", edited)") == 1
    assert [line for line in words.splitlines() if line.startswith("Lane")] == [
        "Lane 1",
        "Lane 2",
    ]


def test_markdown_of_nothing() -> None:
    assert to_markdown(conversation(title="")) == "# Conversation\n"


def test_json() -> None:
    """Every branch; money as decimal strings, what is unknown null."""
    told = json.loads(to_json(WHOLE))
    assert [m["id"] for m in told["messages"]] == ["q", "other", "a"]
    question, other, answer = told["messages"]
    assert (question["text"], question["cost"], question["usage"]) == ("Where?", None, None)
    assert question["parts"][0]["source"] == {"kind": "stored", "sha256": "0" * 64}
    assert other["state"] == "done"
    assert answer["thinking"] == "Hm.\n\nWell."
    assert answer["cost"] == {"amount": "0.000000123", "currency": "USD", "source": "table"}
    assert answer["usage"]["cache_read_tokens"] == 2
    assert answer["timings"] == {"first_token_s": None, "total_s": 1.5}
    assert answer["error"]["kind"] == "StreamInterrupted"
    assert (told["models"], told["leaves"], told["cost"]) == (["loop/m"], ["a"], None)


@given(st.lists(st.text()), st.text())
def test_any_words_can_leave(texts: list[str], title: str) -> None:
    parts = tuple(TextPart(text=text) for text in texts)
    made = conversation(message("q", None, *parts), title=title)
    assert json.loads(to_json(made))["messages"][0]["text"] == "".join(texts)
    markdown = to_markdown(made)
    assert all(text in markdown for text in texts)
    assert markdown.split("\n\n")[0].count("\n") == 0


@given(st.decimals(0, 1000, places=12))
def test_money_is_exact_and_never_in_powers_of_ten(amount: Decimal) -> None:
    told = cost_object(Cost(amount=amount))
    assert told is not None
    assert Decimal(told["amount"]) == amount
    assert "E" not in told["amount"]
    assert cost_object(None) is None


def test_times_are_utc() -> None:
    assert iso(AT) == "2026-09-21T14:13:20.123+00:00"


def test_files_are_named_with_what_became_of_them_and_never_with_their_bytes() -> None:
    """A name comes from anybody: it does not become a link, a tag or a line of its own."""
    sent = SentFile(original="1" * 64, form="text", sent=("2" * 64,))
    named = FilePart(
        source=StoredFile(sha256="1" * 64), media_type="application/pdf", pages="1-3",
        name="x](https://evil.example) <img src=x>\n# y_1.pdf",
    )  # fmt: skip
    unnamed = FilePart(source=StoredFile(sha256="3" * 64), media_type="text/csv")
    told = conversation(
        message("q", None, named, unnamed), message("a", "q", TextPart(text="So."), sent_files=(sent,))
    )
    text = to_markdown(told)
    assert "[file: x\\](https://evil.example) \\<img src=x\\> # y_1.pdf, pages 1-3]" in text
    assert "[file: text/csv]" in text
    html = MarkdownIt("commonmark").render(text)
    assert "<a" not in html
    assert "<img" not in html
    question, answer = json.loads(to_json(told))["messages"]
    assert question["parts"][0]["source"] == {"kind": "stored", "sha256": "1" * 64}
    assert answer["sent_files"] == [{"original": "1" * 64, "form": "text", "sent": ["2" * 64]}]
    assert question["sent_files"] == []
