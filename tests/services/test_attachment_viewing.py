"""What a viewer asks of stored files: what a PDF is, which of its pages are sent, how they look."""

from __future__ import annotations

import io

import msgspec
import pytest
from PIL import Image
from tests.documents import pdfs
from tests.services.conftest import Open

from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import FilePart


async def test_a_pdf_is_told_by_its_facts_and_shown_by_its_pages(opened: Open) -> None:
    async with opened() as services:
        service = services.attachments
        part = await service.attach_bytes(pdfs.book(5), "book.pdf", None)
        assert isinstance(part, FilePart)
        facts = await service.facts(part)
        assert facts.pages == part.page_count == 5
        assert len(facts.sizes) == 5
        assert service.pages_sent(part, facts.pages) == (1, 2, 3, 4, 5)
        some = msgspec.structs.replace(part, pages="4-5,2")
        assert set(service.pages_sent(some, facts.pages)) == {2, 4, 5}
        with pytest.raises(AttachmentRefused):
            service.pages_sent(msgspec.structs.replace(part, pages="9"), facts.pages)
        third, first = [Image.open(io.BytesIO(data)) for data in await service.pages(part, [3, 1], 500)]
        wide, high = facts.sizes[2]
        assert max(third.size) == 500
        assert third.width / third.height == pytest.approx(wide / high, rel=0.01)
        assert third.tobytes() != first.tobytes()
