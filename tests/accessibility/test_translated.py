"""A pseudo-locale: every string that is translated stands in brackets, and nothing else is shown or read out
but what people, models and providers have named."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtGui import QAccessible, QKeySequence, QTextDocumentFragment
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QWidget,
)
from tests.accessibility.surfaces import BROKEN, Surface, beginnings, dialogs, interfaces, menus, surfaces
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import opened

from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters, fit
from chatbench.core.prompts import PromptVersion
from chatbench.services.prompts import TemplateError, parse, variables_of
from chatbench.ui.chat.inspector.words import moment, why_left_out
from chatbench.ui.session import Session

Look = Callable[[Session, LoopbackServer], AsyncIterator[Surface]]
Run = Callable[[Coroutine[Any, Any, None]], None]
_BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
_ADDRESS = re.compile(r"https?://\S+")
_COMMAND = re.compile(r"^ *--.*")
_WORD = re.compile(r"[^\W\d_]{3,}")


class Brackets(QTranslator):
    """Translates everything into itself, in brackets."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, text: str, note: str | None = None, count: int = -1) -> str:
        return f"⟦{text}⟧".replace("%n", str(count))


@pytest.fixture
def brackets(qapp: QApplication) -> Iterator[None]:
    translator = Brackets()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def untranslated(text: str, data: list[str]) -> str:
    """What is left of a text without what was translated and without data; "" if no word is."""
    if text.startswith("<"):
        text = QTextDocumentFragment.fromHtml(text).toPlainText()
    while (less := _BRACKETED.sub("", text)) != text:
        text = less
    for one in data:
        text = text.replace(one, "")
    # Abbreviations and addresses are the same in every language, and so is what is typed at a shell.
    text = _ADDRESS.sub("", _COMMAND.sub("", text))
    return text.strip() if any(not word.isupper() for word in _WORD.findall(text)) else ""


async def data_of(session: Session, profile: Path) -> list[str]:
    """All that is not the program's to translate: names of models, providers, files and keys, and what was
    said; the longest first."""
    services = session.services
    names = [str(profile), profile.name, "Chatbench", "chatbench", platform.platform()]
    # What services say of the system comes from below the window, in English.
    names.append((await services.endpoints.keyring_state()).message)
    for group in services.models.groups():
        names += [group.endpoint.name, group.endpoint.id, group.endpoint.base_url]
        for model in (row.info for row in group.rows):
            names += [model.title, model.title.removeprefix("Claude "), str(model.ref), model.ref.id]
    for place in services.provider_files.providers():
        names += [place.name, *(kept.file.name for kept in await services.provider_files.list(place.id))]
    for entry in await services.prompts.entries():
        names += [entry.name, entry.folder]
        for version in await services.prompts.versions(entry.id):
            names += _words_of(version)
    for dataset in await services.datasets.all():
        names += [dataset.name, *(column.name for column in dataset.columns)]
        for row in await services.datasets.rows(dataset.id, 0, 5):
            names += map(str, row.values.values())
    for run in await services.runs.runs():
        names += [check.name for check in run.plan.checks]
        for cell in await services.runs.cells(run.id):
            # A cell shows the values of an object.
            names += [cell.text, " · ".join(json.loads(cell.text or "{}").values())]
        names += [str(value) for row in await services.runs.rows(run.id) for value in row.values.values()]
    for summary in await services.history.summaries():
        names.append(summary.title)
        for message in (await services.history.load(summary.id)).messages:
            names += [message.text, message.stop_detail, moment(message.created_at)]
    keys = [QKeySequence(one.shortcut()) for one in session.window.commands]
    forms = (QKeySequence.SequenceFormat.NativeText, QKeySequence.SequenceFormat.PortableText)
    names += [key.toString(form) for key in keys for form in forms]
    return sorted({one.strip() for one in names if one.strip()}, key=len, reverse=True)


def _words_of(version: PromptVersion) -> Iterator[str]:
    """What a person has written into a prompt, and what is wrong with that."""
    yield f"v{version.number}"
    yield version.note
    for variable in variables_of(version.prompt):
        yield from (variable.name, variable.description, str(variable.default or ""), *variable.choices)
    try:
        parse(BROKEN)
    except TemplateError as error:
        yield f"{error.what} {error.hint}"
        yield error.message


def shown(root: QWidget) -> Iterator[tuple[str, str]]:
    """Every text below a widget in view, with where it stands: drawn, in a tooltip, or read out."""
    for widget in [root, *root.findChildren(QWidget)]:
        if not widget.isVisible():
            continue
        where = type(widget).__name__
        yield where, widget.toolTip()
        yield where, widget.accessibleDescription()
        if isinstance(widget, QAbstractButton | QLabel):
            yield where, widget.text()
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            yield where, widget.placeholderText()
        if isinstance(widget, QMenu):
            for action in widget.actions():
                yield where, action.text()
                yield where, action.toolTip() if widget.toolTipsVisible() else ""
        if widget.isWindow():
            yield where, widget.windowTitle()
    for node in interfaces(root):
        for kind in (QAccessible.Text.Name, QAccessible.Text.Description):
            yield node.role().name, node.text(kind)


def test_the_rule_finds_what_is_not_translated() -> None:
    assert untranslated("⟦Lane ⟦A⟧⟧: model-a", ["model-a"]) == ""
    assert untranslated("⟦Copy⟧ now", []) == "now"


@pytest.mark.usefixtures("brackets")
@pytest.mark.parametrize(
    ("looked_at", "least"), [(surfaces, 500), (beginnings, 150), (dialogs, 300), (menus, 60)]
)
def test_every_visible_string_is_translated(
    run_async: Run, tmp_path: Path, server: LoopbackServer, looked_at: Look, least: int
) -> None:
    profile = tmp_path / "profile"

    async def scenario() -> None:
        faults: set[str] = set()
        count = 0
        async with opened(profile) as session:
            async for surface in looked_at(session, server):
                data = await data_of(session, profile)
                for where, text in shown(surface.root):
                    count += bool(text)
                    if left := untranslated(text, data):
                        faults.add(f"{surface.name}: {where}: {text[:90]!r} leaves {left[:60]!r}")
        assert count > least
        assert not faults, "\n".join(sorted(faults))

    run_async(scenario())


@pytest.mark.usefixtures("brackets")
def test_every_reason_to_leave_a_parameter_out_is_translated() -> None:
    unknown = ModelInfo(ref=ModelRef("loopback", "model-a"))
    narrow = ModelInfo(ref=unknown.ref, efforts=("low",), parameters=frozenset())
    thinking = ModelInfo(ref=unknown.ref, parameters=frozenset({"seed"}), sampling_only_without_thinking=True)
    given = Parameters(reasoning_effort="high", thinking_budget=1, seed=4, top_k=2, verbosity="low")
    left = [item for info in (unknown, narrow, thinking) for item in fit(given, info)[1]]
    left += fit(given, unknown, takes=frozenset({"seed"}), refused=("seed",))[1]
    reasons = {item.reason for item in left}
    assert len(reasons) == 8, "every kind there is"
    assert not {one for one in reasons if untranslated(why_left_out(one), ["low"])}
