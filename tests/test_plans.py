"""Plans as a program runs them: `import chatbench`, and nothing else of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

import chatbench
from chatbench import errors

PLAN: dict[str, Any] = {
    "models": [{"model": "loop/m"}],
    "prompts": [{"prompt": {"messages": [{"text": "Row {{n}}"}]}}],
    "data": {"rows": [{"n": 1, "expected": "Yes"}, {"n": 2, "expected": "No"}]},
    "checks": [{"kind": "equals"}],
    "limits": {"concurrent": 1},
}
TOML = """
models = ["loop/m"]
[[prompts]]
text = "Row {{n}}"
[data]
rows = [{ n = 1 }]
"""


@pytest.fixture
def profile(home: Path, server: LoopbackServer) -> Path:
    folder = home / "profile"
    (folder / "providers").mkdir(parents=True, mode=0o700)
    (folder / "providers" / "loop.toml").write_text(
        'id = "loop"\nname = "Loop"\nwire = "openai_chat"\nauth = "none"\n'
        f'base_url = "{server.base_url("openai_chat")}"\n',
        "utf-8",
    )
    return folder


def test_a_plan_is_run_from_a_program(profile: Path, server: LoopbackServer, tmp_path: Path) -> None:
    server.script(*[replies.data(openai_chat.whole({"content": "Yes"}))] * 4)
    outcome = chatbench.run_plan_sync(PLAN, profile=profile)
    assert (outcome.run.state, outcome.pass_rate) == ("done", 0.5)
    assert [cell.text for cell in outcome.cells] == ["Yes", "Yes"]
    assert outcome.statistics.columns[0].failed_checks == (1,)
    path = tmp_path / "plan.toml"
    path.write_text(TOML)
    assert chatbench.run_plan_sync(str(path)).run.number == 2
    assert chatbench.run_plan_sync(TOML).run.number == 3
    assert chatbench.run_plan_sync(resume="2").run.done == 1
    assert len(server.asked) == 4
    with pytest.raises(errors.FormatError):
        chatbench.run_plan_sync({"modles": []})
    chatbench.close()


async def test_cancelled_it_pauses_the_run(profile: Path, server: LoopbackServer) -> None:
    server.script(replies.Reply(first_byte_s=60))
    seen: list[int] = []
    running = asyncio.ensure_future(
        chatbench.run_plan(PLAN, on_progress=lambda live: seen.append(live.running))
    )
    await until(lambda: 1 in seen, "a cell under way")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    outcome = await chatbench.run_plan(resume="1")
    assert (outcome.run.state, outcome.run.done, len(server.asked)) == ("done", 2, 3)
