"""What stands in a tab of the workbench, by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbench.ui.workbench.datasets import DatasetView
from chatbench.ui.workbench.pages import Page
from chatbench.ui.workbench.prompts.page import PromptPage
from chatbench.ui.workbench.runs import RunView

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from chatbench.services import Services
    from chatbench.ui.workbench.hands import Hands

View = PromptPage | DatasetView | RunView | Page

__all__ = ["DatasetView", "PromptPage", "RunView", "View", "make_view"]


def make_view(key: str, services: Services, hands: Hands, parent: QWidget) -> View:
    """The view of a key: its kind, ":" and an id."""
    kind, _, found = key.partition(":")
    if kind == "prompt":
        return PromptPage(services, hands, found, parent)
    if kind == "dataset":
        return DatasetView(services, found, parent, hands)
    return RunView(services, found, parent, hands=hands)
