"""What a model gets of stored files: the form of each, and the messages with all of them in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakValueDictionary

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.estimate import lasting_tokens
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    Message,
    Part,
    VideoPart,
)
from chatbench.core.models import Modality, ModelInfo
from chatbench.services.attachments import forms, sending
from chatbench.services.attachments.forms import Form, Outlook
from chatbench.services.attachments.reading import Reading, Turns
from chatbench.services.attachments.sending import Piece, Ready, digest_of
from chatbench.services.attachments.takes import PDF, Takes
from chatbench.services.attachments.uploading import Uploading
from chatbench.storage.files import FileStore

_STORED_AS: dict[type[MediaPart], Modality] = {FilePart: "file", AudioPart: "audio", VideoPart: "video"}


class Preparing:
    """Chooses a form for each stored file, and makes what is sent."""

    def __init__(
        self,
        files: FileStore,
        reading: Reading,
        uploading: Uploading,
        environment: Environment,
        others: Callable[[ModelInfo, Modality], tuple[str, ...]],
    ) -> None:
        """`others` names models that take what this one does not."""
        self._files = files
        self._reading = reading
        self._uploading = uploading
        self._environment = environment
        self._others = others
        self._sent: WeakValueDictionary[str, InlineData] = WeakValueDictionary()
        self._turns = Turns()

    async def outlook(self, part: MediaPart, info: ModelInfo, *, read: bool = True) -> Outlook:
        """What becomes of a stored file at this model. Without `read` nothing is read that was not read
        before, and what its words take may be unknown. Raises AttachmentRefused where it cannot be read
        or has no such pages, StorageError."""
        takes = Takes.of(info, self._environment)
        seen = await self._seen(part, takes, read=read)
        if seen.chosen is None:
            first = seen.forms[0].sent_as
            modality: Modality = "audio" if first == "sound" else "video" if first == "film" else "image"
            return msgspec.structs.replace(seen, models=self._others(info, modality))
        return seen

    async def _seen(self, part: MediaPart, takes: Takes, *, read: bool) -> Outlook:
        match part:
            case ImagePart():
                return forms.of_picture(part, takes)
            case AudioPart() | VideoPart():
                return forms.of_sound_or_film(part, takes, lasting_tokens(part, takes.info) or None)
            case FilePart():
                return await self._seen_document(part, takes, read=read)

    async def _seen_document(self, part: FilePart, takes: Takes, *, read: bool) -> Outlook:
        sha256 = digest_of(part)
        words = await self._words(part) if read else await self._reading.known_words(sha256)
        if part.media_type != PDF:
            return forms.of_text(words or "", takes.info)
        facts = await self._reading.facts(sha256, part.name)
        pages = sending.chosen_pages(part, facts.pages)
        told = None if words is None else sending.pages_of(words, pages)
        return forms.of_pdf(part, takes, facts, pages, told)

    async def _words(self, part: FilePart) -> str:
        return await self._reading.words(digest_of(part), part.media_type, part.name)

    async def ready(self, messages: Sequence[Message], info: ModelInfo) -> Ready:
        """The messages with every stored file in the form this model is sent, and what became of each.

        Raises AttachmentRefused where the model takes one in no form, or not so many pictures;
        `ProviderError`s where one has to be uploaded; StorageError.
        """
        if not any(sending.holds_files(message) for message in messages):
            return Ready(tuple(messages))
        ready: list[Message] = []
        pieces: list[Piece] = []
        for message in messages:
            parts: list[Part] = []
            for part in message.parts:
                if isinstance(part, MediaPart) and sending.is_stored(part):
                    pieces.append(await self._piece(part, info))
                    parts += pieces[-1].parts
                else:
                    parts.append(part)
            ready.append(msgspec.structs.replace(message, parts=tuple(parts)))
        count = sum(isinstance(part, ImagePart) for message in ready for part in message.parts)
        if info.may_take("image") and count > info.images.max_count:
            raise sending.too_many_pictures(info, count)
        return Ready(tuple(ready), tuple(piece.sent for piece in pieces))

    async def _piece(self, part: MediaPart, info: ModelInfo) -> Piece:
        outlook = await self.outlook(part, info, read=False)
        if outlook.chosen is None:
            raise sending.refused(part, outlook.refusal, outlook.models)
        form, sha256 = outlook.chosen, digest_of(part)
        if isinstance(part, ImagePart):
            return await self._picture(part, sha256, info, form)
        if isinstance(part, FilePart) and form.sent_as != "native":
            return await self._document(part, sha256, info, form)
        return await self._whole(part, sha256, info, form)

    async def _picture(self, part: ImagePart, sha256: str, info: ModelInfo, form: Form) -> Piece:
        made = await self._reading.picture(part, sha256, info.images)
        told = msgspec.structs.replace(part, media_type=made.media_type, width=made.width, height=made.height)
        return sending.with_bytes(told, sha256, await self._at_hand(made.sha256), form, made.sha256)

    async def _document(self, part: FilePart, sha256: str, info: ModelInfo, form: Form) -> Piece:
        if part.media_type != PDF:
            return sending.as_text(part, sha256, await self._words(part))
        facts = await self._reading.facts(sha256, part.name)
        numbers = sending.chosen_pages(part, facts.pages)
        if form.sent_as == "text":
            return sending.as_text(part, sha256, sending.pages_of(await self._words(part), numbers))
        drawn = await self._reading.pages(sha256, part.name, numbers, forms.page_edge(info))
        data = [await self._at_hand(page.sha256) for page in drawn]
        return sending.as_pages(part, sha256, numbers, drawn, data)

    async def _whole(self, part: MediaPart, sha256: str, info: ModelInfo, form: Form) -> Piece:
        """As it is, but of a PDF only the pages that were asked for."""
        sent = sha256
        if isinstance(part, FilePart) and part.pages:
            facts = await self._reading.facts(sha256, part.name)
            numbers = sending.chosen_pages(part, facts.pages)
            made = await self._reading.subset(sha256, part.name, numbers, part.pages)
            sent, part = made.sha256, msgspec.structs.replace(part, size=made.size)
        provider = info.ref.provider
        takes = Takes.of(info, self._environment)
        too_large = takes.goes_by_storage(_STORED_AS[type(part)], part.size)
        file_id = await self._uploading.id_of(part, sent, provider, needed=too_large)
        if file_id is not None:
            return sending.at_provider(part, sha256, provider, file_id, form)
        return sending.with_bytes(part, sha256, await self._at_hand(sent), form, sent)

    async def _at_hand(self, sha256: str) -> InlineData:
        """The bytes of a file, once in memory for all who send them at the same time, as lanes do."""
        async with self._turns.of(sha256, "bytes"):
            found = self._sent.get(sha256)
            if found is None:
                found = self._sent[sha256] = InlineData(data=await self._files.read(sha256))
            return found
