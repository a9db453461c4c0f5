"""The answers that are coming in: begun, run to their ends, written, stopped, ended with the program."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from chatbench.core.changes import Changes
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.messages import Part
from chatbench.core.observe import Signal
from chatbench.services.answers import Answer
from chatbench.services.notices import Notice, Notifier
from chatbench.services.turns import Turn
from chatbench.storage.conversations import ConversationStore

log = logging.getLogger(__name__)


class Underway:
    """Keeps answers alive, each in a task of its own, whatever becomes of the pane that asked."""

    def __init__(
        self,
        store: ConversationStore,
        changes: Signal[Changes],
        notifier: Notifier,
        ended: Callable[[str], Awaitable[None]],
    ) -> None:
        """`ended` is called with the conversation's id after each answer that was written."""
        self._store = store
        self._changes = changes
        self._notifier = notifier
        self._ended = ended
        self._live: dict[str, Answer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning: set[asyncio.Task[Turn]] = set()
        self.closing = False

    def live(self, message_id: str) -> Answer | None:
        """The answer if it is still coming in (or could not be written at its end)."""
        return self._live.get(message_id)

    def coming(self) -> tuple[Answer, ...]:
        """All answers that are coming in."""
        return tuple(answer for answer in self._live.values() if answer.state == "streaming")

    def refuse_while_closing(self) -> None:
        """Raises ConfigurationError once the program ends."""
        if self.closing:
            raise ConfigurationError("Chatbench is closing.", "Start it again to go on.")

    async def unbroken(self, begin: Coroutine[Any, Any, Turn]) -> Turn:
        """What is written is started too, even where whoever asked for it is gone meanwhile."""
        beginning = asyncio.get_running_loop().create_task(begin)
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)
        return await asyncio.shield(beginning)

    def start(self, answer: Answer) -> None:
        """Receives an answer that stands in the history, and writes it there."""
        self._begin(answer, self._run(answer))

    def start_unwritten(self, answer: Answer) -> None:
        """Receives an answer of which only what it cost is written down."""
        self._begin(answer, self._run_unwritten(answer))

    async def wait(self, turn: Turn) -> None:
        """Returns when every answer of the turn is over and written."""
        waiting = [t for t in self._tasks if t.get_name() in {a.id for a in turn.answers}]
        if waiting:
            await asyncio.wait(waiting)

    async def aclose(self) -> None:
        """No new work; running answers end as interrupted, their text kept. Answers that could
        not be saved are tried once more."""
        self.closing = True
        if self._beginning:
            await asyncio.wait(self._beginning)
        for answer in tuple(self._live.values()):
            if answer.state == "streaming":
                answer.stop("interrupted")
            else:
                self._finish_again(answer)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, answer: Answer, work: Coroutine[Any, Any, None]) -> None:
        self._live[answer.id] = answer
        task = asyncio.get_running_loop().create_task(work, name=answer.id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, answer: Answer) -> None:
        try:
            await answer.run(self._store.checkpoint)
        except Exception:
            # A bug of ours: the answer has its state all the same, and what has come must be written.
            log.exception("receiving an answer failed")
        await self._finish(answer)

    async def _run_unwritten(self, answer: Answer) -> None:
        async def keep_nothing(message_id: str, parts: tuple[Part, ...]) -> None:
            return None

        try:
            await answer.run(keep_nothing)
        except Exception:
            # A bug of ours: what the answer cost must be written down all the same.
            log.exception("receiving an answer failed")
        self._live.pop(answer.id, None)
        try:
            await self._store.record_spend(answer.message)
        except StorageError as error:
            self._notifier.error(error)
        else:
            self._changes.emit(Changes(usage=True))

    async def _finish(self, answer: Answer) -> None:
        try:
            await self._store.finish(answer.message)
        except StorageError as error:
            self._notifier.say(
                Notice(
                    text=f"The answer could not be saved. {error.message}",
                    hint=error.hint,
                    kind="error",
                    action="Save again",
                    run=lambda: self._finish_again(answer),
                )
            )
        else:
            self._live.pop(answer.id, None)
        conversation_id = answer.message.conversation_id
        conversation = frozenset({conversation_id})
        self._changes.emit(Changes(conversations=conversation, answered=conversation, usage=True))
        await self._ended(conversation_id)

    def _finish_again(self, answer: Answer) -> None:
        self._begin(answer, self._finish(answer))
