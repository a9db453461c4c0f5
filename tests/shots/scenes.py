"""What is photographed. A scene is named by its function; every picture by what it shows."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QApplication
from tests.accessibility.surfaces import keep_files
from tests.harness.drags import drag_point
from tests.loopback import anthropic, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import click, press, send, until, write
from tests.shots.chats import CHAT_SCENES
from tests.shots.datasets import DATASET_SCENES
from tests.shots.lanes import LANE_SCENES
from tests.shots.library import LIBRARY_SCENES
from tests.shots.prompts import PROMPT_SCENES
from tests.shots.runs import RUN_SCENES
from tests.shots.stage import SONNET, Stage, chart, staged
from tests.shots.workbench import WORKBENCH_SCENES
from tests.ui.transcript.samples import KINDS, RICH

from chatbench.core.endpoints import Limits

Scene = Callable[[Path, Path, str], Coroutine[Any, Any, None]]
CTRL = Qt.KeyboardModifier.ControlModifier
QUESTION = "Same traffic before and after the cache. Is the p95 drop real, or is it noise?"
THINKING = "The two charts use different axes, so first compare the intervals. They do not touch."
JAPANESE = "東京の天気はどうですか。傘は必要でしょうか、教えてください。"
ARABIC = "هل انخفاض زمن الاستجابة حقيقي أم ضوضاء؟"
LONG_TITLE = "An unusually long question about the difference between percentiles and means in latency tables"


async def first_start(profile: Path, pictures: Path, scheme: str) -> None:
    """The welcome page, with two servers found on this computer."""
    with LoopbackServer() as ollama, LoopbackServer() as studio:
        _local(profile, "ollama", "Ollama", ollama)
        _local(profile, "lmstudio", "LM Studio", studio)
        async with staged(profile, pictures, scheme, model=None, keys=False) as stage:
            await stage.quiet(2.5)
            await stage.shoot("first-start")
            stage.window.resize(480, 900)
            await stage.shoot("first-start-narrow-480")


async def chat(profile: Path, pictures: Path, scheme: str) -> None:
    """A conversation with everything in it, the inspector, the picker, the palette, a file over it."""
    async with staged(profile, pictures, scheme) as stage:
        await _talk(stage, profile)
        await stage.shoot("chat-table-code-maths-images")
        stage.view.transcript.scroll_by(-100_000)
        await stage.shoot("chat-question-with-images-and-thinking")
        answer = stage.view.source.ids()[1]
        stage.view.transcript.action_requested.emit(answer, "inspect")
        await stage.shoot("inspector-message")
        stage.server.words = _tokens(KINDS)
        await send(stage.view, "Show me everything you can.")
        await stage.quiet(1)
        await stage.shoot("chat-all-kinds-end")
        stage.view.transcript.show_message(stage.view.source.ids()[3])
        await stage.shoot("chat-all-kinds-beginning")
        press(stage.window, Qt.Key.Key_M, CTRL)
        await stage.quiet(1)
        await stage.shoot("model-picker")
        press(QApplication.focusWidget() or stage.window, Qt.Key.Key_Escape)
        press(stage.window, Qt.Key.Key_K, CTRL)
        await stage.shoot("palette")
        press(QApplication.focusWidget() or stage.window, Qt.Key.Key_Escape)
        mime = _drag_over(stage, [chart(profile / "chart.png", 20), profile / "preferences.toml"])
        await stage.shoot("drop-zone")
        assert mime.hasUrls()


async def streaming(profile: Path, pictures: Path, scheme: str) -> None:
    """An answer that is coming in, first while it thinks, then in its words."""
    async with staged(profile, pictures, scheme) as stage:
        stage.server.pace = 25.0
        stage.server.thinking = _tokens(THINKING)
        stage.server.words = _tokens(RICH)
        write(stage.view, QUESTION)
        press(stage.view.composer.editor, Qt.Key.Key_Return)
        await until(lambda: stage.view.streaming, "the answer to begin")
        await stage.quiet(0.6)
        await stage.shoot("streaming-thinking")
        await stage.quiet(4)
        await stage.shoot("streaming-words")
        stage.view.stop()
        await until(lambda: not stage.view.streaming, "the end")
        await stage.shoot("stopped")


async def failures(profile: Path, pictures: Path, scheme: str) -> None:
    """A refused key, an answer that broke off, a server that is not there."""
    async with staged(profile, pictures, scheme) as stage:
        refusal = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
        stage.server.script(replies.data(refusal, 401))
        await send(stage.view, QUESTION)
        await stage.shoot("error-401")
        cut = [*anthropic.answer(_tokens(RICH[:300]), (), SONNET.id)][:40]
        stage.server.script(replies.events(cut, end="cut"))
        await send(stage.view, "And once more, please.")
        await stage.shoot("error-interrupted")


async def waits(profile: Path, pictures: Path, scheme: str) -> None:
    """An answer that waits for a place, one that waits out the pause after another's refusal."""
    async with staged(profile, pictures, scheme) as stage:
        usual = stage.session.services.endpoints.row(SONNET.provider).endpoint
        one_at_a_time = msgspec.structs.replace(usual, limits=Limits(concurrent=1))
        stage.session.services.endpoints.save(one_at_a_time)
        refusal = {"type": "error", "error": {"type": "rate_limit_error", "message": "Too many requests"}}
        stage.server.script(replies.data(refusal, 429, {"retry-after": "90"}))
        for name in ("wait-for-the-next-attempt", "wait-for-a-pause", "wait-for-a-place"):
            write(stage.view, QUESTION)
            press(stage.view.composer.editor, Qt.Key.Key_Return)
            await stage.quiet(1)
            await stage.shoot(name)
            press(stage.window, Qt.Key.Key_N, CTRL)
            await stage.quiet(0.3)
            stage.view.choose_model(SONNET)


