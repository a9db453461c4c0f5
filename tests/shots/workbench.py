"""The workbench, as it is photographed."""

from __future__ import annotations

from pathlib import Path

from tests.loopback import openai_chat, replies
from tests.scenarios.window import add_loopback, until
from tests.shots.stage import Stage, staged

from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.prompts.page import PromptPage

SYSTEM = (
    "You sort support tickets for {{product}}. Answer with JSON only.\n"
    "Priority is **urgent** when money or data may be lost, otherwise **normal** or **low**. "
    "Write the reason in {{language}}, in one sentence."
)
USER = "Ticket, sent by {{customer_tier}}:\n{{ticket}}"
SCHEMA = {
    "type": "object",
    "properties": {"priority": {"enum": ["urgent", "normal", "low"]}, "reason": {"type": "string"}},
}
TRIAGE = Prompt(
    messages=(PromptMessage(role="system", text=SYSTEM), PromptMessage(text=USER)),
    variables=(
        Variable(name="product", default="Parcelo", description="What it is called"),
        Variable(name="language", type="choice", choices=("English", "Deutsch", "日本語"), default="English"),
    ),
    parameters=Parameters(temperature=0, max_output_tokens=200),
    response_schema=SCHEMA,
)
ANSWER = '{"priority": "urgent", "reason": "The customer was charged twice for the same parcel."}'


async def workbench(profile: Path, pictures: Path, scheme: str) -> None:
    """A prompt with versions, its variables filled in, answered by two models; then words that break it."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        page = await _triage(stage)
        await stage.shoot("workbench")
        field = page.editor.variables.field("ticket").field
        field.setText("Charged twice for the same parcel, order 4711")  # type: ignore[attr-defined]
        page.editor.variables.field("customer_tier").field.setText("gold")  # type: ignore[attr-defined]
        first = add_loopback(stage.session, stage.server.base_url("openai_chat"))
        stage.server.told["model-a"] = replies.events(
            openai_chat.answer(openai_chat.pieces(ANSWER), model="model-a")
        )
        page.beside.choose([first])
        page.editor.run_once.click()
        await until(lambda: [one for one in page.beside.trials if one.is_over], "the answer")
        page.editor.preview_section.set_open(True)
        page.editor.settings.schema_section.set_open(True)
        page.editor.looked.emit()
        page.editor.cards.cards[1].text.setPlainText("Ticket: {{ticket\n{{nobody}}")
        page.editor.look()
        await stage.shoot("workbench-once")


async def _triage(stage: Stage) -> PromptPage:
    prompts = stage.session.services.prompts
    for folder, name in (("Support", "Reply in house style"), ("Finance", "Expense category")):
        await prompts.save(None, TRIAGE, name=name, folder=folder)
    first = await prompts.save(
        None, Prompt(messages=TRIAGE.messages[1:]), name="Ticket triage", folder="Support", note="Shorter"
    )
    second = Prompt(messages=TRIAGE.messages, variables=TRIAGE.variables)
    await prompts.save(first.prompt_id, second, note="Priority moved before the reason")
    await prompts.mark_production(first.prompt_id, 2)
    await prompts.save(first.prompt_id, TRIAGE, note="Asks for one language code")
    datasets = stage.session.services.datasets
    rows = [{"text": f"Ticket {number}", "tier": "gold"} for number in range(240)]
    await datasets.create("Tickets, October", (), rows)
    parts = stage.window.show_section("workbench")
    pane = parts.main
    assert isinstance(pane, WorkbenchPane)
    pane.open_prompt(first.prompt_id)
    await until(pane.current_view, "the prompt")
    page = pane.current_view()
    assert isinstance(page, PromptPage)
    await until(lambda: page.is_ready, "its versions")
    return page


WORKBENCH_SCENES = (workbench,)
