"""Values to columns and back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from chatbench.core.conversations import ConversationSummary, Draft, Lane, SentFile, TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    StoredFile,
    TextPart,
    ThinkingPart,
    ToolResultPart,
    VideoPart,
)
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.requests import StopReason
from chatbench.core.usage import Cost, Timings, Usage

MEDIA = (ImagePart, FilePart, AudioPart, VideoPart)


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is stored of a message beside its columns and its parts."""

    model_answered: str = ""
    system: str = ""
    parameters: Parameters = Parameters()
    left_out: tuple[LeftOut, ...] = ()
    sent_files: tuple[SentFile, ...] = ()
    stop_reason: StopReason | None = None
    stop_detail: str = ""
    response_id: str = ""
    usage: Usage | None = None
    cost: Cost | None = None
    timings: Timings = Timings()
    attempts: int = 0
    error: ErrorReport | None = None
    edited: bool = False
    continues: str = ""
    copy_of: str = ""
    prompt: str = ""
    sent_from: str = ""


_DETAIL_NAMES = Details.__struct_fields__
_EMPTY_DETAILS = Details()
_decode_parts = msgspec.json.Decoder(tuple[Part, ...]).decode
_decode_details = msgspec.json.Decoder(Details).decode
_decode_draft = msgspec.json.Decoder(Draft).decode
_decode_parameters = msgspec.json.Decoder(Parameters).decode
_decode_models = msgspec.json.Decoder(list[ModelRef]).decode


def encode(value: Any) -> str:
    """JSON text. Half a surrogate pair, which no encoding can hold, becomes a question mark."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_printable(msgspec.to_builtins(value))).decode()


def draft_key(conversation_id: str, *, edit: bool = False) -> str:
    """Where a conversation's draft stands, and where the edit of a sent message does."""
    return f"{conversation_id}/edit" if edit else conversation_id


def plain(text: str) -> str:
    """`text` as SQLite can hold it: without halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {_printable(key): _printable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(one) for one in value]
    return value


MESSAGE_COLUMNS = (
    "m.id, m.conversation_id, m.parent_id, m.turn_id, m.role, m.state, m.lane_id, m.position, "
    "m.provider, m.model, m.created_at, m.finished_at"
)
WHOLE_COLUMNS = MESSAGE_COLUMNS + ", c.parts, c.details"


def short_message(row: tuple[Any, ...]) -> TreeMessage:
    """From MESSAGE_COLUMNS: the message's place in the tree, without its words."""
    return TreeMessage(
        id=row[0],
        conversation_id=row[1],
        parent_id=row[2],
        turn_id=row[3],
        role=row[4],
        state=row[5],
        lane_id=row[6],
        position=row[7],
        model=ModelRef(row[8], row[9]) if row[8] is not None else None,
        created_at=row[10],
        finished_at=row[11],
    )


def whole_message(row: tuple[Any, ...]) -> TreeMessage:
    """From WHOLE_COLUMNS."""
    parts = _decode_parts(row[12])
    if row[13] == "{}":
        details = _EMPTY_DETAILS
    else:
        details = _decode_details(row[13])
    return TreeMessage(
        id=row[0],
        conversation_id=row[1],
        parent_id=row[2],
        turn_id=row[3],
        role=row[4],
        state=row[5],
        lane_id=row[6],
        position=row[7],
        model=ModelRef(row[8], row[9]) if row[8] is not None else None,
        created_at=row[10],
        finished_at=row[11],
        parts=parts,
        model_answered=details.model_answered,
        system=details.system,
        parameters=details.parameters,
        left_out=details.left_out,
        sent_files=details.sent_files,
        stop_reason=details.stop_reason,
        stop_detail=details.stop_detail,
        response_id=details.response_id,
        usage=details.usage,
        cost=details.cost,
        timings=details.timings,
        attempts=details.attempts,
        error=details.error,
        edited=details.edited,
        continues=details.continues,
        copy_of=details.copy_of,
        prompt=details.prompt,
        sent_from=details.sent_from,
    )


def parts_of(text: str) -> tuple[Part, ...]:
    return _decode_parts(text)


def details_of(message: TreeMessage) -> str:
    """The JSON of everything that has no column."""
    return encode(Details(**{name: getattr(message, name) for name in _DETAIL_NAMES}))