async def settings(profile: Path, pictures: Path, scheme: str) -> None:
    """Every page of the settings; a provider whose check passed, and one whose check failed."""
    with LoopbackServer() as ollama:
        _local(profile, "ollama", "Ollama", ollama)
        _local(profile, "lmstudio", "LM Studio", None)
        async with staged(profile, pictures, scheme) as stage:
            workspace = stage.window.show_section("settings").main
            page: Any = workspace
            for name in ("general", "appearance", "shortcuts", "storage", "about"):
                page.show_page(name)
                await stage.shoot(f"settings-{name}")
            keep_files(stage.session, ollama)
            page.show_page("files")
            page.page("files").provider.setCurrentText("Keeper")
            await until(lambda: page.page("files").rows(), "the files")
            click(page.page("files").rows()[0].delete)
            await stage.shoot("settings-files")
            for provider, shows in (("ollama", "check-passed"), ("lmstudio", "check-failed")):
                page.show_provider(provider)
                check = page.page("providers").check
                click(check.button)
                await until(partial(_rests, check), "the check")
                await stage.shoot(f"settings-provider-{shows}")
            page.show_provider("openai")
            await stage.shoot("settings-provider-key-from-environment")
            page.show_provider("")
            await stage.shoot("settings-provider-new")
            stage.window.resize(480, 900)
            await stage.shoot("settings-narrow-480")


async def edges(profile: Path, pictures: Path, scheme: str) -> None:
    """Long titles, other scripts, right to left, an edit under way, a deleted message, narrow."""
    async with staged(profile, pictures, scheme) as stage:
        for words in (LONG_TITLE, JAPANESE, ARABIC):
            press(stage.window, Qt.Key.Key_N, CTRL)
            await stage.quiet(0.3)
            stage.view.choose_model(SONNET)
            told = KINDS if words == LONG_TITLE else f"{words}\n\n{words * 6}\n\n- {words}"
            stage.server.words = _tokens(told)
            await send(stage.view, words)
        await stage.shoot("long-titles-cjk-rtl")
        press(stage.view.composer.editor, Qt.Key.Key_Up)
        await until(lambda: stage.view.edits.reasking, "the words to edit")
        sheet = stage.view.edits.reasking
        assert sheet is not None
        await stage.shoot("edit-mode")
        press(sheet.editor, Qt.Key.Key_Escape)
        stage.view.transcript.action_requested.emit(stage.view.source.ids()[1], "delete")
        await until(stage.window.notices.shown, "the notice with Undo")
        await stage.shoot("notice-deleted-with-undo")
        for width in (1024, 760, 480):
            stage.window.resize(width, 900)
            await stage.shoot(f"narrow-{width}")


async def empty(profile: Path, pictures: Path, scheme: str) -> None:
    """A profile without a word in it, and a new chat with a model."""
    async with staged(profile, pictures, scheme) as stage:
        await stage.shoot("empty-chat-with-a-model")


async def large_text(profile: Path, pictures: Path, scheme: str) -> None:
    """Text at 200 %."""
    async with staged(profile, pictures, scheme, text_scale=2.0) as stage:
        await _talk(stage, profile)
        await stage.shoot("text-200-percent")
        press(stage.window, Qt.Key.Key_M, CTRL)
        await stage.quiet(1)
        await stage.shoot("text-200-percent-model-picker")
        press(QApplication.focusWidget() or stage.window, Qt.Key.Key_Escape)
        stage.window.show_section("settings")
        await stage.shoot("text-200-percent-settings")


async def sharp(profile: Path, pictures: Path, scheme: str) -> None:
    """On a screen with twice the pixels."""
    async with staged(profile, pictures, scheme, size=(1200, 800)) as stage:
        await _talk(stage, profile)
        await stage.shoot("scale-2")


SCENES: tuple[Scene, ...] = (
    first_start, chat, streaming, failures, waits, settings, edges, empty, large_text, sharp,
    *LANE_SCENES, *CHAT_SCENES, *PROMPT_SCENES, *WORKBENCH_SCENES, *DATASET_SCENES,
    *RUN_SCENES, *LIBRARY_SCENES,
)  # fmt: skip


def _rests(check: Any) -> bool:
    return not check.running


async def _talk(stage: Stage, folder: Path) -> None:
    """A question with pictures, thinking, and an answer with a table, a formula and code."""
    stage.server.thinking = _tokens(THINKING)
    stage.server.words = _tokens(RICH)
    composer = stage.view.composer
    composer.attach_paths([chart(folder / "before.png", 10), chart(folder / "after.png", 200)])
    await until(lambda: len(composer.draft().attachments) == 2, "the pictures")
    await send(stage.view, QUESTION)
    stage.server.thinking = ()
    await stage.quiet(1.5)


def _tokens(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def _local(profile: Path, name: str, title: str, server: LoopbackServer | None) -> None:
    """A local server's usual address, moved to where one is, or to where none is."""
    providers = profile / "providers"
    providers.mkdir(parents=True, exist_ok=True)
    url = server.base_url("openai_chat") if server else "http://127.0.0.1:9/v1"
    (providers / f"{name}.toml").write_text(
        f'id = "{name}"\nname = "{title}"\nwire = "openai_chat"\nauth = "none"\nlocal = true\n'
        f'base_url = "{url}"\n'
    )


def _drag_over(stage: Stage, files: list[Path]) -> QMimeData:
    """Files over the pane; what is dragged is to be kept as long as it is."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    event = QDragEnterEvent(
        drag_point(200, 200), Qt.DropAction.CopyAction, mime,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(stage.view, event)
    return mime
