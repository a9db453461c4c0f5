"""Attached files in what will be sent: what each takes in the form in which it goes."""

from __future__ import annotations

import msgspec
import pytest
from tests.documents import office, pdfs, recordings
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop

from chatbench.core.conversations import Draft
from chatbench.core.errors import StorageError
from chatbench.core.messages import FilePart, Part, StoredFile
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.services.context import ContextItem

ALL: frozenset[Modality] = frozenset({"text", "image", "file", "audio"})
READS = ModelInfo(ref=ModelRef("loop", "reads"), inputs=ALL, context_window=100_000, source="user")
BLIND = ModelInfo(ref=ModelRef("loop", "blind"), context_window=8_000, source="user")
REPORT = pdfs.joined(*[pdfs.single().data] * 3)


@pytest.fixture
async def services(services: Services, server: LoopbackServer) -> Services:
    services.endpoints.save(loop(server, rows=(READS, BLIND)))
    return services


async def files(
    services: Services, model: ModelInfo, draft: Draft, conversation_id: str = ""
) -> list[ContextItem]:
    """The files among what would be sent."""
    if not conversation_id:
        conversation_id = (await services.chat.new_conversation(model.ref)).id
    lane = (await services.history.outline(conversation_id)).lanes[0]
    view = await services.context.view(conversation_id, lane.id, draft)
    assert view.tokens == sum(item.tokens for item in view.items if not item.why) + 3
    return [item for item in view.items if item.kind == "attachment"]


async def test_each_file_counts_by_the_form_it_goes_in(services: Services) -> None:
    report = await services.attachments.attach_bytes(REPORT, "report.pdf", READS)
    letter = await services.attachments.attach_bytes(office.letter(), "letter.docx", READS)
    assert isinstance(report, FilePart)
    await services.attachments.words(report)
    pages = msgspec.structs.replace(report, form="pages", pages="1-2")
    some = msgspec.structs.replace(report, form="text", pages="1")
    told = await files(services, READS, Draft(attachments=(report, pages, some, letter)))
    assert [item.form and item.form.sent_as for item in told] == ["native", "pages", "text", "text"]
    for item, part in zip(told, (report, pages, some, letter), strict=True):
        outlook = await services.attachments.outlook(part, READS)
        assert outlook.chosen is not None
        assert item.tokens == outlook.chosen.tokens
        assert item.share == pytest.approx(item.tokens / 100_000)
    assert told[1].tokens > told[0].tokens > told[2].tokens > 0


async def test_what_nobody_has_read_yet_is_not_guessed(services: Services) -> None:
    """A PDF that goes as text is read when it is sent; until then nobody knows."""
    report = await services.attachments.attach_bytes(REPORT, "report.pdf", BLIND)
    assert isinstance(report, FilePart)
    (unread,) = await files(services, BLIND, Draft(attachments=(report,)))
    assert (unread.tokens, unread.tokens_known) == (0, False)
    await services.attachments.words(report)
    (known,) = await files(services, BLIND, Draft(attachments=(report,)))
    assert known.tokens_known
    assert known.tokens > 100


async def test_what_the_model_takes_in_no_form(services: Services) -> None:
    scan = await services.attachments.attach_bytes(pdfs.scan(1).data, "scan.pdf", READS)
    memo = await services.attachments.attach_bytes(recordings.sound("wav", 0.5), "memo.wav", READS)
    told = await files(services, BLIND, Draft(attachments=(scan, memo)))
    assert [item.why for item in told] == ["not_for_model", "not_for_model"]
    told = await files(services, READS, Draft(attachments=(scan, memo)))
    assert [item.why for item in told] == ["", ""]


async def test_one_file_is_left_out_and_the_rest_of_its_question_is_sent(
    services: Services, server: LoopbackServer
) -> None:
    report = await services.attachments.attach_bytes(REPORT, "report.pdf", READS)
    letter = await services.attachments.attach_bytes(office.letter(), "letter.docx", READS)
    conversation = await services.chat.new_conversation(READS.ref)

    async def asked(text: str, *parts: Part) -> str:
        draft = Draft(text=text, attachments=parts)
        turn = await services.chat.send(conversation.id, draft)
        await services.chat.wait(turn)
        return turn.user_message_id

    first = await asked("Compare", report, letter)
    assert isinstance(report.source, StoredFile)
    sha256 = report.source.sha256
    await services.context.leave_out_file(conversation.id, first, sha256, True)
    told = await files(services, READS, Draft(), conversation.id)
    assert [(item.text, item.why, item.alone) for item in told] == [
        ("report.pdf", "person", True), ("letter.docx", "", True),
    ]  # fmt: skip
    await asked("And?")
    question = server.asked[-1].json["messages"][0]["content"]
    assert "report.pdf" not in str(question)
    assert "letter.docx" in str(question)
    assert "Compare" in str(question)
    fork = await services.chat.fork(conversation.id, first)
    assert (await services.context.marks(fork.id)).unsent_files == {(fork.messages[0].id, sha256)}
    await services.context.leave_out(conversation.id, first, True)
    told = await files(services, READS, Draft(), conversation.id)
    assert [(item.why, item.alone) for item in told] == [("person", False)] * 2
    await services.context.leave_out(conversation.id, first, False)
    await services.context.leave_out_file(conversation.id, first, sha256, False)
    await asked("Once more")
    assert "report.pdf" in str(server.asked[-1].json["messages"][0]["content"])
    assert not await services.context.marks(conversation.id)


async def test_a_question_that_was_a_file_alone_stays_a_question(
    services: Services, server: LoopbackServer
) -> None:
    """Also in a temporary chat that is kept after it."""
    conversation = await services.chat.new_conversation(READS.ref, temporary=True)
    report = await services.attachments.attach_bytes(
        REPORT, "report.pdf", READS, conversation_id=conversation.id
    )
    turn = await services.chat.send(conversation.id, Draft(attachments=(report,)))
    await services.chat.wait(turn)
    assert isinstance(report.source, StoredFile)
    mark = (turn.user_message_id, report.source.sha256)
    await services.context.leave_out_file(conversation.id, *mark, True)
    await services.chat.keep(conversation.id)
    assert (await services.context.marks(conversation.id)).unsent_files == {mark}
    again = await services.chat.send(conversation.id, Draft(text="And?"))
    await services.chat.wait(again)
    roles = [message["role"] for message in server.asked[-1].json["messages"]]
    assert roles == ["user", "assistant", "user"]
    assert "application/pdf" not in str(server.asked[-1].json)
    with pytest.raises(StorageError, match="no such message"):
        await services.context.leave_out_file(conversation.id, "gone", mark[1], True)
