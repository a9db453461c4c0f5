"""What of a conversation is sent otherwise than it stands there: left out, or summarised."""

from __future__ import annotations

import msgspec

from chatbench.core.models import ModelRef


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Stands for everything from the beginning of a branch down to `message_id`, that included.
    `created_at` is UTC milliseconds; a `withdrawn` one is kept and not used."""

    id: str
    conversation_id: str
    message_id: str
    text: str
    model: ModelRef
    created_at: int
    withdrawn: bool = False


class Marks(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`unsent` are the messages a person left out, `unsent_files` single files of others, by message and
    SHA-256; `summaries` the newest one in use by the message it ends with."""

    unsent: frozenset[str] = frozenset()
    unsent_files: frozenset[tuple[str, str]] = frozenset()
    summaries: dict[str, Summary] = {}

    def __bool__(self) -> bool:
        return bool(self.unsent or self.unsent_files or self.summaries)


NO_MARKS = Marks()
