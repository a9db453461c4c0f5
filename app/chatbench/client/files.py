"""Files that providers keep: uploaded once, named by their id in every request after that."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from datetime import timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from chatbench.client.sync import synced
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import AttachmentRefused, BadRequest, EndpointNotSupported, Timeout
from chatbench.core.files import RemoteFile
from chatbench.core.secrets import Secret
from chatbench.providers.filestorage import FileStorage, Outgoing, Place
from chatbench.providers.wire import HttpWire

if TYPE_CHECKING:
    from chatbench.client.environment import Environment
    from chatbench.client.media import File

READY_S = 300.0
"""So long an uploaded film may take until it can be asked about."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 5.0


class ProviderFiles:
    """The file storage of one provider. Everything raises UnknownModel for a provider nobody knows,
    EndpointNotSupported for one that keeps no files, `ProviderError`s, and whatever finding the key
    raises. Without `endpoint` and `key` they are the environment's."""

    def __init__(
        self,
        environment: Environment,
        provider: str,
        *,
        endpoint: Endpoint | None = None,
        key: Secret | None = None,
    ) -> None:
        self._environment = environment
        self._provider = provider
        self._endpoint = endpoint
        self._key = key

    async def upload(
        self,
        data: bytes | Path,
        name: str,
        media_type: str,
        *,
        expires_in: timedelta | None = None,
        purpose: str = "",
        ready_within_s: float = READY_S,
    ) -> RemoteFile:
        """Uploads, and waits until it can be asked about. A file at a path is read while it is sent, as
        long as it is now. `expires_in`: how long it is kept, None for
        as long as the provider keeps files. Raises BadRequest for a time that is not offered and a
        file the provider cannot read, Timeout where it does not become ready, AttachmentRefused for a
        path that cannot be read to its end."""
        storage, place = await self._at()
        seconds = None if expires_in is None else int(expires_in.total_seconds())
        size = await asyncio.to_thread(_size, data, name)
        outgoing = Outgoing(data, PurePath(name).name, media_type, seconds, purpose, size)
        told = await storage.upload(place, outgoing)
        until, pause = time.monotonic() + ready_within_s, _FIRST_PAUSE_S
        while told.state == "processing":
            if time.monotonic() >= until:
                called = name or "the file"
                raise Timeout(
                    f"{place.endpoint.name} has not made {called} ready in {ready_within_s:.0f} s.",
                    "Look again later: `chatbench files list` tells its state.",
                    provider=place.endpoint.id,
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            told = await storage.retrieve(place, told.id)
        if told.state == "failed":
            raise BadRequest(
                f"{place.endpoint.name} could not read {name or 'the file'}.",
                "Try another format.",
                provider=place.endpoint.id,
            )
        return told

    async def retrieve(self, file_id: str) -> RemoteFile:
        storage, place = await self._at()
        return await storage.retrieve(place, file_id)

    async def list(self) -> list[RemoteFile]:
        storage, place = await self._at()
        return await storage.list(place)

    async def content(self, file_id: str) -> bytes:
        """The bytes. Most vendors give back only what their models made."""
        storage, place = await self._at()
        return await storage.content(place, file_id)

    async def delete(self, file_id: str) -> None:
        storage, place = await self._at()
        await storage.delete(place, file_id)

    async def _at(self) -> tuple[FileStorage, Place]:
        environment = self._environment
        endpoint = environment.keys.effective(self._endpoint or environment.endpoint(self._provider))
        wire = environment.registry.wire(endpoint.wire)
        if not isinstance(wire, HttpWire) or wire.storage is None:
            raise EndpointNotSupported(
                f"{endpoint.name} keeps no files.", "Send the file with the question.", provider=endpoint.id
            )
        key = self._key
        if key is None:
            found = await environment.keys.find(endpoint)
            key = found.secret if found else None
        return wire.storage, Place(wire, endpoint, key, environment.http)


def keeps_files(environment: Environment, provider: str) -> bool:
    """Whether files can be uploaded there."""
    endpoint = environment.registry.get(provider)
    if endpoint is None or not endpoint.quirks.file_storage:
        return False
    wire = environment.registry.wire(endpoint.wire)
    return isinstance(wire, HttpWire) and wire.storage is not None


def _size(data: bytes | Path, name: str) -> int:
    if isinstance(data, bytes):
        return len(data)
    try:
        return data.stat().st_size
    except OSError as error:
        told = f"{name or 'The file'} cannot be read: {error.strerror or error}."
        raise AttachmentRefused(told, "Attach it again.") from error


class Filing(ABC):
    """The part of the client that keeps files at providers; `provider` is the first model's where none
    is named. Raises as `ProviderFiles` does."""

    environment: Environment

    @abstractmethod
    def _place(self, provider: str) -> tuple[Endpoint, Secret | None]: ...

    def _files(self, provider: str) -> ProviderFiles:
        endpoint, key = self._place(provider)
        return ProviderFiles(self.environment, endpoint.id, endpoint=endpoint, key=key)

    async def create_file(
        self, file: File, *, provider: str = "", expires_in: timedelta | None = None, purpose: str = ""
    ) -> RemoteFile:
        """Uploads a `File` or an `Image`. Raises AttachmentRefused where it cannot be read."""
        data = await asyncio.to_thread(lambda: file.data)
        return await self._files(provider).upload(
            data, file.name, file.media_type, expires_in=expires_in, purpose=purpose
        )

    create_file_sync = synced(create_file)

    async def retrieve_file(self, file_id: str, *, provider: str = "") -> RemoteFile:
        """What is known of a file."""
        return await self._files(provider).retrieve(file_id)

    retrieve_file_sync = synced(retrieve_file)

    async def list_files(self, *, provider: str = "") -> list[RemoteFile]:
        """All files at the provider."""
        return await self._files(provider).list()

    list_files_sync = synced(list_files)

    async def file_content(self, file_id: str, *, provider: str = "") -> bytes:
        """The bytes, where the provider gives them back."""
        return await self._files(provider).content(file_id)

    file_content_sync = synced(file_content)

    async def delete_file(self, file_id: str, *, provider: str = "") -> None:
        """Makes the provider forget a file."""
        await self._files(provider).delete(file_id)

    delete_file_sync = synced(delete_file)
