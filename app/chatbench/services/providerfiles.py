"""Files that providers keep, as a person looks after them: listed, uploaded, fetched back, deleted."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.files import ProviderFiles, keeps_files
from chatbench.core.changes import Changes
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import AttachmentRefused, ConfigurationError
from chatbench.core.files import RemoteFile
from chatbench.core.observe import Signal
from chatbench.documents import kinds
from chatbench.services.attachments import AttachmentService
from chatbench.storage.offthread import off_thread
from chatbench.storage.textfiles import replace_file
from chatbench.storage.turns import now_ms
from chatbench.storage.uploads import Upload, UploadStore, Use

__all__ = ["MAX_BYTES", "KeptFile", "ProviderFileService", "Use"]

MAX_BYTES = 500 * 1024 * 1024
_HEAD = 1 << 16
_LISTED_AFTER_MS = 60_000
"""A list may be a little behind what was just uploaded."""


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file at a provider, and the conversations whose messages show it."""

    file: RemoteFile
    uses: tuple[Use, ...] = ()


class ProviderFileService:
    """By the provider's id. What asks a provider raises UnknownModel for one nobody knows,
    EndpointNotSupported for one that keeps no files, MissingKey and other `ProviderError`s, and
    StorageError."""

    def __init__(
        self,
        environment: Environment,
        attachments: AttachmentService,
        uploads: UploadStore,
        changes: Signal[Changes],
    ) -> None:
        self._environment = environment
        self._attachments = attachments
        self._uploads = uploads
        self._changes = changes

    def providers(self) -> tuple[Endpoint, ...]:
        """Those that keep files and can be asked now: their key is there, or they need none."""
        environment = self._environment
        return tuple(
            endpoint
            for endpoint in environment.registry.endpoints()
            if keeps_files(environment, endpoint.id)
            and environment.keys.state(endpoint).state in ("ready", "not_needed")
        )

    def provider(self, named: str = "") -> Endpoint:
        """The provider of that id, or the only one there is. Raises UnknownModel, ConfigurationError."""
        if named:
            return self._environment.endpoint(named)
        found = self.providers()
        if len(found) == 1:
            return found[0]
        if not found:
            raise ConfigurationError(
                "No provider that keeps files has a key.", "Set one: chatbench keys set PROVIDER"
            )
        ids = ", ".join(endpoint.id for endpoint in found)
        raise ConfigurationError(f"Several providers keep files: {ids}.", "Say which with --provider.")

    async def list(self, provider: str) -> tuple[KeptFile, ...]:
        """Everything at a provider, newest first. What is no longer there is not sent by its id again."""
        files = await self._at(provider).list()
        there = {file.id for file in files}
        for upload in await self._uploads.of(provider):
            if upload.file_id not in there and upload.uploaded_at < now_ms() - _LISTED_AFTER_MS:
                await self._uploads.forget(provider, upload.file_id)
        uses = await self._uploads.uses(provider)
        files.sort(key=lambda file: file.created_at, reverse=True)
        return tuple(KeptFile(file=file, uses=uses.get(file.id, ())) for file in files)

    async def show(self, provider: str, file_id: str) -> KeptFile:
        """One file."""
        file = await self._at(provider).retrieve(file_id)
        return KeptFile(file=file, uses=(await self._uploads.uses(provider)).get(file.id, ()))

    async def upload(self, provider: str, path: Path, *, expires_in: timedelta | None = None) -> RemoteFile:
        """Uploads a file of this computer; where the same bytes are attached to a question, they go by its
        id from then on. Raises AttachmentRefused where it cannot be read, BadRequest for a time the
        provider does not offer."""
        media_type, sha256 = await off_thread(lambda: _looked_at(path), "upload")
        told = await self._at(provider).upload(path, path.name, media_type, expires_in=expires_in)
        await self._uploads.put(
            Upload(
                sha256=sha256, provider=provider, file_id=told.id, uploaded_at=now_ms(),
                expires_at=told.expires_at,
            )
        )  # fmt: skip
        self._changes.emit(Changes(files=True))
        return told

    async def content(self, provider: str, file_id: str) -> bytes:
        """The bytes. Most vendors give back only what their models made."""
        return await self._at(provider).content(file_id)

    async def download(self, provider: str, file_id: str, out: Path) -> int:
        """Writes them as a whole or not at all; returns how many. Raises DiskFull, ReadOnly."""
        data = await self.content(provider, file_id)
        await asyncio.to_thread(replace_file, out, data)
        return len(data)

    async def delete(self, provider: str, file_id: str) -> None:
        """The provider forgets it. It is sent whole again where it is still attached."""
        await self._attachments.forget_upload(provider, file_id)
        self._changes.emit(Changes(files=True))

    def _at(self, provider: str) -> ProviderFiles:
        return ProviderFiles(self._environment, provider)


def _looked_at(path: Path) -> tuple[str, str]:
    """Media type and SHA-256 of a file. Sound and film, which may be long, tell theirs at the start."""
    try:
        if path.is_dir():
            raise AttachmentRefused(f"{path.name} is a folder.", "Name a file in it.")
        if path.stat().st_size > MAX_BYTES:
            raise AttachmentRefused(
                f"{path.name} is larger than {MAX_BYTES >> 20} MiB.", "Save it smaller and try again."
            )
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if not head:
                raise AttachmentRefused(f"{path.name} is empty.", "Choose another file.")
            media_type = kinds.media_type_of(head, path.name)
            if not media_type.startswith(("audio/", "video/")):
                media_type = kinds.media_type_of(head + file.read(), path.name)
            file.seek(0)
            return media_type, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AttachmentRefused(
            f"{path.name} cannot be read: {error.strerror or error}.", "Choose another file."
        ) from error
