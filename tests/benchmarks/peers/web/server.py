"""`python -m tests.benchmarks.peers.web.server PAGE PROFILE ID`: what the page and our window talk to.

Serves the page in the folder PAGE, the profile's conversation as JSON, and four models' answers: the
same words at the same pace to whoever asks. Prints its address; ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.benchmarks.answers import TOKEN, answer_of
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import Asked, LoopbackServer

from chatbench.main import build

MODELS = ("model-1", "model-2", "model-3", "model-4")
PACE = 200.0
"""Tokens a second, to each."""
STREAM_S = 10.0
ANSWER = round(PACE * STREAM_S) * TOKEN
"""Characters of an answer."""
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css"}


class WebServer(LoopbackServer):
    """The loopback provider, which has a page too."""

    def __init__(self, page: Path, conversation: list[dict[str, str]]) -> None:
        super().__init__()
        self._page = page
        text = answer_of(2 * ANSWER)
        for number, model in enumerate(MODELS):
            # Each begins elsewhere, so that no two columns show the same.
            said = text[number * 1_000 :][:ANSWER]
            words = [said[at : at + TOKEN] for at in range(0, ANSWER, TOKEN)]
            frames = openai_chat.answer(words, model=model)
            self.told[model] = replies.events(frames, pace=PACE)
        self._conversation = conversation

    def _usual(self, asked: Asked) -> Reply:
        if asked.method != "GET" or not asked.path.startswith("/page/"):
            return super()._usual(asked)
        name = asked.path.removeprefix("/page/")
        if name == "conversation.json":
            return replies.data(self._conversation)
        file = self._page / Path(name).name
        return Reply([file.read_bytes()], headers={"content-type": _TYPES[file.suffix]})


async def _read(profile: Path, conversation_id: str) -> list[dict[str, str]]:
    services = build(profile)
    try:
        await services.profile.ready()
        found = await services.history.load(conversation_id)
    finally:
        await services.aclose()
    return [{"id": one.id, "role": one.role, "text": one.text} for one in found.messages]


if __name__ == "__main__":
    with WebServer(Path(sys.argv[1]), asyncio.run(_read(Path(sys.argv[2]), sys.argv[3]))) as server:
        print(server.url, flush=True)
        sys.stdin.read()
