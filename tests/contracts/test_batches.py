"""Batch jobs against the vendors' own types and clients: what we send is what they send, and what the
loopback server tells is what they read. A line of a file has a type with no vendor: its request has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import openai
import pydantic
import pytest
from google import genai
from google.genai import types
from mistralai.client import Mistral as Vendor
from mistralai.client import models
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from tests.contracts import conversations
from tests.contracts.vendors import accept, forbid_unknown_keys, lost
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import Message, user
from chatbench.core.params import Parameters
from chatbench.core.secrets import Secret
from chatbench.providers.filestorage import Place
from chatbench.providers.gemini import Gemini
from chatbench.providers.http import Http
from chatbench.providers.jobs import JobWork
from chatbench.providers.mistral import Mistral
from chatbench.providers.openai_responses import OpenAIResponses
from chatbench.providers.wire import HttpWire

forbid_unknown_keys("openai.types")
WHOLE = pydantic.TypeAdapter[Any](ResponseCreateParamsNonStreaming)
WIRES: dict[str, HttpWire] = {"openai": OpenAIResponses(), "gemini": Gemini(), "mistral": Mistral()}
AUTH = {"gemini": "header:x-goog-api-key"}
LABEL = "0" * 32
SAID = (user("Hi"), user("What is it?", conversations.PICTURE))
ASKED: dict[str, Any] = {"system": "Be short.", "tools": (conversations.CLOCK,), "stream": False}


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http()
    yield opened
    await opened.aclose()


def work_of(vendor: str) -> JobWork:
    work = WIRES[vendor].jobs
    assert work is not None
    return work


def place(vendor: str, server: LoopbackServer, http: Http) -> Place:
    wire = WIRES[vendor]
    quirks = {"api_version": "v1beta"} if vendor == "gemini" else {}
    where = wires.endpoint(
        wire.id, server.base_url(wire.id), auth=AUTH.get(vendor, "bearer"), file_storage=True,
        batch_jobs=True, **quirks,
    )  # fmt: skip
    return Place(wire, where, Secret(wires.KEY), http)


def line(at: Place, work: JobWork, name: str, messages: tuple[Message, ...], **asked: Any) -> bytes:
    made = wires.call(at.endpoint, messages, model="model-1", **{**ASKED, **asked})
    return work.line(name, made, at.wire)


async def test_lines_for_openai_hold_requests_of_its_types(server: LoopbackServer, http: Http) -> None:
    at, work = place("openai", server, http), work_of("openai")
    for asked in ({}, {"parameters": Parameters(temperature=0.5, max_output_tokens=9)}):
        told = msgspec.json.decode(line(at, work, f"{LABEL}-1", SAID, **asked))
        assert set(told) == {"custom_id", "method", "url", "body"}
        assert (told["method"], told["url"]) == ("POST", "/v1/responses")
        accept(WHOLE, told["body"])
        with pytest.raises(pydantic.ValidationError):
            accept(WHOLE, {**told["body"], "max_tokens": 5})


async def test_openais_client_makes_the_same_job(server: LoopbackServer, http: Http) -> None:
    at, work = place("openai", server, http), work_of("openai")
    await work.submit(at, LABEL, [line(at, work, f"{LABEL}-1", SAID)], "")
    ours = server.asked[-1]
    file_id = ours.json["input_file_id"]
    async with openai.AsyncOpenAI(base_url=at.endpoint.base_url, api_key=wires.KEY) as vendor:
        await vendor.batches.create(
            input_file_id=file_id, endpoint="/v1/responses", completion_window="24h",
            metadata={"chatbench": LABEL},
        )  # fmt: skip
    assert (ours.target, ours.json) == (server.asked[-1].target, server.asked[-1].json)


def google(at: Place) -> genai.Client:
    options = types.HttpOptions(base_url=at.endpoint.base_url, api_version="v1beta")
    return genai.Client(api_key=wires.KEY, http_options=options)


async def test_googles_client_makes_the_same_job_of_inline_requests(
    server: LoopbackServer, http: Http
) -> None:
    at, work = place("gemini", server, http), work_of("gemini")
    made = wires.call(at.endpoint, (user("Hi"),), model="model-1", stream=False, system="Be short.")
    assert work.apart(made) == "models/model-1"
    await work.submit(at, LABEL, [work.line("a", made, at.wire)], work.apart(made))
    ours = server.asked[-1]
    with google(at) as vendor:
        asked = types.InlinedRequest(
            contents=[types.Content(role="user", parts=[types.Part(text="Hi")])],
            config=types.GenerateContentConfig(system_instruction="Be short."),
            metadata={"key": "a"},
        )
        vendor.batches.create(model="model-1", src=[asked], config={"display_name": LABEL})
    assert ours.target == server.asked[-1].target
    theirs = server.asked[-1].json
    # The client names who instructs and an empty configuration, which a request beside jobs does not.
    (told,) = theirs["batch"]["inputConfig"]["requests"]["requests"]
    assert told["request"].pop("generationConfig") == {}
    told["request"]["systemInstruction"].pop("role")
    assert ours.json == theirs


@pytest.mark.parametrize("inline", [1 << 20, 0])
async def test_googles_client_reads_the_jobs(
    server: LoopbackServer, http: Http, inline: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbench.providers.gemini.batches.INLINE_BYTES", inline)
    at, work = place("gemini", server, http), work_of("gemini")
    lines = [line(at, work, name, (user(name),)) for name in ("a", "b")]
    job = await work.submit(at, LABEL, lines, "models/model-1")
    with google(at) as vendor:
        found = vendor.batches.get(name=job.id)
        assert (found.name, found.display_name, found.state) == (job.id, LABEL, "JOB_STATE_RUNNING")
        server.batches.finish(server.batches.taken[job.id], outcomes={1: "failed"})
        found = vendor.batches.get(name=job.id)
        assert found.state == "JOB_STATE_SUCCEEDED"
        assert found.dest is not None
        if inline:
            first, second = found.dest.inlined_responses or []
            assert (first.metadata, second.metadata) == ({"key": "a"}, {"key": "b"})
            assert first.response is not None
            assert first.response.text == "a"
            assert second.error is not None
        else:
            assert found.dest.file_name
            told = vendor.files.download(file=found.dest.file_name)
            assert [msgspec.json.decode(one)["key"] for one in told.splitlines()] == ["a", "b"]
        assert [one.name for one in vendor.batches.list()] == [job.id]
        vendor.batches.cancel(name=job.id)
        theirs = server.asked[-1]
    await work.cancel(at, job.id)
    assert (server.asked[-2].method, server.asked[-2].target) == (theirs.method, theirs.target)
    ended = await work.retrieve(at, job.id)
    answers = [work.read(one, at) for data in await work.results(at, ended) for one in data.splitlines()]
    assert [(one.name, one.state) for one in answers] == [("a", "answered"), ("b", "failed")]


async def test_mistrals_client_makes_and_reads_the_same_job(server: LoopbackServer, http: Http) -> None:
    at, work = place("mistral", server, http), work_of("mistral")
    told = msgspec.json.decode(line(at, work, "a", SAID))
    assert models.BatchRequest.model_validate(told).custom_id == "a"
    assert "model" not in told["body"]
    read = models.ChatCompletionRequest.model_validate({**told["body"], "model": "m"})
    assert not lost(told["body"], read.model_dump(mode="json", by_alias=True))
    job = await work.submit(at, LABEL, [line(at, work, name, (user(name),)) for name in ("a", "b")], "m")
    ours = server.asked[-1]
    with Vendor(api_key=wires.KEY, server_url=at.endpoint.base_url) as vendor:
        vendor.batch.jobs.create(
            input_files=ours.json["input_files"], endpoint="/v1/chat/completions", model="m",
            metadata={"chatbench": LABEL}, timeout_hours=24,
        )  # fmt: skip
        assert (ours.target, ours.json) == (server.asked[-1].target, server.asked[-1].json)
        assert vendor.batch.jobs.get(job_id=job.id).status == "RUNNING"
        server.batches.finish(server.batches.taken[job.id], outcomes={1: "failed"})
        ended = vendor.batch.jobs.get(job_id=job.id)
        assert (ended.status, ended.succeeded_requests, ended.failed_requests) == ("SUCCESS", 1, 1)
        listed = vendor.batch.jobs.list(page=0, page_size=100, order_by="-created")
        theirs = server.asked[-1]
        assert [one.id for one in listed.data or ()][-1] == job.id
        await work.every(at)
        assert _query(server.asked[-1].target) <= _query(theirs.target)
        vendor.batch.jobs.cancel(job_id=job.id)
        theirs = server.asked[-1]
    await work.cancel(at, job.id)
    assert (server.asked[-1].method, server.asked[-1].target) == (theirs.method, theirs.target)


def _query(target: str) -> set[str]:
    return set(target.partition("?")[2].split("&"))
