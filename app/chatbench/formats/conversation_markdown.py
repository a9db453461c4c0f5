"""A conversation as a Markdown document: the branch that is shown, top to bottom."""

from __future__ import annotations

import re

from chatbench.core.conversations import Conversation, TreeMessage
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    MediaPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    VideoPart,
)
from chatbench.formats.conversation_json import iso

_BRACKETS = re.compile(r"[\\\[\]<>`]")
_KINDS = {ImagePart: "image", FilePart: "file", AudioPart: "audio", VideoPart: "video"}


def to_markdown(conversation: Conversation) -> str:
    """Headings name who speaks; thinking is quoted; attachments are named, not embedded."""
    title = _line(conversation.summary.title) or "Conversation"
    out = [f"# {title}"]
    for number, lane in enumerate(conversation.lanes, 1):
        if len(conversation.lanes) > 1:
            named = f": {lane.model}" if lane.model is not None else ""
            out.append(f"---\n\nLane {number}{named}")
        if lane.system:
            out.append(f"## System\n\n{lane.system}")
        out.extend(_message(message) for message in conversation.path(lane.leaf))
    return "\n\n".join(out) + "\n"


def _message(message: TreeMessage) -> str:
    who = "You" if message.role == "user" else str(message.model or "Assistant")
    state = "" if message.state == "done" else f", {message.state}"
    state += ", edited" if message.edited else ""
    head = f"## {who} ({iso(message.created_at)[:16].replace('T', ' ')} UTC{state})"
    blocks = [head]
    for part in message.parts:
        match part:
            case TextPart(text=text) if text:
                blocks.append(text)
            case ThinkingPart(text=text) if text:
                blocks.append("\n".join(f"> {line}".rstrip() for line in text.splitlines()))
            case RefusalPart(text=text):
                blocks.append(f"Refused: {text}")
            case ImagePart() | FilePart() | AudioPart() | VideoPart():
                blocks.append(f"[{_KINDS[type(part)]}: {_named(part)}]")
            case ToolCallPart(name=name, arguments=arguments):
                blocks.append(f"Tool call `{name}`:\n\n```json\n{arguments}\n```")
            case _:
                pass
    if message.error is not None:
        blocks.append(f"*{_line(message.error.message)}*")
    return "\n\n".join(blocks)


def _named(part: MediaPart) -> str:
    """A file by its name, which comes from anybody and must not become a link; the pages that were chosen."""
    name = _BRACKETS.sub(r"\\\g<0>", _line(part.name)) or part.media_type
    return f"{name}, pages {_line(part.pages)}" if isinstance(part, FilePart) and part.pages else name


def _line(text: str) -> str:
    return " ".join(text.split())
