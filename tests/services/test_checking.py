"""Checks of all kinds as a run asks for them: in threads, by models, by embeddings, in processes."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.harness.waiting import until
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, loop

from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.llm import LLMClient
from chatbench.core.checks import Check, Subject
from chatbench.core.errors import BudgetExceeded, FormatError
from chatbench.core.usage import Rates
from chatbench.evaluation import patterns
from chatbench.evaluation.checks import judge
from chatbench.services import Services, codechecks
from chatbench.services.checking import Checking

GRADER = str(MODEL)


@pytest.fixture
async def client(services: Services) -> LLMClient:
    return LLMClient(environment=services.endpoints._environment, count_spending=False)


@pytest.fixture
async def checking(services: Services, client: LLMClient) -> AsyncIterator[Checking]:
    made = Checking(client, services.models, services.preferences)
    yield made
    await made.aclose()


def said(text: str, tokens: int = 10) -> replies.Reply:
    """A whole answer of a grader."""
    return replies.data(
        {
            "id": "x",
            "model": "m",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            ],
            "usage": {"prompt_tokens": tokens, "completion_tokens": tokens},
        }
    )


def level(name: str) -> replies.Reply:
    return said(json.dumps({"reasoning": "Because.", "level": name}))


async def test_checks_of_many_kinds_stand_in_their_order(checking: Checking, server: LoopbackServer) -> None:
    server.script(level("good"))
    checks = [
        Check(kind="rubric", value="It is kind.", grader=GRADER),
        Check(kind="contains", value="{{ city }}"),
        Check(kind="regex", value=r"\d{2}"),
        Check(kind="equals"),
        Check(kind="contains_any", value=["{{ city }}!", "nothing"]),
    ]
    subject = Subject(text="Oslo has 24 trams", expected="Oslo", values={"city": "Oslo"}, question="Trams?")
    verdicts = await checking.judge_all(checks, subject)
    assert [one.passed for one in verdicts] == [True, True, True, False, False]
    (asked,) = verdicts[0].gradings
    assert asked.model == GRADER
    assert "Oslo has 24 trams" in asked.prompt
    assert "It is kind." in asked.prompt
    assert "Trams?" in asked.prompt
    assert json.loads(asked.answer)["level"] == "good"
    sent = server.asked[-1].json
    assert sent["response_format"]["json_schema"]["schema"]["properties"]["level"]["enum"][0] == "bad"


async def test_what_takes_a_moment_is_found_at_once_as_it_is_otherwise(checking: Checking) -> None:
    """A template without its value, and a check that could take long, too."""
    brief = [
        Check(kind="contains", value="{{city}}"),
        Check(kind="equals", negate=True),
        Check(kind="contains", value="{{nowhere}}"),
        Check(kind="length", options={"unit": "x", "most": 3}),
        Check(kind="cost", value=1),
    ]
    subject = Subject(text="Paris is fine", expected="Lima", values={"city": "Paris"}, cost=Decimal(2))
    assert checking.judge_at_once(brief, subject) == await checking.judge_all(brief, subject)
    long = Subject(text="Paris " * 10_000, values={"city": "Paris"})
    assert checking.judge_at_once(brief[:1], long) is None
    for kind in ("rubric", "embedding", "python"):
        assert checking.judge_at_once([*brief, Check(kind=kind, value="x", grader=GRADER)], subject) is None


async def test_what_a_grader_cost_is_told(services: Services, server: LoopbackServer) -> None:
    services.endpoints.save(loop(server, local=True))
    checking = Checking(
        LLMClient(environment=services.endpoints._environment, count_spending=False),
        services.models, services.preferences,
    )  # fmt: skip
    server.script(level("good"))
    (verdict,) = await checking.judge_all([Check(kind="rubric", value="r", grader=GRADER)], Subject(text="x"))
    assert verdict.gradings[0].cost == Decimal(0)
    await checking.aclose()


async def test_the_cost_of_a_model_without_a_price_is_unknown(
    checking: Checking, server: LoopbackServer
) -> None:
    server.script(level("good"))
    (verdict,) = await checking.judge_all([Check(kind="rubric", value="r", grader=GRADER)], Subject(text="x"))
    assert verdict.gradings[0].cost is None


async def test_a_grader_that_takes_no_schema_is_asked_in_words_from_then_on(
    checking: Checking, server: LoopbackServer
) -> None:
    refused = {"error": {"message": "response_format is not supported", "type": "invalid_request_error"}}
    server.script(replies.data(refused, 400), said("Level: good"), said("Level: bad"))
    check = Check(kind="rubric", value="r", grader=GRADER)
    (first,) = await checking.judge_all([check], Subject(text="x"))
    (second,) = await checking.judge_all([check], Subject(text="y"))
    assert (first.score, second.score) == (0.75, 0.0)
    chats = [asked.json for asked in server.asked if asked.path.endswith("/chat/completions")]
    assert ["response_format" in one for one in chats] == [True, False, False]


async def test_a_grader_that_fails_leaves_the_cell_unjudged(
    checking: Checking, server: LoopbackServer
) -> None:
    refused = {
        "error": {"message": "no such model", "type": "invalid_request_error", "code": "model_not_found"}
    }
    server.script(replies.data(refused, 404))
    check = Check(kind="rubric", value="r", grader=GRADER, repeats=3)
    (verdict,) = await checking.judge_all([check], Subject(text="x"))
    assert verdict.passed is None
    assert verdict.reason.startswith("loop/m did not grade it: ")
    assert len(verdict.gradings) == 1


async def test_a_preference_is_asked_twice_and_repeats_agree(
    checking: Checking, server: LoopbackServer
) -> None:
    def answer(asked: str) -> replies.Reply:
        return said(json.dumps({"reasoning": "r", "better": asked}))

    server.script(answer("first"), answer("second"))
    (verdict,) = await checking.judge_all(
        [Check(kind="preference", value="theirs", grader=GRADER)], Subject(text="ours")
    )
    assert (verdict.passed, verdict.score, verdict.agreement) == (True, 1.0, 1.0)
    assert len(verdict.gradings) == 2


async def test_a_budget_that_is_reached_is_told_to_whoever_runs(
    checking: Checking, services: Services, server: LoopbackServer
) -> None:
    budget = Budget(limits=(BudgetLimit(scope="run", tokens=1),))
    held = LLMClient(environment=services.endpoints._environment, budget=budget, count_spending=False)
    check = Check(kind="rubric", value="r", grader=GRADER)
    with pytest.raises(BudgetExceeded):
        await checking.judge_all([check, check], Subject(text="x"), client=held)
    assert not [asked for asked in server.asked if asked.method == "POST"]


async def test_what_is_paid_for_is_not_asked_again_after_a_budget_was_reached(
    checking: Checking, services: Services, server: LoopbackServer
) -> None:
    budget = Budget(limits=(BudgetLimit(scope="run", tokens=1_000_000),))
    held = LLMClient(environment=services.endpoints._environment, budget=budget, count_spending=False)
    check = Check(kind="closed_question", value="q", grader=GRADER, repeats=2)
    server.script(said('{"reasoning": "r", "answer": "yes"}', tokens=500_000))
    with pytest.raises(BudgetExceeded):
        await checking.judge_all([check], Subject(text="x"), client=held)
    assert len([asked for asked in server.asked if asked.method == "POST"]) == 1
    server.script(said('{"reasoning": "r", "answer": "no"}'))
    (verdict,) = await checking.judge_all([check], Subject(text="x"))
    assert [json.loads(one.answer)["answer"] for one in verdict.gradings] == ["yes", "no"]
    assert len([asked for asked in server.asked if asked.method == "POST"]) == 2


async def test_meaning_is_compared_by_embeddings_and_what_is_expected_is_asked_once(
    checking: Checking, server: LoopbackServer
) -> None:
    def vectors(*rows: list[float]) -> replies.Reply:
        data = [{"index": at, "embedding": row} for at, row in enumerate(rows)]
        return replies.data({"data": data[::-1], "usage": {"prompt_tokens": 7}})

    busy = replies.data({"error": {"message": "later"}}, 429, {"retry-after": "0"})
    server.script(vectors([1.0, 0.0], [0.6, 0.8]), busy, vectors([0.6, 0.8]))
    check = Check(kind="embedding", options={"model": "loop/embed"})
    (first,) = await checking.judge_all([check], Subject(text="a cat", expected="a dog"))
    (second,) = await checking.judge_all([check], Subject(text="one dog", expected="a dog"))
    assert first.score == pytest.approx(0.6)
    assert first.passed is False
    assert second.score == pytest.approx(1)
    assert second.passed is True
    assert [asked.json["input"] for asked in server.asked if asked.path.endswith("/embeddings")] == [
        ["a cat", "a dog"],
        ["one dog"],
        ["one dog"],
    ]
    assert first.gradings[0].model == "loop/embed"


@pytest.mark.parametrize("told", [{}, {"data": []}, {"data": [{"embedding": "x"}, {"embedding": "y"}]}, [1]])
async def test_an_embedding_that_is_none_is_not_judged(
    checking: Checking, server: LoopbackServer, told: Any
) -> None:
    server.script(replies.data(told))
    check = Check(kind="embedding", value="a", options={"model": "loop/embed"})
    (verdict,) = await checking.judge_all([check], Subject(text="b"))
    assert verdict.passed is None
    assert "no embedding" in verdict.reason


async def test_without_an_embedding_model_nothing_is_asked(
    checking: Checking, server: LoopbackServer
) -> None:
    check = Check(kind="embedding", value="a")
    (verdict,) = await checking.judge_all([check], Subject(text="b"))
    assert verdict.passed is None
    assert checking.problems([check]) == [
        "embedding: No embedding model is named, and no default one is set."
    ]


async def test_a_model_without_embeddings_is_named_before_anything_is_asked(
    services: Services, checking: Checking, server: LoopbackServer
) -> None:
    services.endpoints.save(msgspec.structs.replace(loop(server), wire="anthropic"))
    check = Check(kind="embedding", value="a", options={"model": "loop/embed"})
    assert checking.problems([check]) == ["embedding: Loop has no embeddings that Chatbench could ask for."]
    assert [str(one) for one in checking.embedders([check])] == ["loop/embed"]


async def test_a_budget_that_embeddings_reach_is_told_to_whoever_runs(
    services: Services, checking: Checking, server: LoopbackServer
) -> None:
    environment = services.endpoints._environment
    environment.pricing.user_prices["loop/embed"] = Rates(input=Decimal(1_000_000))
    budget = Budget(limits=(BudgetLimit(scope="run", usd=Decimal("0.5")),))
    held = LLMClient(environment=environment, budget=budget)
    check = Check(kind="embedding", value="a", options={"model": "loop/embed"})
    with pytest.raises(BudgetExceeded):
        await checking.judge_all([check], Subject(text="b"), client=held)
    assert server.asked == []


async def test_ollamas_embeddings_are_read(services: Services, server: LoopbackServer) -> None:
    endpoint = msgspec.structs.replace(loop(server), wire="ollama", base_url=server.url, local=True)
    services.endpoints.save(endpoint)
    checking = Checking(
        LLMClient(environment=services.endpoints._environment), services.models, services.preferences
    )
    server.script(replies.data({"embeddings": [[1.0], [1.0]], "prompt_eval_count": 4}))
    check = Check(kind="embedding", value="a", options={"model": "loop/embed"})
    (verdict,) = await checking.judge_all([check], Subject(text="b"))
    assert (verdict.passed, verdict.gradings[0].cost) == (True, Decimal(0))
    assert server.asked[-1].path == "/api/embed"
    ledger = services.endpoints._environment.ledger
    assert ledger is not None
    (spent,) = await ledger.spent_by_model(0)
    assert str(spent.model) == "loop/embed"
    await checking.aclose()


async def test_what_takes_long_is_checked_off_this_thread(
    checking: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def noted(check: Check, subject: Subject) -> Any:
        threads.append(threading.get_ident())
        return judge(check, subject)

    monkeypatch.setattr("chatbench.services.checking.judge", noted)
    await checking.judge_all([Check(kind="contains", value="x")], Subject(text="x" * 100_000))
    slow = Check(kind="regex", value="(a|aa)+$")
    monkeypatch.setattr(patterns, "SECONDS", 0.3)
    began = time.thread_time()
    (verdict,) = await checking.judge_all([slow], Subject(text="a" * 5_000 + "!"))
    assert time.thread_time() - began < 0.15
    assert "longer than 0.3 s" in verdict.reason
    assert len(threads) == 2
    assert threading.get_ident() not in threads
    await checking.judge_all([Check(kind="regex", value="x")], Subject(text="x"))
    assert len(threads) == 2


async def test_what_is_wrong_is_found_before_a_run(checking: Checking) -> None:
    found = checking.problems(
        [
            Check(kind="rubric", value="r", grader="nowhere/m"),
            Check(kind="contains", value="{{ city"),
            Check(kind="python", value="def check(answer, row)\n"),
            Check(kind="python", value="def judge(answer, row): return True"),
            Check(kind="equals", value="fine"),
        ]
    )
    assert len(found) == 4
    assert "nowhere" in found[0]
    assert found[1].startswith("contains: ")
    assert "not Python" in found[2]
    assert "no function check" in found[3]


async def test_a_value_that_cannot_be_filled_in_is_not_judged(checking: Checking) -> None:
    (verdict,) = await checking.judge_all([Check(kind="contains", value="{{ gone }}")], Subject(text="x"))
    assert verdict.passed is None
    assert "gone" in verdict.reason


# Python checks

COUNTS = """
import json, re