def words_of(parts: tuple[Part, ...]) -> str:
    """What a person would look for: what was said, thinking left out; names of attached files."""
    words = [part.text for part in parts if isinstance(part, TextPart | RefusalPart)]
    words += [part.name for part in parts if isinstance(part, MEDIA) and part.name]
    return "\n".join(words)


class Extent(msgspec.Struct, frozen=True, gc=False):
    """How much room a message will want: characters and lines of what is read (text, thinking
    and refusals), and how many pictures and files it has."""

    text_length: int
    line_count: int
    media_count: int


def extent_of(parts: tuple[Part, ...]) -> Extent:
    texts = [part.text for part in parts if isinstance(part, TextPart | ThinkingPart | RefusalPart)]
    return Extent(
        sum(map(len, texts)),
        sum(text.count("\n") + 1 for text in texts),
        sum(isinstance(part, MEDIA) for part in parts),
    )


def stored_files(parts: tuple[Part, ...]) -> set[str]:
    """The SHA-256 of every file of the profile's store that the parts show."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, ToolResultPart):
            found |= stored_files(part.parts)
        elif isinstance(part, MEDIA) and isinstance(part.source, StoredFile):
            found.add(part.source.sha256)
    return found


def name_of_file(parts: tuple[Part, ...], sha256: str) -> str:
    """What the file is called where these parts show it."""
    for part in parts:
        if isinstance(part, MEDIA) and part.source == StoredFile(sha256=sha256):
            return part.name
    return ""


LANE_COLUMNS = "id, position, provider, model, system, parameters, leaf, closed"


def lane(row: tuple[Any, ...]) -> Lane:
    """From LANE_COLUMNS."""
    return Lane(
        id=row[0],
        position=row[1],
        model=ModelRef(row[2], row[3]) if row[2] is not None else None,
        system=row[4],
        parameters=_decode_parameters(row[5]),
        leaf=row[6],
        closed=bool(row[7]),
    )


SUMMARY_COLUMNS = (
    "id, title, created_at, updated_at, pinned, unread, failed, models, message_count, "
    "cost_amount, unpriced, "
    "EXISTS (SELECT 1 FROM messages AS m "
    "WHERE m.conversation_id = conversations.id AND m.state = 'streaming')"
)


def summary(row: tuple[Any, ...]) -> ConversationSummary:
    """From SUMMARY_COLUMNS."""
    return ConversationSummary(
        id=row[0],
        title=row[1],
        created_at=row[2],
        updated_at=row[3],
        pinned=bool(row[4]),
        unread=bool(row[5]),
        streaming=bool(row[11]),
        failed=bool(row[6]),
        models=tuple(models_of(row[7])),
        message_count=row[8],
        cost=Cost(amount=Decimal(row[9])) if row[9] is not None else None,
        cost_complete=row[10] == 0,
    )


def models_of(text: str) -> list[ModelRef]:
    return _decode_models(text)


def draft(text: str) -> Draft:
    return _decode_draft(text)


def model_columns(model: ModelRef | None) -> tuple[str | None, str | None]:
    return (plain(model.provider), plain(model.id)) if model is not None else (None, None)


def is_unpriced(message: TreeMessage) -> bool:
    """An answer that cost something nobody can name: tokens were used, or words came, and there is
    no price. A call that failed before either is taken to be free. Another currency than US
    dollars cannot be added up, so it counts as unknown in sums."""
    if message.role != "assistant" or message.state == "streaming" or message.copy_of:
        return False
    if message.cost is not None:
        return message.cost.currency != "USD"
    return message.usage is not None or (bool(message.parts) and _was_called_for(message))


def _was_called_for(message: TreeMessage) -> bool:
    """Whether the words of an answer came from a call of its own: not those a person wrote, nor
    those of the answer it was to go on from."""
    if message.continues:
        return message.state != "failed"
    return not (message.edited and message.state == "done")


def priced_amount(message: TreeMessage) -> str | None:
    """US dollars as decimal text for sums; None where unknown, in another currency, or counted
    elsewhere."""
    cost = message.cost
    counts = cost is not None and cost.currency == "USD" and not message.copy_of
    return format(cost.amount, "f") if cost is not None and counts else None
