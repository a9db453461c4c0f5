"""Files on their way to a model: judged, stored once, shrunk, refused with a reason."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from tests.documents import pictures
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, loop, stored

from chatbench.core.conversations import Draft
from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import FilePart, ImagePart, InlineData, StoredFile, user
from chatbench.core.models import ImageLimits, ModelInfo
from chatbench.documents import kinds
from chatbench.services import Services
from chatbench.services.attachments import Candidate

SEES = ModelInfo(ref=SIGHTED, inputs=frozenset({"text", "image"}), images=ImageLimits(max_edge=100))
BLIND = ModelInfo(ref=MODEL, context_window=8000, source="user")
PHOTO = pictures.saved(pictures.corner(), "JPEG", exif=pictures.exif(6))


def test_files_are_judged_before_they_are_dropped(services: Services) -> None:
    """By name, kind and size; where not, with the reason and a model that would."""
    judge = services.attachments.judge
    candidates = [
        Candidate(name="a.png", media_type="image/png", size=10),
        Candidate(name="b.png", media_type="image/png", size=20 * 1024 * 1024),
        Candidate(name="c.png", media_type="image/png", size=200 * 1024 * 1024),
        Candidate(name="d.mp3", media_type="audio/mpeg", size=10),
        Candidate(name="e.png", media_type="image/png"),
        Candidate(name="f.pdf", media_type="application/pdf", size=10),
        Candidate(name="g.docx", media_type=kinds.DOCX, size=10),
        Candidate(name="h", media_type="inode/directory"),
        Candidate(name="i.zip", media_type="application/zip", size=10),
        Candidate(name="j.bin", media_type="application/octet-stream", size=10),
    ]
    verdicts = judge(candidates, SEES)
    assert [verdict.accepted for verdict in verdicts] == [True, True, False, False, *[True] * 6]
    assert verdicts[1].reason == "Sent as an image, made smaller."
    assert "100 MiB" in verdicts[2].reason
    assert verdicts[3].reason == "sighted does not take sound."
    assert [verdict.reason for verdict in verdicts[5:]] == [
        "Sent as text, or as pictures of its pages.", "Sent as text.", "You choose which of its files.",
        "You choose what of it.", "Sent as text, if it is text.",
    ]  # fmt: skip
    assert judge(candidates, BLIND)[5].reason == "Sent as text."
    (refused,) = judge(candidates[:1], BLIND)
    assert refused.models == ("Sighted",)
    assert refused.reason == "m does not take images. Sighted would."


async def test_a_picture_is_stored_once_and_sent_bare(
    services: Services, server: LoopbackServer, tmp_path: Path
) -> None:
    """The original stays in the profile; what goes out is upright, small and without metadata."""
    file = tmp_path / "photo.jpg"
    file.write_bytes(PHOTO)
    part = await services.attachments.attach_path(file, SEES)
    assert isinstance(part, ImagePart)
    assert (part.width, part.height, part.name, part.size) == (80, 120, "photo.jpg", len(PHOTO))
    assert isinstance(part.source, StoredFile)
    assert await services.attachments.attach_bytes(PHOTO, "photo.jpg", SEES) == part
    assert await services.attachments.original(part.source.sha256) == PHOTO
    conversation = await services.chat.new_conversation(SIGHTED)
    turn = await services.chat.send(conversation.id, Draft(text="Look", attachments=(part,)))
    await services.chat.wait(turn)
    image, text = server.asked[0].json["messages"][0]["content"]
    assert text == {"type": "text", "text": "Look"}
    head, _, sent = image["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    data = base64.b64decode(sent)
    assert b"SpyCam" not in data
    assert Image.open(io.BytesIO(data)).size == (80, 120)
    assert (await stored(services, turn.user_message_id)).parts[0] == part


async def test_a_picture_can_be_held_without_storing_it(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(PHOTO)
    part = await services.attachments.attach_path(file, SEES, store=False)
    ready = await services.attachments.ready([user("", part)], SEES)
    (sent,) = ready.messages[0].parts
    assert isinstance(sent, ImagePart)
    assert isinstance(sent.source, InlineData)
    assert (sent.width, sent.height) == (67, 100)
    assert b"SpyCam" not in sent.source.data
    assert not any(path.is_file() for path in (services.profile.folder / "files").rglob("*"))


async def test_what_is_refused_and_why(services: Services, tmp_path: Path) -> None:
    async def refusal(data: bytes, name: str, info: ModelInfo = SEES) -> AttachmentRefused:
        with pytest.raises(AttachmentRefused) as caught:
            await services.attachments.attach_bytes(data, name, info)
        return caught.value

    assert "damaged" in (await refusal(b"%PDF-1.7", "a.pdf")).message
    assert "neither text nor" in (await refusal(b"MZ\0\1\2", "lies.png.exe")).message
    assert "does not take sound" in (await refusal(b"ID3\3\0", "a.mp3")).message
    assert "damaged" in (await refusal(PHOTO[:100], "a.jpg")).message
    assert "200 million" in (await refusal(pictures.huge_png(20_000, 10_000), "a.png")).message
    blind = await refusal(PHOTO, "a.jpg", BLIND)
    assert blind.models == ("Sighted",)
    fifo = tmp_path / "pipe.png"
    os.mkfifo(fifo)
    for path, said in (
        (tmp_path, "is a folder"),
        (fifo, "is not a file"),
        (tmp_path / "x", "is not a file"),
    ):
        with pytest.raises(AttachmentRefused, match=said):
            await services.attachments.attach_path(path, SEES)


async def test_a_model_that_does_not_see_is_refused_the_whole_conversation(
    services: Services, server: LoopbackServer
) -> None:
    """Where one with a picture goes on with a model that takes none: the reason, and one that does."""
    services.endpoints.save(loop(server, rows=(*loop(server).rows, BLIND)))
    part = await services.attachments.attach_bytes(PHOTO, "photo.jpg", SEES)
    conversation = await services.chat.new_conversation(SIGHTED)
    await services.chat.wait(await services.chat.send(conversation.id, Draft(attachments=(part,))))
    turn = await services.chat.send(conversation.id, Draft(text="And?"), model=MODEL)
    await services.chat.wait(turn)
    answer = await stored(services, turn.answers[0].id)
    assert answer.error is not None
    assert (answer.state, answer.error.kind) == ("failed", "AttachmentRefused")
    assert answer.error.hint == "Choose Sighted."
    assert len(server.asked) == 1


async def test_more_pictures_than_the_model_takes(services: Services) -> None:
    part = await services.attachments.attach_bytes(PHOTO, "photo.jpg", SEES)
    two = msgspec.structs.replace(SEES, images=ImageLimits(max_count=2))
    assert len((await services.attachments.ready([user("a", part), user("b", part)], two)).messages) == 2
    with pytest.raises(AttachmentRefused, match="takes 2 pictures at most, and this conversation holds 3"):
        await services.attachments.ready([user("a", part, part), user("b", part)], two)


async def test_thumbnails_are_made_once_and_not_kept_for_ever(services: Services) -> None:
    part = await services.attachments.attach_bytes(PHOTO, "photo.jpg", SEES)
    assert isinstance(part, ImagePart)
    assert isinstance(part.source, StoredFile)
    sha256 = part.source.sha256
    first = await services.attachments.thumbnail(sha256, 30, 20)
    assert Image.open(io.BytesIO(first)).size == (30, 20)
    assert await services.attachments.thumbnail(sha256, 30, 20) is first
    for width in range(10, 215):
        await services.attachments.thumbnail(sha256, width, 10)
    assert len(services.attachments._thumbnails) == 200


async def test_a_text_is_kept_as_a_file_and_sent_as_words_between_marks(
    services: Services, server: LoopbackServer
) -> None:
    part = await services.attachments.attach_text(
        "# Title\n\nWords é\ud800\n", 'An "old" chat', media_type="text/markdown"
    )
    assert isinstance(part, FilePart)
    assert isinstance(part.source, StoredFile)
    kept = await services.attachments.original(part.source.sha256)
    assert (part.name, part.media_type, part.size) == ('An "old" chat', "text/markdown", len(kept))
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="What did we say?", attachments=(part,)))
    await services.chat.wait(turn)
    sent = server.asked[-1].json["messages"][-1]["content"]
    document = '<attachment name="An &quot;old&quot; chat">\n# Title\n\nWords é?\n</attachment>'
    assert sent == f"{document}\n\nWhat did we say?"
    (question, _) = (await services.history.load(conversation.id)).messages
    assert question.parts[0] == part, "the original, to be shown as a file"
    assert question.text == "What did we say?", "what is edited later are the words alone"


async def test_a_text_for_a_temporary_chat_is_on_no_disk(services: Services, tmp_path: Path) -> None:
    conversation = await services.chat.new_conversation(MODEL, temporary=True)
    text = "unheard of words"
    part = await services.attachments.attach_text(text, "a.txt", conversation_id=conversation.id)
    assert isinstance(part.source, StoredFile)
    assert await services.attachments.original(part.source.sha256) == text.encode()
    files = [path for path in (tmp_path / "profile").rglob("*") if path.is_file()]
    assert not [path for path in files if text.encode() in path.read_bytes()]
