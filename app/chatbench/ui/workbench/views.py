"""What stands in a tab of the workbench, by its kind."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from chatbench.ui.aio import ask
from chatbench.ui.workbench.prompts.page import PromptPage

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.workbench.hands import Hands

View = QWidget

__all__ = ["PromptPage", "View", "make_view", "plan_run"]


def make_view(key: str, services: Services, hands: Hands, parent: QWidget) -> View:
    """The view of a key: its kind, ":" and an id."""
    kind, _, found = key.partition(":")
    if kind == "prompt":
        return PromptPage(services, hands, found, parent)
    if kind == "dataset":
        view: View = _made("datasets", "DatasetView")(services, found, parent)
    else:
        view = _made("runs", "RunView")(services, found, parent)
    return view


async def plan_run(services: Services, prompt_id: str, parent: QWidget) -> str:
    """Asks for the plan of a run; the id of the one that was started, or ""."""
    dialog = _made("runs", "NewRunDialog")(services, prompt_id, parent=parent)
    begun: list[str] = []
    dialog.started.connect(begun.append)
    await ask(dialog)
    return begun[0] if begun else ""


def _made(package: str, name: str) -> Any:
    return getattr(importlib.import_module(f"chatbench.ui.workbench.{package}"), name)
