"""Files on their way to a model: the service that the window and the terminal are handed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from chatbench.client.environment import Environment
from chatbench.client.fetching import Fetcher
from chatbench.client.files import ProviderFiles
from chatbench.core.conversations import SentFile
from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    MediaPart,
    Message,
)
from chatbench.core.models import Modality, ModelInfo
from chatbench.documents.archives import Archive, Entry
from chatbench.documents.folders import FolderListing, list_folder
from chatbench.documents.pdf import PdfFacts
from chatbench.documents.reading import archive_of, entry_of
from chatbench.services.attachments import sending
from chatbench.services.attachments.capabilities import Capability, capabilities
from chatbench.services.attachments.forms import Outlook
from chatbench.services.attachments.judging import Candidate, Verdict, judged
from chatbench.services.attachments.looking import LOOKED_AT_ONCE, apart, looked_at, named
from chatbench.services.attachments.preparing import Preparing
from chatbench.services.attachments.reading import Progress, Reading
from chatbench.services.attachments.sending import Ready, digest_of
from chatbench.services.attachments.takes import Takes
from chatbench.services.attachments.taking import Taking, candidate_of
from chatbench.services.attachments.uploading import Uploading
from chatbench.storage.files import FileStore
from chatbench.storage.renditions import RenditionStore
from chatbench.storage.uploads import Upload, UploadStore

_THUMBNAILS_KEPT = 200


class AttachmentService:
    """Takes files in, and hands them to requests in the form the model takes."""

    def __init__(
        self,
        files: FileStore,
        renditions: RenditionStore,
        uploads: UploadStore,
        environment: Environment,
        fetcher: Fetcher,
    ) -> None:
        self._files = files
        self._renditions = renditions
        self._environment = environment
        self._fetcher = fetcher
        self._thumbnails: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._uploading = Uploading(files, uploads, environment)
        self._reading = Reading(files, renditions)
        self._taking = Taking(files, self._reading)
        self._preparing = Preparing(files, self._reading, self._uploading, environment, self._others)

    # Before the drop.

    def judge(self, candidates: Sequence[Candidate], info: ModelInfo) -> tuple[Verdict, ...]:
        """What would happen to each file at this model, from names, kinds and sizes alone."""
        takes = Takes.of(info, self._environment)
        return tuple(judged(one, takes, lambda modality: self._others(info, modality)) for one in candidates)

    def models_that_see(self, info: ModelInfo) -> tuple[str, ...]:
        """Up to two models of the same provider that take images."""
        return self._others(info, "image")

    def models_that_take(self, info: ModelInfo, modality: Modality) -> tuple[ModelInfo, ...]:
        """Up to two other models of the same provider that take it."""
        same = (m for m in self._environment.catalogue.models(info.ref.provider) if m.ref != info.ref)
        return tuple(m for m in same if modality in Takes.of(m, self._environment).whole)[:2]

    def _others(self, info: ModelInfo, modality: Modality) -> tuple[str, ...]:
        return tuple(model.title for model in self.models_that_take(info, modality))

    def capabilities(self, info: ModelInfo) -> tuple[Capability, ...]:
        """What the model takes, kind by kind."""
        return capabilities(Takes.of(info, self._environment))

    def named(self, path: Path) -> Candidate:
        """What a file's name alone says of it."""
        return named(path)

    async def look(self, paths: Sequence[Path]) -> list[Candidate]:
        """Names, kinds and sizes of files, of which none is opened. Raises AttachmentRefused where the disk
        does not answer."""
        found: list[Candidate] = []
        for at in range(0, len(paths), LOOKED_AT_ONCE):
            some = paths[at : at + LOOKED_AT_ONCE]
            found += await apart(partial(looked_at, some), some[0].name)
        return found

    # Taking in.

    async def attach_path(
        self,
        path: Path,
        info: ModelInfo | None,
        *,
        store: bool = True,
        conversation_id: str = "",
        password: str = "",
        media_type: str = "",
    ) -> MediaPart:
        """Reads and checks a file, and stores it; without `store` it is held in memory, and the profile
        holds nothing of it. `conversation_id` is where it is for: a temporary one has its files in
        memory. `media_type` is what somebody says it is, "" where its bytes are to tell. Without `info` it
        is taken whatever models make of it. Raises AttachmentRefused with the reason, PasswordNeeded,
        HoldsFiles."""
        part = await self._taking.from_path(
            path, conversation_id, in_memory=not store, password=password, media_type=media_type
        )
        return self._fitting(part, info)

    async def attach_bytes(
        self,
        data: bytes,
        name: str,
        info: ModelInfo | None,
        *,
        store: bool = True,
        conversation_id: str = "",
        password: str = "",
        media_type: str = "",
    ) -> MediaPart:
        """Checks and stores a file as it came; everything else as `attach_path`."""
        part = await self._taking.from_bytes(
            data, name, conversation_id, in_memory=not store, password=password, media_type=media_type
        )
        return self._fitting(part, info)

    async def attach_text(
        self, text: str, name: str, *, media_type: str = "text/plain", conversation_id: str = ""
    ) -> FilePart:
        """Stores a text as a file beside the words; every model is sent it as words. Raises
        StorageError."""
        return await self._taking.from_text(text, name, media_type, conversation_id)

    async def attach_url(
        self,
        url: str,
        info: ModelInfo | None,
        *,
        store: bool = True,
        conversation_id: str = "",
        password: str = "",
        media_type: str = "",
        on_progress: Progress | None = None,
    ) -> MediaPart:
        """Fetches what is at a public address of the web; see `client.fetching`. Raises
        AttachmentRefused, PasswordNeeded."""
        found = await self._fetcher.fetch(url, on_progress)
        return await self.attach_bytes(
            found.data,
            found.name,
            info,
            store=store,
            conversation_id=conversation_id,
            password=password,
            media_type=media_type,
        )

    async def list_folder(
        self, folder: Path, on_progress: Callable[[int], None] | None = None
    ) -> FolderListing:
        """The files of a folder that may be attached, without what its .gitignore ignores. Raises
        AttachmentRefused."""
        return await list_folder(folder, on_progress=on_progress)

    async def list_archive(self, path: Path) -> Archive:
        """What is in a zip or tar file. Raises AttachmentRefused."""
        return await archive_of(path, path.name)

    async def attach_entry(
        self,
        path: Path,
        entry: Entry,
        info: ModelInfo | None,
        *,
        store: bool = True,
        conversation_id: str = "",
        password: str = "",
        media_type: str = "",
    ) -> MediaPart:
        """One file out of an archive; everything else as `attach_path`."""
        data = await entry_of(path, entry.index, path.name)
        return await self.attach_bytes(
            data,
            PurePosixPath(entry.name).name,
            info,
            store=store,
            conversation_id=conversation_id,
            password=password,
            media_type=media_type,
        )

    def _fitting(self, part: MediaPart, info: ModelInfo | None) -> MediaPart:
        """Raises AttachmentRefused where the model cannot be sent it in any form."""
        if info is None:
            return part
        (verdict,) = self.judge([candidate_of(part)], info)
        if not verdict.accepted:
            raise AttachmentRefused(
                f"{part.name or 'This file'} was not attached. {verdict.reason}",
                "Choose a model that takes it." if verdict.models else "",
                models=verdict.models,
            )
        return part

    # What there is.

    async def thumbnail(
        self, sha256: str, width: int, height: int, *, media_type: str = "", name: str = ""
    ) -> bytes:
        """A PNG: of a picture of exactly this many pixels, of a PDF its first page within them. Raises
        AttachmentRefused, StorageError."""
        key = (sha256, width, height)
        found = self._thumbnails.get(key)
        if found is None:
            found = await self._reading.thumbnail(sha256, media_type, name, width, height)
        self._thumbnails[key] = found
        self._thumbnails.move_to_end(key)
        if len(self._thumbnails) > _THUMBNAILS_KEPT:
            self._thumbnails.popitem(last=False)
        return found

    async def words(self, part: FilePart, on_progress: Progress | None = None) -> str:
        """The text of a stored document, pages of a PDF with form feeds between them. Raises
        AttachmentRefused, StorageError."""
        return await self._reading.words(digest_of(part), part.media_type, part.name, on_progress)

    async def facts(self, part: FilePart) -> PdfFacts:
        """What is known of a stored PDF. Raises AttachmentRefused, StorageError."""
        return await self._reading.facts(digest_of(part), part.name)

    def pages_sent(self, part: FilePart, count: int) -> tuple[int, ...]:
        """Which of a PDF's `count` pages are sent, from 1. Raises AttachmentRefused for a range that is
        none."""
        return sending.chosen_pages(part, count)

    async def pages(self, part: FilePart, numbers: Sequence[int], edge: int) -> list[bytes]:
        """Pages of a stored PDF, from 1, as JPEG pictures with their longer edge at `edge` pixels. Raises
        AttachmentRefused, StorageError."""
        drawn = await self._reading.pages(digest_of(part), part.name, numbers, edge)
        return [await self._files.read(page.sha256) for page in drawn]

    async def picture(self, part: ImagePart) -> bytes:
        """A stored picture as PNG, JPEG, WebP or GIF, whole. Raises AttachmentRefused, StorageError."""
        return await self._reading.decodable(digest_of(part), part.name)

    async def original(self, sha256: str) -> bytes:
        """The file as it was attached. Raises StorageError."""
        return await self._files.read(sha256)

    async def keep(self, conversation_id: str) -> frozenset[str]:
        """Stores the files of a temporary conversation that is to be kept, and what was made of them;
        returns those the disk did not have, for `take_back`. Raises DiskFull, ReadOnly, StorageError."""
        fresh = await self._files.keep(conversation_id)
        try:
            await self._renditions.bring(fresh)
            await self._uploading.bring(fresh)
        except BaseException:
            await self.take_back(fresh)
            raise
        return fresh

    async def take_back(self, files: Collection[str]) -> None:
        """Deletes what `keep` stored: the conversation is temporary as before."""
        await self._files.take_back(files)

    async def forget(self, conversation_id: str) -> None:
        """Lets go of the files in memory of a temporary conversation that was forgotten or is kept now,
        where no other one shows them."""
        await self._files.forget_unused(conversation_id)
        self._renditions.forget_held()
        self._thumbnails.clear()
        self._uploading.forget_held()

    async def aclose(self) -> None:
        await self._fetcher.aclose()

    # What a model gets.

    async def outlook(self, part: MediaPart, info: ModelInfo, *, read: bool = True) -> Outlook:
        """What becomes of a stored file at this model. Without `read` nothing is read that was not read
        before, and what its words take may be unknown. Raises AttachmentRefused where it cannot be read
        or has no such pages, StorageError."""
        return await self._preparing.outlook(part, info, read=read)

    async def ready(self, messages: Sequence[Message], info: ModelInfo) -> Ready:
        """The messages with every stored file in the form this model is sent, and what became of each.

        Raises AttachmentRefused where the model takes one in no form, or not so many pictures;
        `ProviderError`s where one has to be uploaded; StorageError.
        """
        return await self._preparing.ready(messages, info)

    # What providers keep.

    async def upload(self, part: MediaPart, provider: str, sha256: str = "") -> Upload:
        """Uploads a stored file, and sends its id from now on as long as the provider keeps it. One that is
        in memory alone is to be kept there for a day, where the provider lets us say so. Raises
        EndpointNotSupported, other `ProviderError`s, StorageError."""
        return await self._uploading.upload(part, sha256 or digest_of(part), provider)

    async def forget_lost(self, files: Sequence[SentFile], provider: str) -> bool:
        """Asks the provider for the files that went under its own names, and forgets those it does not
        have any more; returns whether there were any. Raises StorageError."""
        return await self._uploading.forget_lost(files, provider)

    def stored_at(self, provider: str) -> ProviderFiles:
        """The file storage of a provider; see `forget_upload`."""
        return ProviderFiles(self._environment, provider)

    async def forget_upload(self, provider: str, file_id: str) -> None:
        """Deletes a file at a provider. It is sent whole again where it is still attached. Raises
        `ProviderError`s, StorageError."""
        await ProviderFiles(self._environment, provider).delete(file_id)
        await self._uploading.forget(provider, file_id)
