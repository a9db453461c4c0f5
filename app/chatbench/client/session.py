"""A session that remembers: each prompt goes with what was said before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from chatbench.client.call import AnswerStream
from chatbench.client.history import Recorder
from chatbench.client.lazy import LazyResponse
from chatbench.client.sync import synced, synced_iterator
from chatbench.core.ids import new_id
from chatbench.core.messages import Message
from chatbench.core.requests import Response


class Session:
    """`messages` is all that was said, `responses` every answer. A prompt that fails leaves the
    session as it was; prompts at the same time do not see one another and are remembered in the
    order of their answers. What holds for every prompt (a system prompt, tools, parameters) is given
    when the session is made."""

    def __init__(
        self,
        open_stream: Callable[..., AnswerStream],
        asking: dict[str, Any],
        recorder: Recorder | None = None,
    ) -> None:
        self.id = new_id()
        """What a budget for a conversation goes by."""
        self.messages: list[Message] = []
        self.responses: list[Response] = []
        self._open_stream = open_stream
        self._asking = asking
        self._recorder = recorder

    async def complete(self, prompt: Any, **asking: Any) -> Response:
        """The answer to the next prompt. Raises what `LLMClient.complete` raises."""
        return await self.prompt(prompt, **{"stream": False, **asking})

    complete_sync = synced(complete)

    async def stream_text(self, prompt: Any, **asking: Any) -> AsyncGenerator[str, None]:
        """The words of the answer as they come."""
        async with aclosing(aiter(self.prompt(prompt, **asking))) as texts:
            async for text in texts:
                yield text

    stream_text_sync = synced_iterator(stream_text)

    def prompt(self, prompt: Any, **asking: Any) -> LazyResponse:
        """A response for which nothing is sent until it is read. The session goes on from it then."""
        opened: list[tuple[AnswerStream, int]] = []

        def make() -> AnswerStream:
            before = tuple(self.messages)
            stream = self._open_stream(
                prompt, before=before, conversation=self.id, **{**self._asking, **asking}
            )
            opened.append((stream, len(before)))
            return stream

        async def finished(response: Response) -> None:
            stream, before = opened[-1]
            new = stream.asked.messages[before:]
            # First of all: an answer that the history does not take has been given all the same.
            self.messages += [*new, response.message]
            self.responses.append(response)
            if self._recorder is not None:
                await self._recorder.record(stream.asked, new, response)

        return LazyResponse(make, finished)
