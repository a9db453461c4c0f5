"""What providers keep of the profile's files: uploaded once, named by the provider's id until it expires."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import timedelta

from chatbench.client.environment import Environment
from chatbench.client.files import ProviderFiles
from chatbench.core.conversations import SentFile
from chatbench.core.errors import BadRequest, ChatbenchError, NotFound, PermissionDenied
from chatbench.core.messages import MediaPart
from chatbench.services.attachments.reading import Turns
from chatbench.storage.files import FileStore
from chatbench.storage.uploads import Upload, UploadStore

_EXPIRES_SOON_MS = 10 * 60 * 1000
_A_DAY = timedelta(days=1)


class Uploading:
    """By the file's SHA-256 and the provider's id. Of a file that is in memory alone nothing is written
    down, and the provider is to keep it for a day, where it lets us say so. Everything raises
    StorageError, and `ProviderError`s where the provider is asked."""

    def __init__(self, files: FileStore, uploads: UploadStore, environment: Environment) -> None:
        self._files = files
        self._uploads = uploads
        self._environment = environment
        self._held: dict[tuple[str, str], Upload] = {}
        self._turns = Turns()

    async def id_of(self, part: MediaPart, sha256: str, provider: str, *, needed: bool) -> str | None:
        """The provider's name for the file, None where it has none; then it is uploaded if that is
        `needed`. Whoever needs the same file meanwhile waits for it."""
        async with self._turns.of(sha256, provider):
            found = self._held.get((sha256, provider)) or await self._uploads.find(sha256, provider)
            if found is not None and not _expires_soon(found):
                return found.file_id
            return (await self.upload(part, sha256, provider)).file_id if needed else None

    async def upload(self, part: MediaPart, sha256: str, provider: str) -> Upload:
        """Uploads it, whatever the provider has."""
        data = await self._files.whole(sha256)
        at = ProviderFiles(self._environment, provider)
        try:
            expires_in = _A_DAY if self._files.holds(sha256) else None
            told = await at.upload(data, part.name, part.media_type, expires_in=expires_in)
        except BadRequest as error:
            if error.param != "expires_in":
                raise
            told = await at.upload(data, part.name, part.media_type)
        upload = Upload(
            sha256=sha256,
            provider=provider,
            file_id=told.id,
            uploaded_at=_now_ms(),
            expires_at=told.expires_at,
        )
        if self._files.holds(sha256):
            self._held[sha256, provider] = upload
        else:
            await self._uploads.put(upload)
        return upload

    async def forget(self, provider: str, file_id: str) -> None:
        """The provider does not keep it any more."""
        self._held = {
            key: one for key, one in self._held.items() if (one.provider, one.file_id) != (provider, file_id)
        }
        await self._uploads.forget(provider, file_id)

    async def forget_lost(self, files: Sequence[SentFile], provider: str) -> bool:
        """Asks the provider for the files that went under its own names, and forgets those it does not
        have any more; returns whether there were any. What cannot be asked is taken to be there."""
        lost = False
        for file_id in dict.fromkeys(file.file_id for file in files if file.file_id):
            try:
                await ProviderFiles(self._environment, provider).retrieve(file_id)
            except (NotFound, BadRequest, PermissionDenied):
                await self.forget(provider, file_id)
                lost = True
            except ChatbenchError:
                continue
        return lost

    async def bring(self, files: Collection[str]) -> None:
        """Writes down what was known of files that were in memory alone and are stored now."""
        for upload in self._held.values():
            if upload.sha256 in files:
                await self._uploads.put(upload)

    def forget_held(self) -> None:
        """Lets go of what is known of files that are no longer in memory."""
        self._held = {key: one for key, one in self._held.items() if self._files.holds(one.sha256)}


def _expires_soon(upload: Upload) -> bool:
    return upload.expires_at is not None and upload.expires_at < _now_ms() + _EXPIRES_SOON_MS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