def check(answer, row):
    if row["expected"] == "boolean":
        return "yes" in answer
    if row["expected"] == "score":
        return 0.25
    if row["expected"] == "all":
        return {"pass": True, "score": 0.1, "reason": f"{row['n'] + 1} words"}
    return None
"""


async def test_code_runs_only_once_it_is_allowed(checking: Checking, services: Services) -> None:
    check = Check(kind="python", value="def check(answer, row): return True")
    assert checking.forbidden([check]) == (check,)
    (verdict,) = await checking.judge_all([check], Subject(text="x"))
    assert verdict.passed is None
    assert "not been allowed" in verdict.reason
    checking.allow(check.value)
    assert checking.forbidden([check]) == ()
    (verdict,) = await checking.judge_all([check], Subject(text="x"))
    assert verdict.passed is True
    changed = msgspec.structs.replace(check, value=check.value + " ")
    assert not checking.is_allowed(changed.value)
    services.preferences.reload()
    assert checking.is_allowed(check.value)
    checking.allow(check.value, allowed=False)
    assert (await checking.judge_all([check], Subject(text="x")))[0].passed is None


async def test_what_a_check_may_return(checking: Checking) -> None:
    checking.allow(COUNTS)
    check = Check(kind="python", value=COUNTS)

    async def of(expected: str) -> Any:
        subject = Subject(text="yes", expected=expected, values={"n": 1})
        return (await checking.judge_all([check], subject))[0]

    assert ((await of("boolean")).passed, (await of("boolean")).score) == (True, 1.0)
    assert ((await of("score")).passed, (await of("score")).score) == (False, 0.25)
    everything = await of("all")
    assert (everything.passed, everything.score, everything.reason) == (True, 0.1, "2 words")
    nothing = await of("none")
    assert nothing.passed is None
    assert "returned 'None'" in nothing.reason


async def test_a_plan_may_name_a_file_whose_code_is_what_is_allowed(
    checking: Checking, services: Services, tmp_path: Path
) -> None:
    (tmp_path / "short.py").write_text("def check(answer, row): return len(answer) < 5\n", encoding="utf-8")
    plan_file = tmp_path / "plan.toml"
    plan_file.write_text('[[checks]]\nkind = "python"\nvalue = "short.py"\n', encoding="utf-8")
    (check,) = services.runs.load_plan(plan_file).checks
    assert checking.forbidden([check]) == (check,)
    checking.allow(check.value)
    assert (await checking.judge_all([check], Subject(text="tiny")))[0].passed is True
    (tmp_path / "short.py").write_text("def check(answer, row): return True\n", encoding="utf-8")
    (changed,) = services.runs.load_plan(plan_file).checks
    assert checking.forbidden([changed]) == (changed,)
    (tmp_path / "short.py").unlink()
    with pytest.raises(FormatError, match=r"short\.py cannot be read"):
        services.runs.load_plan(plan_file)


HARM = {
    "reads a file": "open('/etc/hostname').read()",
    "reads a file by os": "__import__('os').open('/etc/hostname', 0)",
    "writes a file": "open('x', 'w')",
    "lists a folder": "__import__('sys').modules['os'].listdir('/')",
    "connects": "__import__('socket').create_connection(('127.0.0.1', 9))",
    "reads a file by its class": "__import__('sys').modules['io'].FileIO('/etc/hostname').read()",
    "connects by itself": "__import__('sys').modules['_socket'].socket()",
    "starts a process": "__import__('subprocess').run(['true'])",
    "starts a shell": "__import__('sys').modules['os'].system('true')",
    "forks": "__import__('sys').modules['os'].fork()",
    "loads C": "__import__('ctypes').CDLL(None)",
    "imports what is ours": "__import__('chatbench.main')",
    "raises": "{}['gone']",
    "exits": "__import__('sys').exit(0)",
    "ends itself": "__import__('sys').modules['os']._exit(0)",
    "takes memory": "len(bytearray(4 << 30))",
    "calls itself": "(lambda f: f(f))(lambda f: f(f))",
}


async def test_code_can_do_no_harm_and_the_next_check_still_runs(checking: Checking) -> None:
    body = "\n".join(f"    if row['do'] == {name!r}:\n        {code}" for name, code in HARM.items())
    code = f"def check(answer, row):\n{body}\n    return True\n"
    checking.allow(code)
    check = Check(kind="python", value=code)
    for name in HARM:
        (verdict,) = await checking.judge_all([check], Subject(text="x", values={"do": name}))
        assert verdict.passed is None, name
        assert "check broke" in verdict.reason or "ended its process" in verdict.reason, name
    (verdict,) = await checking.judge_all([check], Subject(text="x", values={"do": "nothing"}))
    assert verdict.passed is True


async def test_nothing_of_the_environment_reaches_the_code(
    checking: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody")
    code = (
        "import json\n"
        "def check(answer, row):\n"
        "    os = __import__('sys').modules['os']\n"
        "    return {'pass': True, 'reason': json.dumps([sorted(os.environ), sorted(row)])}\n"
    )
    checking.allow(code)
    (verdict,) = await checking.judge_all([Check(kind="python", value=code)], Subject(text="x"))
    names, row = json.loads(verdict.reason)
    assert set(names) <= {"LC_CTYPE", "LD_LIBRARY_PATH", "SYSTEMROOT"}
    assert row == ["expected"]


async def test_code_that_never_ends_is_ended(checking: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def check(answer, row):\n    while answer == 'loop': pass\n    return True\n"
    checking.allow(code)
    check = Check(kind="python", value=code)
    runner = codechecks.CodeRunner(seconds=0.3)
    monkeypatch.setattr(checking, "_runner", runner)
    assert (await checking.judge_all([check], Subject(text="x")))[0].passed is True
    (verdict,) = await checking.judge_all([check], Subject(text="loop"))
    assert verdict.passed is None
    assert "longer than 0.3 seconds" in verdict.reason
    monkeypatch.setattr(runner, "_seconds", 5.0)
    assert (await checking.judge_all([check], Subject(text="x")))[0].passed is True


async def test_a_process_that_the_system_has_ended_is_followed_by_another(checking: Checking) -> None:
    code = "def check(answer, row): return True\n"
    checking.allow(code)
    check = Check(kind="python", value=code)
    assert (await checking.judge_all([check], Subject(text="x")))[0].passed is True
    (process,) = checking._runner._processes.values()
    process.kill()
    assert (await checking.judge_all([check], Subject(text="x")))[0].passed is True


async def test_a_judging_that_is_cancelled_ends_the_process(checking: Checking) -> None:
    code = "def check(answer, row):\n    while True: pass\n"
    checking.allow(code)
    judging = asyncio.ensure_future(checking.judge_all([Check(kind="python", value=code)], Subject(text="x")))
    runner = checking._runner
    await until(lambda: any(one.is_running for one in runner._processes.values()), "its process runs")
    judging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judging
    (process,) = runner._processes.values()
    assert not process.is_running
