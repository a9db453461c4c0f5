"""Files that a provider keeps."""

from __future__ import annotations

from typing import Literal

from chatbench.core.messages import ProviderFile, Value


class RemoteFile(Value, frozen=True):
    """What a provider tells of a file it keeps. `id` is what requests name it by; size in bytes, times
    in UTC milliseconds (0 where the provider tells none); `expires_at` None where it is kept until it
    is deleted. One that is "processing" cannot be asked about yet. `downloadable` None: nobody told.
    """

    id: str
    provider: str
    name: str = ""
    media_type: str = ""
    size: int = 0
    created_at: int = 0
    expires_at: int | None = None
    state: Literal["ready", "processing", "failed"] = "ready"
    purpose: str = ""
    downloadable: bool | None = None

    @property
    def source(self) -> ProviderFile:
        return ProviderFile(provider=self.provider, file_id=self.id)
