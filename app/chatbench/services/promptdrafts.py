"""What was written into a prompt and not saved as a version: a small file each, until it is saved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from chatbench.core.prompts import Prompt
from chatbench.core.values import Plain
from chatbench.storage import failures
from chatbench.storage.textfiles import replace_file


class PromptDraft(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`prompt` as it stands, None where it is as version `number`; `values` it is tried with, and the
    `models` (`provider/model-id`); `dataset` the id of the data set beside it ("" for none; None: nobody has
    chosen yet), `row` the one in view, counted from 0."""

    number: int
    prompt: Prompt | None = None
    values: dict[str, Any] = {}
    models: tuple[str, ...] = ()
    dataset: str | None = None
    row: int = 0


class PromptDrafts:
    """In a folder of the profile. Methods raise StorageError where the disk does not do what is asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, prompt_id: str, draft: PromptDraft) -> None:
        """Instead of the one before."""
        await asyncio.to_thread(self._write, prompt_id, msgspec.json.encode(draft))

    async def read(self, prompt_id: str) -> PromptDraft | None:
        """None where there is none, or none that can be read."""
        return await asyncio.to_thread(self._read, prompt_id)

    async def forget(self, prompt_id: str) -> None:
        """There is nothing to be kept of it any more."""
        await asyncio.to_thread(self._remove, prompt_id)

    def _path(self, prompt_id: str) -> Path:
        return self._folder / f"{prompt_id}.json"

    def _write(self, prompt_id: str, data: bytes) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise failures.system_error(error, self._folder) from error
        replace_file(self._path(prompt_id), data)

    def _read(self, prompt_id: str) -> PromptDraft | None:
        try:
            return msgspec.json.decode(self._path(prompt_id).read_bytes(), type=PromptDraft)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failures.system_error(error, self._folder) from error
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def _remove(self, prompt_id: str) -> None:
        try:
            self._path(prompt_id).unlink(missing_ok=True)
        except OSError as error:
            raise failures.system_error(error, self._folder) from error
