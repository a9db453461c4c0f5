"""The workbench, as it is photographed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QScrollArea
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
    columns={"customer_tier": "tier", "ticket": "text"},
)
TICKETS = (
    "Charged twice for the same parcel, order 4711.\nPlease refund the second charge today.",
    "Wo ist mein Paket? Seit drei Tagen „in Zustellung“.",
    "لم يصل الطرد حتى الآن",
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


async def workbench_columns(profile: Path, pictures: Path, scheme: str) -> None:
    """A prompt beside a data set, which fills its variables row by row; where there is little room."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        await _beside_tickets(stage, "workbench-columns")
        stage.window.resize(480, 900)
        await stage.shoot("workbench-columns-narrow-480")
    large = profile.with_name("large")
    async with staged(large, pictures, scheme, model=None, text_scale=2.0) as stage:
        await _beside_tickets(stage, "workbench-columns-200-percent")
        stage.window.resize(480, 900)
        await stage.shoot("workbench-columns-200-percent-narrow-480")


async def workbench_columns_mirrored(profile: Path, pictures: Path, scheme: str) -> None:
    """The same from right to left."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        await _beside_tickets(stage, "workbench-columns-mirrored")


async def _beside_tickets(stage: Stage, name: str) -> None:
    page = await _triage(stage)
    model = add_loopback(stage.session, stage.server.base_url("openai_chat"))
    page.beside.choose([model])
    page.data.choose("Tickets, October")
    await until(lambda: page.editor.variables.source("ticket"), "the columns")
    page.editor.defaults.keep.click()
    page.editor.defaults.set_open(True)
    await stage.shoot(name)
    page.data.step(2)
    source = page.editor.variables.source("customer_tier")
    assert source is not None
    source.click()
    await stage.shoot(f"{name}-menu")
    for one in QApplication.topLevelWidgets():
        if isinstance(one, QMenu) and one.isVisible():
            one.close()
    area = page.editor.findChild(QScrollArea)
    assert area is not None
    await stage.quiet()
    area.ensureWidgetVisible(page.editor.defaults)
    await stage.shoot(f"{name}-kept")


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
    rows = [{"text": TICKETS[number % 3], "tier": "gold"} for number in range(240)]
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


WORKBENCH_SCENES = (workbench, workbench_columns, workbench_columns_mirrored)
