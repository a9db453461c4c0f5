"""A run as the workbench shows it: what it would take, its table while it grows, what its cells say."""

from __future__ import annotations

from chatbench.ui.workbench.runs.newrun import NewRunDialog
from chatbench.ui.workbench.runs.view import RunView

__all__ = ["NewRunDialog", "RunView"]
