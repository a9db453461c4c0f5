"""Saved prompts: what the sign offers, the list of them, the form of one, what one brings along."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from tests.scenarios.window import press, until, write
from tests.shots.stage import Stage, staged

from chatbench.services.templates import Template
from chatbench.ui.chat.conversation.prompts.editor import PromptEditor


def _save(stage: Stage) -> None:
    templates = stage.session.services.templates
    templates.save("summarise", Template(prompt="Summarise in {{count}} points:\n\n{{input}}"))
    templates.save(
        "translate",
        Template(
            prompt="Translate into {{language}}:\n\n{{input}}",
            system="You translate what is meant, not word by word.",
            variables={"language": "German"},
            parameters={"temperature": 0.2},
        ),
    )
    templates.save("broken", Template(prompt="x"))
    templates.path("broken").write_text("prompt = 5\n", encoding="utf-8")


async def prompts(profile: Path, pictures: Path, scheme: str) -> None:
    """From none at all to one that is put in, and one that was changed elsewhere meanwhile."""
    async with staged(profile, pictures, scheme, size=(1000, 760)) as stage:
        view = stage.view
        stage.window.activateWindow()
        await stage.quiet()
        write(view, "Words worth keeping /")
        await until(lambda: view.composer.completion.shown, "the list")
        await stage.shoot("prompts-none")
        press(view.composer.editor, Qt.Key.Key_Escape)
        _save(stage)
        write(view, " /")
        await until(lambda: view.composer.completion.shown, "the list")
        await stage.shoot("prompts-offered")
        press(view.composer.editor, Qt.Key.Key_Escape)
        stage.window.commands["prompts.all"].trigger()
        await stage.shoot("prompts-list")
        view.prompting.edit("translate")
        await until(lambda: view.findChildren(PromptEditor), "the form")
        (editor,) = view.findChildren(PromptEditor)
        path = stage.session.services.templates.path("translate")
        path.write_text(f"{path.read_text(encoding='utf-8')}\n# by hand\n", encoding="utf-8")
        editor.save.click()
        await until(editor.trouble.isVisible, "the conflict")
        await stage.shoot("prompts-conflict")
        editor.reject()


async def prompt_put_in(profile: Path, pictures: Path, scheme: str) -> None:
    """Its fields, and the notice of what it has set, narrow and at twice the text size."""
    async with staged(profile, pictures, scheme, size=(480, 800), text_scale=2.0) as stage:
        stage.window.activateWindow()
        await stage.quiet()
        _save(stage)
        stage.view.prompting.use("translate")
        await until(stage.view.composer.variables.isVisible, "the fields")
        await stage.shoot("prompt-put-in-480-200")


PROMPT_SCENES = (prompts, prompt_put_in)
