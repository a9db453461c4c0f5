"""Attached files in what will be sent: what each takes in the form in which it goes."""

from __future__ import annotations

import msgspec
import pytest
from tests.documents import office, pdfs, recordings
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop

from chatbench.core.conversations import Draft
from chatbench.core.messages import FilePart
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
