"""The loopback provider itself: what it answers, how it paces, how it notices that one leaves."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from contextlib import closing
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.loopback import replies
from tests.loopback.server import LoopbackServer


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


def post(server: LoopbackServer, path: str, body: object) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("POST", path, json.dumps(body))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"model": "m", "stream": True}),
        ("/v1/responses", {"model": "m", "stream": True}),
        ("/v1/messages", {"model": "m", "stream": True}),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", {}),
        ("/mistral/v1/chat/completions", {"model": "m", "stream": True}),
        ("/v2/chat", {"model": "m", "stream": True}),
        ("/api/chat", {"model": "m"}),
    ],
)
def test_it_streams_in_every_wire(path: str, body: object) -> None:
    with LoopbackServer() as server:
        server.words = ["one ", "two"]
        answer = post(server, path, body)
    lines = path == "/api/chat"
    assert answer.headers["content-type"] == ("application/x-ndjson" if lines else "text/event-stream")
    assert answer.body.count(b"one ") >= 1
    assert [asked.target for asked in server.asked] == [path]
    assert server.asked[0].json == body


def test_it_keeps_a_connection_and_remembers_what_was_asked() -> None:
    with LoopbackServer() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for _ in range(30):
            connection.request("GET", "/v1/models", headers={"X-Mark": "x"})
            assert connection.getresponse().read().startswith(b'{"object": "list"')
        connection.close()
    assert server.connections == 1
    assert len(server.asked) == 30
    assert server.asked[-1].headers["x-mark"] == "x"


def test_scripted_answers_come_first_and_in_order() -> None:
    with LoopbackServer() as server:
        server.script(replies.data({}, 429, {"retry-after": "3"}), replies.web_page())
        first, second, third = (post(server, "/v1/chat/completions", {"model": "text"}) for _ in range(3))
        assert (first.status, first.headers["retry-after"]) == (429, "3")
        assert second.body.startswith(b"<!DOCTYPE html>")
        assert third.status == 200


def test_pace_is_kept() -> None:
    with LoopbackServer() as server:
        server.words, server.pace = ["x"] * 36, 200
        began = time.monotonic()
        answer = post(server, "/v1/chat/completions", {"model": "m", "stream": True})
        assert len(answer.body.split(b"\n\n")) == 36 + 5
        assert 0.18 <= time.monotonic() - began < 2


def test_it_notices_who_leaves() -> None:
    with LoopbackServer() as server:
        server.script(replies.endless_event())
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        connection.recv(1000)
        connection.close()
        assert server.wait_for_leaving().path == "/v1/chat/completions"


def test_it_runs_as_a_process() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.loopback", "--words", "2"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            wire, address = process.stdout.readline().split()
            assert wire == "openai_chat"
            host, port = address.removeprefix("http://").removesuffix("/v1").split(":")
            connection = http.client.HTTPConnection(host, int(port), timeout=10)
            connection.request("POST", "/v1/chat/completions", b'{"model": "m", "stream": true}')
            said = connection.getresponse().read()
            connection.close()
        finally:
            process.terminate()
    assert b'"quick "' in said
    assert process.returncode == 0
