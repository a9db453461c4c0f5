"""Asking over the HTTP seam, for its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from chatbench.core.endpoints import Endpoint
from chatbench.providers.http import Http, HttpAnswer, HttpRequest, Timeouts

CANARY = "sk-CANARY-0123456789abcdef"


QUICK = Timeouts(connect=5, read=5)


def endpoint(url: str, *, local: bool = False) -> Endpoint:
    return Endpoint(id="test", name="Test", wire="openai_chat", base_url=url, local=local)


@asynccontextmanager
async def opened(
    client: Http, url: str, timeouts: Timeouts = QUICK, headers: Mapping[str, str] | None = None
) -> AsyncIterator[HttpAnswer]:
    sent = {"authorization": f"Bearer {CANARY}", **(headers or {})}
    request = HttpRequest(url=url + "/v1/chat/completions", headers=sent, body=b'{"model": "text"}')
    async with client.open(request, endpoint(url), timeouts) as answer:
        yield answer


async def fetched(client: Http, url: str, timeouts: Timeouts = QUICK) -> bytes:
    async with opened(client, url, timeouts) as answer:
        return await answer.read()


def asking(url: str, body: bytes = b"{}") -> tuple[HttpRequest, Endpoint, Timeouts]:
    return HttpRequest(url=url + "/v1/chat/completions", body=body), endpoint(url), QUICK
