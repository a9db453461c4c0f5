"""In which form the files of a question went to each lane's model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import ascii_uppercase

from chatbench.core.conversations import Conversation, SentFile, TreeMessage
from chatbench.core.messages import MediaPart, StoredFile
from chatbench.ui.chat.transcript.source import Sent


class SentFiles:
    """What is known of the answers whose words were read."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[SentFile, ...]] = {}
        self._answers: Mapping[str, list[TreeMessage]] = {}
        self._lanes: tuple[str, ...] = ()
        self._path: frozenset[str] = frozenset()

    def follow(self, conversation: Conversation, path: Iterable[TreeMessage]) -> None:
        """Take a new outline, of which this branch is shown."""
        answers: dict[str, list[TreeMessage]] = {}
        for message in conversation.messages:
            if message.role == "assistant" and message.parent_id is not None:
                answers.setdefault(message.parent_id, []).append(message)
        self._answers = answers
        self._lanes = tuple(lane.id for lane in conversation.lanes)
        self._path = frozenset(message.id for message in path)

    def remember(self, message: TreeMessage) -> None:
        """An answer that was read."""
        if message.role == "assistant" and message.state != "streaming":
            self._known[message.id] = message.sent_files

    def unread(self, question: TreeMessage) -> list[str]:
        """The answers that would tell of a question's files and were not read yet."""
        if not any(isinstance(part, MediaPart) for part in question.parts):
            return []
        return [one.id for one in self._shown(question).values() if one.id not in self._known]

    def of(self, question: TreeMessage) -> Sent:
        """By the SHA-256 of each file the forms in which it went, with the letters of the lanes; "" for the
        only one."""
        files = [part.source.sha256 for part in question.parts
                 if isinstance(part, MediaPart) and isinstance(part.source, StoredFile)]  # fmt: skip
        if not files:
            return ()
        told = [
            (sent.original, lane, sent.form)
            for lane, answer in self._shown(question).items()
            for sent in self._known.get(answer.id, ())
            if sent.original in files
        ]
        return tuple(dict.fromkeys(told))

    def _shown(self, question: TreeMessage) -> dict[str, TreeMessage]:
        """The answer of each lane, by the lane's letter; of one lane the one on the branch."""
        answers = self._answers.get(question.id, [])
        if len(self._lanes) < 2:
            shown = next((one for one in answers if one.id in self._path), None)
            return {} if shown is None else {"": shown}
        newest = {one.lane_id: one for one in sorted(answers, key=lambda one: one.position)}
        lanes = zip(ascii_uppercase, self._lanes, strict=False)
        return {letter: newest[lane] for letter, lane in lanes if lane in newest}
